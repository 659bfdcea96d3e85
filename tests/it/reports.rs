//! The files that a run writes: what is in them, that others can read them, and that they are whole however the run ends.

#![allow(clippy::print_stdout, reason = "a test shows how long its work takes to who asks for it")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::outcomes::{PROBES, SUITE, answered, answered_with, refused};
use crate::server::{Server, come_again, outcome, program, signal, wait_until};
use ims_conformance::client::Limits;
use ims_conformance::probe::Phase;
use ims_conformance::report::compare::{self, Comparison};
use ims_conformance::report::model::{self, About, ClauseVerdict, Report, Verdict};
use ims_conformance::report::terminal::{self, Detail};
use ims_conformance::report::{Format, github, json};
use ims_conformance::results::{Finding, Results};
use ims_conformance::secret::{Kind, Secret, Secrets};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

fn about() -> About {
    let repeat = "ims-conformance run --stub --seed 1".to_owned();
    About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::CAREFUL, repeat }
}

/// A server that takes 1025 for `min_disk`.
fn faulty() -> String {
    let defect = Some("request.min_disk.maximum:off-by-one");
    Server::with_defect(defect, |server, request, token| Some(server.pass(request, token))).listen()
}

/// A run with a report as JSON: its exit code, and the report.
fn run(url: &str, more: &[&str]) -> (i32, Report) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("run.json");
    let wanted = format!("json={}", file.display());
    let (code, text) = outcome("run", url, &[&["--report", &wanted], more].concat(), &folder.path().join("ledgers"));
    let report = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {text}"));
    (code, json::read(&report).unwrap())
}

#[test]
fn the_schema_that_is_checked_in_is_that_of_the_types() {
    let text = fs::read_to_string("src/report/schema-1.json").unwrap();
    assert!(
        json::schema().unwrap() == text,
        "`ims-conformance schema report > src/report/schema-1.json` writes it anew; where a reader of the old one would fail, the format gets another number"
    );
}

#[test]
fn a_run_is_recorded_as_its_schema_says_and_can_be_read_again() {
    let schema: Value = serde_json::from_str(&json::schema().unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let (code, report) = run(&faulty(), &["min_disk/"]);
    let text = json::render(&report).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(json::read(&text).unwrap(), report);
    assert_eq!((code, report.exit_code, report.verdict), (1, 1, Verdict::Broken));
    assert_eq!((report.suite.name.as_str(), report.suite.version.as_str()), ("otc", "v2"));
    assert!(report.is_complete && report.omitted.is_empty(), "{report:?}");
}

#[test]
fn a_finding_says_how_many_probes_of_how_many_show_it_and_where_it_stands() {
    let (_, report) = run(&faulty(), &["min_disk/"]);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    let row = report.clauses.iter().find(|clause| clause.id == "request.min_disk.maximum").unwrap();
    assert_eq!((row.verdict, row.probes), (ClauseVerdict::Broken, finding.assessed_by));
    assert!(finding.shown_by > 0 && finding.shown_by <= finding.assessed_by, "{finding:?}");
    assert_eq!(finding.file, "cases/otc/min_disk/rejects_above_1024.yaml");
    let line = fs::read_to_string(&row.file).unwrap().lines().nth(row.line - 1).unwrap().to_owned();
    assert!(line.contains("maximum") || line.contains("1024"), "{}:{}: {line}", row.file, row.line);
    let answer = finding.exchanges[0].answer.as_ref().unwrap();
    assert_eq!((finding.exchanges[0].body.text.as_str(), answer.status), ("{\"min_disk\":1025}", 201));
}

#[test]
fn how_long_answers_took_is_measured_by_call_and_of_each_exchange() {
    let defect = Some("request.min_disk.maximum:off-by-one");
    let server = Server::with_defect(defect, |server, request, token| {
        let answer = server.pass(request, token);
        if request.method == "POST" {
            std::thread::sleep(Duration::from_millis(60));
        }
        Some(answer)
    });
    let (_, report) = run(&server.listen(), &["min_disk/rejects_above", "min_disk/echoes"]);
    let creations = report.latency.iter().find(|latency| latency.call == "POST /v2/images").unwrap();
    // A median is exact to a twentieth.
    assert!(creations.median_ms > 57.0 && creations.longest_ms >= 60.0, "{creations:?}");
    assert!(creations.median_ms <= creations.p95_ms && creations.p95_ms <= creations.longest_ms, "{creations:?}");
    assert_eq!(creations.bands.iter().map(|band| band.answers).sum::<usize>(), creations.answers);
    assert!(creations.bands[0].below_ms >= Some(100.0), "{creations:?}");
    let took = report.findings[0].exchanges[0].answer.as_ref().unwrap().took_ms;
    let archive: Value = serde_json::from_str(&Format::Har.render(&report).unwrap()).unwrap();
    let entry = &archive["log"]["entries"][0];
    assert!(took >= 60.0 && entry["time"] == took && entry["timings"]["wait"] == took, "{entry}");
    assert!(
        entry["startedDateTime"].as_str().unwrap()
            < report.findings[0].exchanges[0].answer.as_ref().unwrap().at.as_str()
    );
}

#[test]
fn the_command_of_a_finding_shows_it_again() {
    let (_, report) = run(&faulty(), &["min_disk/", "request.min_disk", "--phase", "random,boundary"]);
    let folder = TempDir::new().unwrap();
    for finding in &report.findings {
        let shell = Command::new("bash")
            .args(["-c", &finding.command.replace("ims-conformance", env!("CARGO_BIN_EXE_ims-conformance"))])
            .env("CANARY", crate::server::TOKEN)
            .env("IMS_LEDGER", folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&shell.stdout).into_owned();
        assert_eq!(shell.status.code(), Some(1), "{}: {text}", finding.command);
        assert!(text.contains(&format!("FAIL {}", finding.clause)) && text.contains("of 1 probe;"), "{text}");
    }
    assert!(!report.findings.is_empty());
}

#[test]
fn a_run_that_was_cut_short_reports_all_the_same_and_says_so() {
    let (code, report) = run(&faulty(), &["min_disk/", "--max-requests", "90"]);
    // A broken clause outranks a run that was cut short.
    assert_eq!((code, report.is_complete), (1, false));
    assert_eq!(report.cut_short, "--max-requests allowed no more");
    assert!(report.probes.unsent > 0 && report.probes.passed > 0, "{:?}", report.probes);

    let server = Server::with(|server, request, token| {
        let is_busy = request.method == "POST" && server.count("POST") > 3;
        Some(if is_busy { come_again(429, 60) } else { server.pass(request, token) })
    });
    let (url, folder) = (server.listen(), TempDir::new().unwrap());
    let files = Format::ALL.map(|(name, _)| folder.path().join(name));
    let mut arguments = vec!["run".to_owned(), "--endpoint".into(), url, "--token-env".into(), "CANARY".into()];
    arguments
        .extend(Format::ALL.iter().zip(&files).map(|((name, _), file)| format!("--report={name}={}", file.display())));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let child = program(&arguments, folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("some are created", || server.count("POST") > 3);
    signal(&child, "-TERM");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(4));
    for file in &files {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(text.contains("somebody stopped the run"), "{}: {text}", file.display());
    }
}

#[test]
fn a_run_that_does_not_begin_reports_why() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("run.json");
    let wanted = format!("json={}", file.display());
    let arguments = ["--report", &wanted, "--retries", "0"];
    let (code, _) = outcome("run", "http://127.0.0.1:1", &arguments, &folder.path().join("ledgers"));
    let report = json::read(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((code, report.exit_code, report.verdict, report.is_complete), (3, 3, Verdict::NotAssessed, false));
    assert!(report.cut_short.starts_with("the run did not begin: "), "{}", report.cut_short);
    assert!(report.probes.planned > 0 && !report.is_complete);
    assert_eq!(report.probes.unsent, report.probes.planned);
    assert!(report.clauses.iter().all(|clause| clause.verdict == ClauseVerdict::NotAssessed));
}

#[test]
fn a_login_that_fails_is_reported_too() {
    let folder = TempDir::new().unwrap();
    let files = Format::ALL.map(|(name, _)| folder.path().join(name));
    let wanted = Format::ALL.iter().zip(&files).map(|((name, _), file)| format!("--report={name}={}", file.display()));
    let mut command = program(&["run", "min_disk/", "--retries", "0"], folder.path());
    let cloud = [("OS_AUTH_URL", "http://127.0.0.1:1/v3"), ("OS_USERNAME", "me"), ("OS_PASSWORD", "kwyjibo-Password")];
    command.args(wanted).envs(cloud).env("OS_PROJECT_NAME", "mine").env("OS_USER_DOMAIN_NAME", "Default");
    let output = command.env("OS_PROJECT_DOMAIN_NAME", "Default").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(text.contains("cannot log in at") && !text.contains("kwyjibo"), "{}: {text}", file.display());
    }
}

#[test]
fn a_place_that_is_not_good_is_refused_before_anything_is_sent() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    for (wanted, expected) in [
        (vec!["json=no/such/folder.json"], "there is no folder no/such"),
        (vec!["json=/"], "is a folder"),
        (vec!["json=-", "json=-"], "two reports cannot both go to standard output"),
        (vec!["yaml=a"], "no format is called `yaml`"),
        (vec!["json"], "expected FORMAT=FILE"),
        (vec!["json="], "the file has no name"),
    ] {
        let wanted: Vec<_> = wanted.iter().flat_map(|wanted| ["--report", wanted]).collect();
        let (code, text) = outcome("run", &url, &wanted, folder.path());
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn standard_output_holds_nothing_but_the_report_that_goes_there() {
    let folder = TempDir::new().unwrap();
    let output = program(&["run", "--stub", "min_disk/", "--report", "json=-"], folder.path()).output().unwrap();
    let report = json::read(&String::from_utf8(output.stdout).unwrap()).unwrap();
    assert_eq!(report.verdict, Verdict::Holds);
    assert!(String::from_utf8_lossy(&output.stderr).contains("0 clauses broken"));
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_as_a_whole_and_what_is_no_file_stays() {
    let folder = TempDir::new().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    for place in [link.display().to_string(), "/dev/null".to_owned()] {
        let wanted = format!("json={place}");
        let output = program(&["run", "--stub", "min_disk/rejects_0", "--report", &wanted], folder.path()).output();
        assert_eq!(output.unwrap().status.code(), Some(0));
    }
    assert!(link.is_symlink() && json::read(&fs::read_to_string(&real).unwrap()).is_ok());
    assert!(!Path::new("/dev/null").is_file());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn where_few_findings_are_named_they_are_those_that_most_probes_show() {
    let mut report = every_kind();
    let first = report.findings[0].clone();
    report.findings.extend((0..100).map(|number| model::Finding {
        clause: format!("request.late_{number}.type"),
        shown_by: 1000 + number,
        assessed_by: 2000,
        ..first.clone()
    }));
    let annotations = github::annotations(&report);
    let named: Vec<_> =
        annotations.lines().filter_map(|line| line.split("title=").nth(1)?.split("::").next()).collect();
    assert_eq!(named[..2], ["request.late_99.type", "request.late_98.type"]);
    let place = report.findings.len() - 1;
    let page = Format::Html.render(&report).unwrap();
    let (_, list) = page.split_once("<ul class=\"first\"").unwrap();
    assert_eq!(list.split("href=\"#").nth(1).unwrap().split('"').next(), Some(format!("finding-{place}").as_str()));
    let markdown = Format::Markdown.render(&report).unwrap();
    assert!(markdown.contains("### request.late&#95;99.type") && !markdown.contains("late&#95;1.type"), "{markdown}");
}

/// Ten thousand findings of many clauses, each with long answers of what grows where it is escaped.
pub(crate) fn ten_thousand() -> Results {
    let body = "{\"error\": \"<>&\u{202e}\"}".repeat(100);
    let answers = PROBES.iter().filter(|probe| probe.phase == Phase::Case).take(200);
    let answers =
        answers.map(|probe| answered_with(&probe.id, if probe.id.contains("rejects") { 201 } else { 500 }, &body));
    let mut results = crate::outcomes::report(answers.collect());
    let found = std::mem::take(&mut results.findings);
    let of_clauses = found.iter().cycle().zip(SUITE.contract.clauses.keys().cycle()).take(10_000).enumerate();
    let numbered = of_clauses.map(|(number, (finding, clause))| Finding {
        clause: clause.clone(),
        cause: number.to_string(),
        ..finding.clone()
    });
    results.findings = numbered.collect();
    results
}

/// `cargo test --test it ten_thousand -- --nocapture` also shows how long each takes.
#[test]
fn ten_thousand_findings_make_a_file_that_can_be_opened_and_says_what_it_leaves_out() {
    let results = ten_thousand();
    let begin = Instant::now();
    let report = Report::of(&results, &about(), &Secrets::default());
    println!("{:>9.1} ms  from results to a report", begin.elapsed().as_secs_f64() * 1e3);
    assert!(!report.omitted.is_empty() && report.findings.len() < 10_000);
    let told = report.findings.len() + report.omitted.iter().map(|omitted| omitted.count).sum::<usize>();
    assert_eq!(told, 10_000);
    for (name, format) in Format::ALL {
        let text = measured(name, || format.render(&report).unwrap());
        let untold = 10_000 - text.matches("\n- expected **").count();
        for omitted in &report.omitted {
            // Markdown is read by people, and has a number for all of them.
            let is_told = text.contains(&omitted.what) && text.contains(&omitted.count.to_string());
            let is_told =
                is_told || (name == "markdown" && text.contains(&format!("{untold} more findings are not told")));
            assert!(is_told, "{name} does not say that it leaves out {} {}", omitted.count, omitted.what);
        }
    }
    for detail in [Detail::Usual, Detail::Verbose] {
        let text = measured(&format!("terminal, {detail:?}"), || terminal::render_run(&results, &about(), detail));
        assert!(text.contains("more findings, which a report lists"), "{detail:?}");
    }
    let annotations = measured("annotations", || github::annotations(&report));
    assert!(annotations.contains(" more findings; the summary of the step has them"), "{annotations}");
    let mut earlier = report.clone();
    earlier.findings.clear();
    for (first, second) in [(&earlier, &report), (&report, &earlier)] {
        let comparison = Comparison::of(first, second).unwrap();
        for (name, format) in compare::Format::ALL {
            let text = measured(&format!("compare {name}"), || comparison.render(format).unwrap());
            assert!(text.contains("leaves out"), "{name}: {text}");
        }
    }
}

/// What was rendered, which is no larger than what a reader opens.
fn measured(name: &str, render: impl FnOnce() -> String) -> String {
    let begin = Instant::now();
    let text = render();
    println!("{:>9.1} ms  {:>9} bytes  {name}", begin.elapsed().as_secs_f64() * 1e3, text.len());
    assert!(text.len() < 5_000_000, "{name} has {} bytes", text.len());
    text
}

#[test]
fn no_format_tells_a_secret_or_what_orders_a_reader_about() {
    let secrets = Secrets::default();
    secrets.add(&Secret::new(Kind::Token, "kwyjibo-Secret-Token"));
    let hostile =
        "kwyjibo-Secret-Token <script>alert(1)</script> ]]> --> \u{202e}\u{1b}[2J\u{0}\u{2028} ``` | </title> &amp;";
    let mut record = answered_with("min_disk/rejects_0", 201, hostile);
    record.exchanges[0].outcome.as_mut().unwrap().headers.push(("x-echo".to_owned(), hostile.to_owned()));
    let mut other = refused("min_ram/defaults_to_0", &format!("{{\"min_ram\": 0, \"x\": {hostile:?}}}"));
    other.judgement.mismatches.iter_mut().for_each(|mismatch| mismatch.got = hostile.into());
    let report = Report::of(&crate::outcomes::report(vec![record, other]), &about(), &secrets);
    assert!(!report.findings.is_empty());
    for (name, format) in Format::ALL {
        let text = ims_conformance::untrusted::visible(&format.render(&report).unwrap()).into_owned();
        assert!(!text.contains("kwyjibo"), "{name}: {text}");
        assert!(text.contains("[token]"), "{name}: {text}");
        assert!(text.chars().all(|letter| letter == '\n' || !ims_conformance::untrusted::is_hidden(letter)), "{name}");
    }
}

/// A report of every kind of verdict and finding, from records made by hand.
fn every_kind() -> Report {
    let mut records = vec![
        answered("min_disk/rejects_0", 201),
        answered("min_ram/defaults_to_0", 500),
        answered("name/accepts_127_characters", 503),
    ];
    records.push(answered("token/requires_a_token", 401));
    let results = crate::outcomes::report(records);
    Report::of(&results, &about(), &Secrets::default())
}

#[test]
fn a_probe_is_a_test_case_that_fails_where_a_clause_is_broken_and_what_says_nothing_is_an_error() {
    let report = every_kind();
    let junit = quick_junit::Report::deserialize_from_str(&Format::Junit.render(&report).unwrap()).unwrap();
    let names: Vec<_> = junit.test_suites.iter().map(|suite| suite.name.as_str().to_owned()).collect();
    assert_eq!(names, ["case", "clauses", "run"]);
    let [probes, clauses, _] = &junit.test_suites[..] else { panic!("{names:?}") };
    assert_eq!(probes.tests, report.each_probe.len());
    assert_eq!((probes.tests, probes.failures, probes.errors), (4, 2, 1), "two are broken, and one says nothing");
    let missing = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::NotAssessed).count();
    assert!(missing > 0 && clauses.tests == missing, "{} of {missing}", clauses.tests);
}

#[test]
fn a_finding_of_a_probe_that_is_not_told_is_a_test_case_of_its_clause() {
    let mut report = every_kind();
    let clauses: std::collections::BTreeSet<_> = report.findings.iter().map(|finding| finding.clause.clone()).collect();
    report.each_probe.clear();
    let junit = quick_junit::Report::deserialize_from_str(&Format::Junit.render(&report).unwrap()).unwrap();
    let findings = junit.test_suites.iter().find(|suite| suite.name.as_str() == "findings").unwrap();
    assert_eq!((findings.tests, findings.failures), (clauses.len(), clauses.len()));
    // And what was inconclusive is told of the run.
    assert_eq!(junit.test_suites.last().unwrap().errors, 1);
}

#[test]
fn a_viewer_of_sarif_finds_the_rule_and_the_line() {
    let report = every_kind();
    let log: Value = serde_json::from_str(&Format::Sarif.render(&report).unwrap()).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!((log["version"].as_str(), results.len()), (Some("2.1.0"), report.findings.len()));
    for (result, finding) in results.iter().zip(&report.findings) {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(
            (rule["id"].as_str(), result["ruleId"].as_str()),
            (Some(finding.clause.as_str()), rule["id"].as_str())
        );
        let place = &result["locations"][0]["physicalLocation"];
        let file = place["artifactLocation"]["uri"].as_str().unwrap();
        let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
        assert!(fs::read_to_string(file).unwrap().lines().count() >= line, "{file}:{line}");
    }
}

#[test]
fn a_viewer_of_har_finds_every_exchange_of_a_finding() {
    let report = every_kind();
    let archive: Value = serde_json::from_str(&Format::Har.render(&report).unwrap()).unwrap();
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), report.findings.iter().map(|finding| finding.exchanges.len()).sum::<usize>());
    for entry in entries {
        for name in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
            assert!(!entry[name].is_null(), "{name} is required: {entry}");
        }
        assert!(entry["request"]["url"].as_str().unwrap().starts_with("https://ims.example.com/v2/images"), "{entry}");
        assert!(entry["response"]["status"].is_u64() && entry["request"]["method"].is_string());
    }
}

#[test]
fn what_was_recorded_is_rendered_later_as_it_would_have_been_at_once() {
    let (folder, report) = (TempDir::new().unwrap(), every_kind());
    let file = folder.path().join("run.json");
    fs::write(&file, json::render(&report).unwrap()).unwrap();
    let again = |file: &Path, format: &str| {
        let output = program(&["report", &file.display().to_string(), "--as", format], folder.path()).output().unwrap();
        let text = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    for (name, format) in Format::ALL {
        let expected = ims_conformance::untrusted::visible(&format.render(&report).unwrap()).into_owned();
        assert!(again(&file, name) == (Some(0), expected), "{name}");
    }
    fs::write(&file, json::render(&report).unwrap().replace("ims-conformance/1", "ims-conformance/2")).unwrap();
    let (code, text) = again(&file, "html");
    assert_eq!(code, Some(2));
    assert!(text.contains("the format is `ims-conformance/2`, and this program reads `ims-conformance/1`"), "{text}");
}

#[test]
fn a_run_that_was_recorded_before_durations_were_is_read_all_the_same() {
    let report = every_kind();
    let mut old: Value = serde_json::from_str(&json::render(&report).unwrap()).unwrap();
    old.as_object_mut().unwrap().remove("latency").unwrap();
    for finding in old["findings"].as_array_mut().unwrap() {
        for exchange in finding["exchanges"].as_array_mut().unwrap() {
            exchange["answer"].as_object_mut().unwrap().remove("took_ms").unwrap();
        }
    }
    let read = json::read(&old.to_string()).unwrap();
    assert_eq!((read.latency.len(), read.findings), (0, report.findings));
    let page = Format::Html.render(&json::read(&old.to_string()).unwrap()).unwrap();
    assert!(!page.contains("How long answers took"));
}

#[test]
fn each_probe_is_a_line_as_it_comes_and_the_last_line_has_the_counts() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("events");
    fs::write(&file, "old").unwrap();
    let wanted = format!("ndjson={}", file.display());
    let (code, text) = outcome("run", &faulty(), &["min_disk/", "--report", &wanted], &folder.path().join("ledgers"));
    let lines = fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    let planned = usize::try_from(lines[0]["planned"].as_u64().unwrap()).unwrap();
    assert_eq!((code, of("begin"), of("probe"), of("finding"), of("end")), (1, 1, planned, 1, 1), "{text}");
    assert_eq!(lines.last().unwrap()["probes"]["failed"], 3);
}

#[test]
fn where_github_runs_it_the_summary_and_the_annotations_are_written_unasked() {
    let folder = TempDir::new().unwrap();
    let summary = folder.path().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let (url, ledgers) = (faulty(), folder.path().join("ledgers"));
    let arguments = ["run", "--endpoint", &url, "--token-env", "CANARY", "min_disk/"];
    let mut command = program(&arguments, &ledgers);
    let output = command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let annotation = "::error file=cases/otc/min_disk/rejects_above_1024.yaml,line=8,title=request.min_disk.maximum::min_disk is at most 1024%0Aexpected 400";
    assert!(text.lines().any(|line| line.starts_with(annotation)), "{text}");
    let summary = fs::read_to_string(&summary).unwrap();
    assert!(summary.starts_with("before\n# ❌ ") && summary.contains("### request.min&#95;disk.maximum"), "{summary}");
}
