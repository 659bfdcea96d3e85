//! Reports that have something of everything: each verdict of a clause, each kind of finding, each thing that a run may have to say.

use std::time::Duration;

use ims_conformance::baseline::Baseline;
use ims_conformance::client::{Appeared, Availability, Bounds, Leftover, Limits, Spent, Unlisted};
use ims_conformance::contract::ClauseId;
use ims_conformance::document;
use ims_conformance::exchange::{Exchange, Request, Response, SendError};
use ims_conformance::judge::{Drift, Mismatch};
use ims_conformance::plan::Excluded;
use ims_conformance::report::model::{About, Omitted, Report};
use ims_conformance::results::{Consequence, Question, Results};
use ims_conformance::run::{End, Ending, Event, Found, Record};
use ims_conformance::secret::Secrets;
use time::OffsetDateTime;

use crate::outcomes::{SUITE, answered, answered_with, broken, end, leaving, performed, probe, results};

/// The clauses of the report, so that a person can read the whole of it: each verdict is there, and each table of the matrix.
const CLAUSES: [&str; 13] = [
    "request.required",
    "request.min_disk.minimum",
    "request.min_disk.maximum",
    "request.name.maxLength",
    "request.tags.items.minLength",
    "security.token",
    "status.201",
    "status.400",
    "status.500",
    "response.id.format",
    "response.min_disk.type",
    "response.checksum.type",
    "behaviour.metadata-persists",
];

const KNOWN: &str = "- {clause: request.name.maxLength, because: 'version 7 takes it', link: 'https://bugs.example.com/7', until: 2000-01-01}
- {clause: request.min_disk.minimum, because: 'nobody needs it'}
- {clause: response.min_disk.type, because: 'it was a string once'}
";

pub(crate) fn about() -> About {
    let repeat = "ims-conformance run --endpoint https://ims.example.com/ --seed 1".to_owned();
    About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::CAREFUL, repeat }
}

/// A report of every kind of verdict and finding.
pub(crate) fn every_kind() -> Report {
    let mut report = Report::of(&every_kind_of_result(), &about(), &Secrets::default());
    // It takes a megabyte until something is left out.
    report.omitted.push(Omitted { what: "findings of request.min_disk.maximum".to_owned(), count: 3 });
    report
}

/// The same of an earlier run that had one finding less, another one more, and chose otherwise.
pub(crate) fn without_one_finding() -> Report {
    let mut report = every_kind();
    report.omitted.clear();
    report.findings.retain(|finding| finding.clause != "response.id.format");
    for finding in &mut report.findings {
        if finding.clause == "status.201" {
            "another cause".clone_into(&mut finding.cause);
        }
    }
    report.choices.iter_mut().for_each(|choice| "refused with 422".clone_into(&mut choice.taken));
    report.drift.iter_mut().for_each(|drift| drift.pointer.push_str("_once"));
    report.latency.iter_mut().for_each(|latency| latency.median_ms = 250.0);
    report
}

/// A report of a run that did not begin.
pub(crate) fn nothing() -> Report {
    let results = results(0, Vec::new(), Question::default(), &End { ending: Ending::TargetLost, ..end() });
    Report::not_begun(&results, &about(), "nobody listens at the port", &Secrets::default())
}

/// A report in which a server says what could break a format, or order its reader about.
pub(crate) fn hostile() -> Report {
    let text = "<script>alert(1)</script> ]]> --> \u{202e}\u{1b}[2J\u{0}\u{fffe}\u{2028} ``` | </title> &amp; %0A::error::x \"' \\ 😀";
    let mut record = answered_with("min_disk/rejects_0", 201, text);
    let answer = record.exchanges[0].outcome.as_mut().unwrap();
    answer.headers.push(("content-type".to_owned(), text.to_owned()));
    answer.headers.push(("location".to_owned(), text.to_owned()));
    answer.headers.push((text.to_owned(), text.to_owned()));
    record.exchanges[0].request.path.push_str("?a=%zz&b&=c&\u{fffe}");
    let mut other = answered("min_ram/defaults_to_0", 400);
    for mismatch in &mut other.judgement.mismatches {
        (mismatch.expected, mismatch.got, mismatch.pointer) = (text.into(), text.into(), format!("/{text}").into());
    }
    other.judgement.drift = vec![Drift { pointer: text.into(), text: text.into() }];
    other.cleanup.leftovers = vec![Leftover::Id(text.into())];
    let third = answered("name/accepts_127_characters", 503);
    let records = performed(vec![record, other, third]);
    Report::of(&results(3, records, Question::default(), &end()), &about(), &Secrets::default())
}

/// What a run amounts to in which everything has happened that a report can tell.
pub(crate) fn every_kind_of_result() -> Results {
    let mut baseline = Baseline::default();
    baseline.add(&SUITE.contract, &document::parse("baseline.yaml", KNOWN).unwrap()).unwrap();
    baseline.expire(OffsetDateTime::UNIX_EPOCH.date().replace_year(2020).unwrap());
    // A run that was cut short takes none for stale.
    let stale = baseline.iter().filter(|known| known.clause == "response.min_disk.type").cloned().collect();
    let question = Question { baseline, ..Question::default() };
    let records = vec![
        left(),
        field(),
        answered("boundary/min_disk/1025", 201),
        answered("min_disk/rejects_above_1024[just_above]", 201),
        answered("min_disk/rejects_above_1024[in_megabytes]", 400),
        answered("pairs/001", 503),
        refusal("min_ram/accepts_the_certain_range[lowest]"),
        refusal("min_disk/rejects_0"),
        answered("min_disk/rejects_negative[just_below]", 201),
        answered("name/defaults_to_empty", 500),
    ];
    let mut events = performed(records);
    events.push(Event::Skipped {
        place: 10,
        probe: probe("token/requires_no_character_more"),
        why: "it needs a token",
    });
    let unsent = |place: usize, id: &str, beyond: Option<Spent>| Event::Unsent { place, probe: probe(id), beyond };
    events.push(unsent(11, "pairs/002", None));
    events.push(unsent(12, "pairs/004", Some(Spent::Created)));
    let appeared = |id: &str, mark: Option<&str>| {
        let appeared = Appeared { id: id.to_owned(), mark: mark.map(str::to_owned), is_removed: false };
        Found { appeared, origin: None }
    };
    // What the third record shows comes now and then.
    events.push(Event::Shrunk(answered("boundary/min_disk/1025", 400)));
    events.push(Event::Stock(Ok(vec![appeared("7f3a", Some("conformance-1")), appeared("9b1c", None)])));
    let end = End { ending: Ending::Interrupted, ledger: Some("/var/lib/93d9.ledger".to_owned()), ..end() };
    Results { stale, ..finished(results(13, events, question, &end)) }
}

/// What no record tells: what was found out around them. And without most of the clauses, so that a person can read all of it.
fn finished(mut results: Results) -> Results {
    results.coverage.retain(|row| CLAUSES.contains(&row.clause.as_str()));
    results.login = Some("the answer was 401".to_owned());
    results.calls = vec![("GET /v2/images".to_owned(), Availability::Refused(403))];
    results.excluded = vec![Excluded {
        text: "7 probes that create something protected; --allow-protected adds them".to_owned(),
        clauses: std::iter::empty().collect(),
        skipped: None,
    }];
    results.unlisted = Some(Unlisted::Unreadable);
    results.bounds = Bounds::default();
    if let Some(finding) = results.findings.iter_mut().find(|finding| finding.clause == "response.id.format") {
        let clause = ClauseId::parse("behaviour.metadata-persists").unwrap();
        let text = "what was stored is read again".to_owned();
        finding.consequences = vec![Consequence { clause: clause.clone(), text, count: 2 }];
        results.not_assessed.retain(|(missing, _)| *missing != clause);
    }
    results
}

/// Something is left, chosen and drifts.
fn left() -> Record {
    let mut left = answered("min_disk/accepts_its_absence", 201);
    left.judgement.mismatches.clear();
    leaving(left)
}

/// A field of the second answer is wrong, and the third answer never came.
fn field() -> Record {
    let mut field = answered_with("name/echoes_128_characters", 201, r#"{"id":"1","min_disk":0}"#);
    let read = Request { method: "GET".to_owned(), path: "/v2/images/1".to_owned(), body: None, ..request(&field) };
    let read_again = Exchange { request: read.clone(), outcome: Err(SendError::NothingCaptured) };
    let read = Exchange { request: read, outcome: field.exchanges[0].outcome.clone().map(with_header) };
    field.exchanges.extend([read, read_again]);
    for (exchange, milliseconds) in field.exchanges.iter_mut().zip([1_234, 8]) {
        if let Ok(answer) = &mut exchange.outcome {
            answer.took = Duration::from_millis(milliseconds);
        }
    }
    let wrong = |clause: &str, step: usize| Mismatch {
        cause: "/id".to_owned(),
        pointer: "/id".into(),
        expected: "a value that is a UUID".into(),
        got: "\"1\"".into(),
        step,
        ..broken(clause)
    };
    let lost = Mismatch { pointer: "".into(), got: "no answer".into(), ..wrong("status.201", 2) };
    field.judgement.mismatches = vec![wrong("response.id.format", 1), lost];
    field
}

fn request(record: &Record) -> Request {
    record.exchanges[0].request.clone()
}

fn with_header(mut answer: Response) -> Response {
    answer.headers.push(("x-request-id".to_owned(), "req-1".to_owned()));
    answer
}

/// A valid request is refused.
fn refusal(id: &str) -> Record {
    answered(id, 400)
}
