//! A run in several shares, and their reports as one.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use crate::program::{Served, outcome};
use crate::whole::{PLAIN, whole};
use ims_conformance::client::{Access, Limits, Setup, Target, Token};
use ims_conformance::plan::{Plan, PlanError, Selection, Shard, plan};
use ims_conformance::probe::Phase;
use ims_conformance::report::model::{About, MergeError, Report, Verdict};
use ims_conformance::report::{Format, json};
use ims_conformance::secret::Secrets;
use ims_conformance::stub::StubService;
use ims_conformance::stub::defect::defects;
use ims_conformance::suite::Suite;
use tempfile::TempDir;
use time::OffsetDateTime;

static SUITE: LazyLock<Arc<Suite>> = LazyLock::new(|| Arc::new(Suite::built_in("otc").unwrap().unwrap()));

fn selection(shard: Option<&str>) -> Selection {
    Selection { shard: shard.map(|text| text.parse().unwrap()), ..Selection::default() }
}

/// The ids of a share, in the order of the plan.
fn ids(shard: Option<&str>) -> Vec<String> {
    plan(&SUITE, &selection(shard)).unwrap().iter().map(|probe| probe.id).collect()
}

#[test]
fn shards_have_every_probe_once_in_the_order_of_the_plan_and_about_as_many_each() {
    let all = ids(None);
    for count in [1, 2, 3, 7] {
        let shards: Vec<_> = (1..=count).map(|number| ids(Some(&format!("{number}/{count}")))).collect();
        let mut seen = BTreeSet::new();
        for shard in &shards {
            assert!(shard.iter().all(|id| seen.insert(id)), "a probe is in two shards");
            let mut order = all.iter();
            assert!(shard.iter().all(|id| order.any(|each| each == id)), "the order is another one");
            assert!(shard.len().abs_diff(all.len() / count) < all.len() / 20, "{} of {}", shard.len(), all.len());
        }
        assert_eq!(seen.len(), all.len());
    }
    // What is selected besides changes nothing.
    let selected = Selection { selectors: vec!["min_disk/".to_owned()], ..selection(Some("2/3")) };
    let share: BTreeSet<_> = ids(Some("2/3")).into_iter().collect();
    assert!(plan(&SUITE, &selected).unwrap().iter().all(|probe| share.contains(&probe.id)));
}

#[test]
fn a_shard_without_a_probe_is_an_error() {
    let one = || vec!["min_disk/rejects_above_1024[just_above]".to_owned()];
    let shards =
        ["1/3", "2/3", "3/3"].map(|shard| plan(&SUITE, &Selection { selectors: one(), ..selection(Some(shard)) }));
    let errors: Vec<_> = shards.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| matches!(error, PlanError::EmptyShard(_))), "{errors:?}");
}

#[test]
fn only_the_shards_of_one_plan_have_what_tells_that_plan() {
    let of = |shard: &str, change: &dyn Fn(&mut Selection)| {
        let mut selection = selection(Some(shard));
        change(&mut selection);
        plan(&SUITE, &selection).unwrap()
    };
    let fold = Plan::fingerprint;
    let usual = fold(&of("1/3", &|_| {}));
    assert_eq!(fold(&of("2/3", &|_| {})), usual);
    let others: [&dyn Fn(&mut Selection); 4] = [
        &|selection| selection.selectors = vec!["min_disk/".to_owned()],
        &|selection| selection.phases = vec![Phase::Case],
        &|selection| selection.examples = 3,
        &|selection| selection.strength = 3,
    ];
    for change in others {
        assert_ne!(fold(&of("1/3", change)), usual);
    }
    assert_ne!(fold(&of("1/3", &|_| {}).marked()), usual);
    assert_ne!(fold(&of("1/3", &|_| {}).excluding(&["min_disk/".to_owned()]).unwrap()), usual);
}

/// What a run of a share comes to, against a stub with this defect.
fn report(shard: Option<&str>, defect: &str) -> Report {
    let contract = &SUITE.contract;
    let defect = defects(contract).into_iter().find(|each| each.name == defect).unwrap();
    let token = Token::random();
    let service = StubService::new(Arc::clone(contract), token.clone(), Some(&defect));
    let target = Arc::new(Target::local(contract, Arc::new(service), Setup::new(Access::Token(token))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let plan = plan(&SUITE, &selection(shard)).unwrap().marked();
    let results = runtime.block_on(whole(&SUITE, &plan, &target, &PLAIN)).results;
    let about =
        About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::CAREFUL, repeat: "ims-conformance run".to_owned() };
    Report::of(&results, &about, &Secrets::default())
}

const DEFECT: &str = "request.min_disk.maximum:off-by-one";

fn shards(count: u16, defect: &str) -> Vec<Report> {
    (1..=count).rev().map(|number| report(Some(&format!("{number}/{count}")), defect)).collect()
}

#[test]
fn the_reports_of_all_shards_say_what_the_whole_run_says() {
    for defect in [DEFECT, "response.name.echo:other", "response.created_at.near-now:a-day-ago"] {
        let Some(_) = defects(&SUITE.contract).iter().find(|each| each.name == defect) else { continue };
        let (whole, merged) = (report(None, defect), Report::merged(shards(3, defect)).unwrap());
        assert_eq!(merged.probes, whole.probes);
        assert_eq!((merged.verdict, merged.exit_code, merged.is_complete), (whole.verdict, 1, true));
        let clauses = |report: &Report| {
            let row = |clause: &ims_conformance::report::model::Clause| {
                (clause.id.clone(), clause.verdict, clause.probes, clause.why.clone())
            };
            report.clauses.iter().map(row).collect::<Vec<_>>()
        };
        assert_eq!(clauses(&merged), clauses(&whole));
        let findings = |report: &Report| {
            let row = |finding: &ims_conformance::report::model::Finding| {
                (finding.clause.clone(), finding.cause.clone(), finding.shown_by, finding.assessed_by)
            };
            report.findings.iter().map(row).collect::<Vec<_>>()
        };
        assert!(!whole.findings.is_empty());
        assert_eq!(findings(&merged), findings(&whole));
        let choices = |report: &Report| {
            let rows = report.choices.iter().map(|choice| (choice.title.clone(), choice.taken.clone(), choice.times));
            rows.collect::<BTreeSet<_>>()
        };
        assert_eq!(choices(&merged), choices(&whole));
        let probes = |report: &Report| {
            report.each_probe.iter().map(|probe| format!("{} {:?}", probe.id, probe.verdict)).collect::<BTreeSet<_>>()
        };
        assert_eq!(probes(&merged), probes(&whole));
        let resources = |report: &Report| (report.resources.created, report.resources.removed);
        // Each shard takes stock for itself.
        assert!(resources(&merged) == resources(&whole) && merged.requests >= whole.requests);
        let answers = |report: &Report| {
            let bands = |bands: &[ims_conformance::report::model::Band]| bands.iter().map(|band| band.answers).sum();
            let rows = report.latency.iter().map(|call| (call.call.clone(), call.answers, bands(&call.bands)));
            rows.collect::<BTreeSet<(String, usize, usize)>>()
        };
        assert_eq!(answers(&merged), answers(&whole));
        assert!(merged.latency.iter().all(|call| call.median_ms <= call.p95_ms && call.p95_ms <= call.longest_ms));
        assert_eq!(json::read(&json::render(&merged).unwrap()).unwrap(), merged, "a merged report can be read again");
    }
}

#[test]
fn reports_that_are_not_all_shards_of_one_run_are_refused() {
    let [one, two, three] = <[Report; 3]>::try_from(shards(3, DEFECT)).unwrap();
    let shard = |text: &str| text.parse::<Shard>().unwrap();
    let merged = |reports: &[&Report]| Report::merged(reports.iter().map(|report| (*report).clone()).collect());
    assert_eq!(merged(&[&one, &two]).unwrap_err(), MergeError::Missing { numbers: vec![1], count: 3 });
    assert_eq!(merged(&[&one, &two, &three, &two]).unwrap_err(), MergeError::Twice(shard("2/3")));
    let whole = Report { shard: String::new(), ..one.clone() };
    assert_eq!(merged(&[&one, &whole]).unwrap_err(), MergeError::NoShard(2));
    assert_eq!(merged(&[]).unwrap_err(), MergeError::Missing { numbers: vec![1], count: 1 });
    let differs = |other: Report| match merged(&[&one, &two, &other]).unwrap_err() {
        MergeError::Differs { number: 3, what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(differs(Report { seed: "2".to_owned(), ..three.clone() }), "seeds");
    assert_eq!(differs(Report { shard: "1/4".to_owned(), ..three.clone() }), "numbers of shards");
    assert_eq!(differs(Report { plan: "7".to_owned(), ..three.clone() }), "planned probes");
    assert_eq!(differs(Report { is_strict: true, ..three.clone() }), "rules of --strict");
    assert_eq!(differs(Report { program_version: "9".to_owned(), ..three.clone() }), "versions of the program");
    let mut fewer = three.clone();
    fewer.clauses.pop();
    assert_eq!(differs(fewer), "clauses");
    let mut elsewhere = three;
    elsewhere.target.endpoint = "https://elsewhere.example".to_owned();
    assert_eq!(differs(elsewhere), "targets");
}

#[test]
fn the_gravest_verdict_is_that_of_the_whole_and_what_cut_a_shard_short_is_told() {
    let shards = || <[Report; 2]>::try_from(shards(2, "behaviour.no-file-yet:has-a-file")).unwrap();
    let [mut one, mut two] = shards();
    (one.findings, two.findings) = (Vec::new(), Vec::new());
    (one.verdict, one.exit_code) = (Verdict::Holds, 0);
    (two.verdict, two.exit_code, two.is_complete) = (Verdict::Incomplete, 4, false);
    two.cut_short = "somebody stopped the run".to_owned();
    let merged = Report::merged(vec![one, two]).unwrap();
    assert_eq!((merged.verdict, merged.exit_code, merged.is_complete), (Verdict::Incomplete, 4, false));
    assert_eq!(merged.cut_short, "shard 1/2: somebody stopped the run");
}

#[test]
fn what_several_shards_found_fits_a_file_that_can_be_opened_and_what_does_not_is_counted() {
    let results = crate::reports::ten_thousand();
    let about = About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::CAREFUL, repeat: "run".to_owned() };
    let one = Report::of(&results, &about, &Secrets::default());
    let shards = (1..=4).map(|number| {
        let mut report = Report { shard: format!("{number}/4"), ..one.clone() };
        report.findings.iter_mut().for_each(|finding| finding.cause = format!("{number} {}", finding.cause));
        report
    });
    let merged = Report::merged(shards.collect()).unwrap();
    assert_eq!(merged.findings.len() + merged.untold(), 40_000);
    for (name, format) in Format::ALL {
        let text = format.render(&merged).unwrap();
        assert!(text.len() < 5_000_000, "{name} has {} bytes", text.len());
    }
}

#[test]
fn the_program_runs_shards_and_puts_their_reports_together() {
    let (folder, served) = (TempDir::new().unwrap(), Served::start_with("otc", &["--defect", DEFECT]));
    let files: Vec<_> =
        (1..=2).map(|number| folder.path().join(format!("{number}.json")).display().to_string()).collect();
    let mut probes = 0;
    for (number, file) in (1..).zip(&files) {
        let (shard, report) = (format!("{number}/2"), format!("json={file}"));
        let (code, text) = served.run(&["min_disk/", "--shard", &shard, "--report", &report]);
        assert!(code < 2 && text.contains(&format!("; shard {shard}")), "{code} {text}");
        probes += json::read(&std::fs::read_to_string(file).unwrap()).unwrap().probes.planned;
    }
    let (code, text) = outcome(&["report", &files[1], &files[0], "--as", "junit"]);
    assert!(code == 0 && text.contains("request.min_disk.maximum"), "{text}");
    let (code, text) = outcome(&["report", &files[0], &files[1], "--as", "ndjson"]);
    assert_eq!((code, text.matches(r#""event":"probe""#).count()), (0, probes), "{text}");
    let (code, text) = outcome(&["report", &files[0], &files[0], "--as", "junit"]);
    assert!(code == 2 && text.contains("shard 1/2 is there twice"), "{text}");
    for (shard, said) in [("3/2", "expected `K/N`"), ("2", "expected `K/N`")] {
        let (code, text) = outcome(&["run", "--shard", shard]);
        assert!(code == 2 && text.contains(said), "{text}");
    }
    let (code, text) = outcome(&["run", "min_disk/rejects_above_1024[just_above]", "--shard", "1/1000"]);
    assert!(code == 2 && text.contains("shard 1/1000 has no probe"), "{text}");
}
