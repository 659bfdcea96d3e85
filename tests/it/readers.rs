//! The files of a run, held against the schemas that other programs read them by. They stand in `tests/schemas`, and where they come from is said there.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::fs;
use std::process::Command;

use crate::every_kind::{every_kind, hostile, nothing};
use ims_conformance::report::Format;
use ims_conformance::report::model::{Deviation, Report};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Programs that hold XML against a schema, each with what it is told before the schema and the file.
const VALIDATORS: [(&str, &[&str]); 2] = [("xmllint", &["--noout", "--schema"]), ("xmlschema-validate", &["--schema"])];

/// The runs of which each format is looked at.
fn reports() -> [(&'static str, Report); 3] {
    [("every kind", every_kind()), ("hostile", hostile()), ("not begun", nothing())]
}

#[test]
fn junit_is_what_jenkins_reads() {
    let is_there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    let Some((validator, arguments)) = VALIDATORS.into_iter().find(|(name, _)| is_there(name)) else {
        println!(
            "skipped: neither xmllint nor xmlschema-validate is installed, so that nobody has read the XML by its schema"
        );
        return;
    };
    let folder = TempDir::new().unwrap();
    for (name, report) in reports() {
        let file = folder.path().join("run.xml");
        fs::write(&file, Format::Junit.render(&report).unwrap()).unwrap();
        let output = Command::new(validator).args(arguments).arg("tests/schemas/junit-10.xsd").arg(&file).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
    }
    // The schema is one that refuses something.
    let file = folder.path().join("wrong.xml");
    let wrong = Format::Junit.render(&every_kind()).unwrap().replace("<system-out>", "<properties/><system-out>");
    fs::write(&file, wrong).unwrap();
    let output = Command::new(validator).args(arguments).arg("tests/schemas/junit-10.xsd").arg(&file).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn junit_tells_of_each_case_its_clause_its_place_and_the_seed() {
    let report = every_kind();
    let junit = quick_junit::Report::deserialize_from_str(&Format::Junit.render(&report).unwrap()).unwrap();
    let cases: Vec<_> = junit.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    let clause_of = |id: &String| report.clauses.iter().find(|clause| clause.id == *id);
    let mut told = 0;
    for probe in &report.each_probe {
        let case = cases.iter().find(|case| case.name.as_str() == probe.id).unwrap();
        for clause in probe.broken.iter().filter_map(clause_of) {
            let properties = case.system_out.as_ref().unwrap().as_str();
            let place = format!("{}:{}", clause.file, clause.line);
            for (name, value) in [
                ("clause", &clause.id),
                ("text", &clause.text),
                ("source", &clause.source),
                ("place", &place),
                ("seed", &report.seed),
            ] {
                let line = format!("[[PROPERTY|{name}={value}]]");
                assert!(properties.lines().any(|each| each == line), "{line}: {properties}");
            }
            told += 1;
        }
    }
    assert!(told > 1);
    let seed = |suite: &quick_junit::TestSuite| {
        suite.properties.iter().any(|each| each.name.as_str() == "seed" && each.value.as_str() == report.seed)
    };
    assert!(junit.test_suites.iter().all(seed));
    // GitLab and GitHub show the text of a failure, and nothing else.
    for finding in &report.findings {
        let texts = cases.iter().filter_map(|case| match &case.status {
            quick_junit::TestCaseStatus::NonSuccess { description, .. } => description.as_ref(),
            _ => None,
        });
        let has = |text: &str| {
            [&finding.text, &finding.source, &finding.expected, &finding.command]
                .iter()
                .all(|part| text.contains(*part))
        };
        assert!(texts.into_iter().any(|text| has(text.as_str())), "{finding:?}");
    }
}

#[test]
fn sarif_is_what_its_schema_says() {
    let text = fs::read_to_string("tests/schemas/sarif-2.1.0.json").unwrap();
    // A pattern of it has a bracket where a parenthesis belongs, and is none.
    let schema: Value = serde_json::from_str(&text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap();
    let validator = jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
    let mut of_no_clause = every_kind();
    let drift = Deviation { clause: "drift".to_owned(), ..of_no_clause.known[0].clone() };
    of_no_clause.known.push(drift);
    for (name, report) in reports().into_iter().chain([("of no clause", of_no_clause)]) {
        let log: Value = serde_json::from_str(&Format::Sarif.render(&report).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&log).map(|error| format!("{name}: {error}")).collect();
        assert_eq!(errors, Vec::<String>::new());
        // What GitHub wants besides: a file for each result.
        let uri = |result: &Value| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone();
        assert!(log["runs"][0]["results"].as_array().unwrap().iter().all(|result| uri(result) != ""), "{log}");
    }
    assert!(!validator.is_valid(&json!({"version": "2.1.0", "runs": [{}]})));
}

#[test]
fn har_is_what_its_schema_says_and_holds_nothing_else() {
    let text = fs::read_to_string("tests/schemas/har-1.2.json").unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // The schema lets everything pass that it does not name; HAR wants such names to begin with an underscore.
    for object in schema["definitions"].as_object_mut().unwrap().values_mut() {
        if object["properties"].is_object() {
            object["additionalProperties"] = Value::Bool(false);
        }
    }
    let validator = jsonschema::draft6::options().should_validate_formats(true).build(&schema).unwrap();
    for (name, report) in reports() {
        let archive: Value = serde_json::from_str(&Format::Har.render(&report).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&archive).map(|error| format!("{name}: {error}")).collect();
        assert_eq!(errors, Vec::<String>::new());
        let pages = archive["log"]["pages"].as_array().unwrap();
        let is_page = |entry: &Value| pages.iter().any(|page| page["id"] == entry["pageref"]);
        assert!(archive["log"]["entries"].as_array().unwrap().iter().all(is_page), "{name}");
        assert_eq!(pages.len(), report.findings.len(), "{name}");
    }
    assert!(!validator.is_valid(&json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}}})));
}
