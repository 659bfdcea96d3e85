//! Servers that keep the contract in their own way, and the default run that must acquit them.

use std::sync::Arc;

use ims_conformance::client::{Access, Service, Setup, Target, Token};
use ims_conformance::exchange::{Request, Response, TokenVariant};
use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::plan::{Plan, Selection, mark, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::results::{Question, Results};
use ims_conformance::run::{Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use serde_json::{Map, Value};

type Hear = dyn Fn(&Request) -> Request + Send + Sync;
type Change = dyn Fn(&Asked<'_>, Response) -> Response + Send + Sync;

/// A faithful server that hears its requests, and changes its answers, in a way that conforms.
pub(crate) struct ConformingVariant {
    suite: Arc<Suite>,
    hear: Box<Hear>,
    change: Box<Change>,
    selection: Selection,
    probes: Option<Vec<Probe>>,
    is_strict: bool,
}

/// What a change may look at.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a Request,
    pub(crate) given: Map<String, Value>,
    pub(crate) kind: Kind,
    pub(crate) is_creation: bool,
}

/// The server itself.
struct Served {
    conforming: ConformingVariant,
    stub: StubService,
}

impl Service for Served {
    fn answer(&self, request: &Request, token: Option<&str>) -> Response {
        let ConformingVariant { suite, hear, change, .. } = &self.conforming;
        let response = self.stub.answer(&hear(request), token);
        let asked = Request { credential: TokenVariant::Good, ..request.clone() };
        let body = Body::read(&asked);
        let found = classify(&suite.contract, &asked, &body);
        let given = body.value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let is_creation = request.method == "POST";
        let id = response.json().and_then(|created| Some(created.get("id")?.as_str()?.to_owned()));
        let was_created = is_creation && response.is_success();
        let answer = change(&Asked { request, given, kind: found.kind, is_creation }, response);
        // What is refused, or answered by somebody else, creates nothing.
        if let Some(id) = id.filter(|_| was_created && !answer.is_success()) {
            self.forget(&id, token);
        }
        answer
    }
}

impl Served {
    fn forget(&self, id: &str, token: Option<&str>) {
        let patch = r#"[{"op":"replace","path":"/protected","value":false}]"#;
        for (method, body) in [("PATCH", Some(patch)), ("DELETE", None)] {
            let media_type = "application/openstack-images-v2.1-json-patch".to_owned();
            let request = Request {
                method: method.to_owned(),
                path: format!("/v2/images/{id}"),
                headers: vec![("Content-Type".to_owned(), media_type)],
                body: body.map(|body| body.as_bytes().to_vec()),
                credential: TokenVariant::Good,
            };
            self.stub.answer(&request, token);
        }
    }
}

impl ConformingVariant {
    /// A faithful server of this built-in suite.
    pub(crate) fn of(suite: &str) -> Self {
        Self::of_suite(Suite::built_in(suite).unwrap().unwrap())
    }

    /// A faithful server of this suite.
    pub(crate) fn of_suite(suite: Suite) -> Self {
        let suite = Arc::new(suite);
        let hear = Box::new(Request::clone);
        let change = Box::new(|_: &Asked<'_>, response| response);
        Self { suite, hear, change, selection: Selection::default(), probes: None, is_strict: false }
    }

    /// It takes this for what it was asked.
    pub(crate) fn hearing(mut self, hear: impl Fn(&Request) -> Request + Send + Sync + 'static) -> Self {
        self.hear = Box::new(hear);
        self
    }

    /// It answers this instead.
    pub(crate) fn answering(
        mut self,
        change: impl Fn(&Asked<'_>, Response) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.change = Box::new(change);
        self
    }

    /// It is asked only these probes of cases.
    pub(crate) fn only(mut self, selectors: &[&str]) -> Self {
        self.selection.phases = vec![Phase::Case];
        self.selection.selectors.extend(selectors.iter().map(|selector| (*selector).to_owned()));
        self
    }

    /// It is asked only the probes of this phase.
    pub(crate) fn in_phase(mut self, phase: Phase) -> Self {
        self.selection.phases = vec![phase];
        self
    }

    /// It is asked these probes instead of those of the plan.
    pub(crate) fn asked(mut self, probes: Vec<Probe>) -> Self {
        self.probes = Some(probes);
        self
    }

    /// What nobody documents is a failure.
    pub(crate) fn strictly(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Performs the default run.
    pub(crate) fn report(mut self) -> Results {
        let probes = self.probes.take();
        let (suite, selection, is_strict) = (Arc::clone(&self.suite), self.selection.clone(), self.is_strict);
        let token = Token::random();
        let stub = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
        let served = Arc::new(Served { conforming: self, stub });
        let target = Arc::new(Target::local(&suite.contract, served, Setup::new(Access::Token(token))));
        let options = Options { looks_first: false, shrinks: false, ..Options::default() };
        let question = Question { is_strict, ..Question::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let plan = match probes {
            Some(mut probes) => {
                mark(&suite.contract, &mut probes);
                Plan::of(&suite, probes)
            }
            None => plan(&suite, &selection).unwrap().marked(),
        };
        runtime.block_on(run(&suite, &plan, &target, &options, question, |_, _| {})).unwrap()
    }

    /// Performs the default run; nothing may be found, and everything must be said.
    pub(crate) fn acquit(self) -> Results {
        let report = self.report();
        let accused: Vec<_> =
            report.findings.iter().map(|found| format!("{} {:?}", found.probe.id, found.mismatch)).collect();
        assert!(accused.is_empty(), "{accused:#?}");
        assert_eq!(report.inconclusive, [], "a conforming server answers everything");
        assert_eq!(report.created, report.removed);
        report
    }
}

/// Acquits a server of the first suite whose answers are changed.
pub(crate) fn acquit(change: impl Fn(&Asked<'_>, Response) -> Response + Send + Sync + 'static) -> Results {
    ConformingVariant::of("otc").answering(change).acquit()
}

/// Changes the fields of every answer that has a resource.
pub(crate) fn with_fields(mut response: Response, change: impl FnOnce(&mut Map<String, Value>)) -> Response {
    if let Some(Value::Object(mut fields)) = response.json().filter(|_| response.is_success()) {
        if fields.contains_key("id") {
            change(&mut fields);
        }
        response.body = Value::Object(fields).to_string().into_bytes();
    }
    response
}
