//! What must hold of everything that is generated from the contract, whatever the seed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::type_complexity,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test that cannot go on panics"
)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ims_conformance::case::Case;
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::contract::{Assessment, ClauseId, Contract};
use ims_conformance::document;
use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::plan::{Seed, Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::results::{Finding, Fold, Question};
use ims_conformance::run::{Event, Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use tempfile::TempDir;

fn suites() -> impl Iterator<Item = Arc<Suite>> {
    let read =
        |name| Arc::new(Suite::from_dir(&Path::new("cases").join(name)).unwrap_or_else(|error| panic!("{error}")));
    Suite::built_in_names().map(read)
}

/// The suite of which the tests name fields.
fn suite() -> Arc<Suite> {
    Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}")))
}

fn probes(suite: &Arc<Suite>, phases: &[Phase], examples: usize, seed: u64) -> Vec<Probe> {
    let selection = Selection { phases: phases.to_vec(), examples, seed: Seed(seed), ..Selection::default() };
    plan(suite, &selection).unwrap().iter().collect()
}

fn kind(contract: &Contract, probe: &Probe) -> (Kind, Vec<ClauseId>, Vec<String>) {
    let request = &probe.script.steps[0].request;
    let body = Body::read(request);
    let found = classify(contract, request, &body);
    let clauses = found.violations.iter().map(|violation| violation.clause.clone()).collect();
    (found.kind, clauses, found.open.iter().map(|open| open.title.to_owned()).collect())
}

fn bytes(probe: &Probe) -> Vec<u8> {
    probe.script.steps[0].request.body.clone().unwrap_or_default()
}

/// A copy of the suite with some texts of the contract replaced, and with more files.
fn changed_suite(changes: &[(&str, &str)], more: &[(&str, &str)]) -> (TempDir, Arc<Suite>) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                copy(&entry.path(), &to.join(entry.file_name()));
            } else {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    let folder = TempDir::new().unwrap();
    let dir: PathBuf = folder.path().join("cases/otc");
    if more.is_empty() {
        // Without its cases a changed contract cannot contradict them.
        fs::create_dir_all(dir.join("body")).unwrap();
        for file in ["contract.yaml", "os-versions.csv", "body/accepts_an_empty_object.yaml"] {
            fs::copy(Path::new("cases/otc").join(file), dir.join(file)).unwrap();
        }
    } else {
        copy(Path::new("cases/otc"), &dir);
    }
    let mut text = fs::read_to_string(dir.join("contract.yaml")).unwrap().replace("\r\n", "\n");
    for (from, to) in changes {
        assert!(text.contains(from), "the contract has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    fs::write(dir.join("contract.yaml"), text).unwrap();
    for (file, text) in more {
        fs::write(dir.join(file), text).unwrap();
    }
    let suite = Arc::new(Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}")));
    (folder, suite)
}

#[test]
fn every_clause_of_the_request_is_broken_by_a_boundary_probe_and_kept_by_another() {
    for suite in suites() {
        let contract = &suite.contract;
        let (mut broken, mut kept) = (HashSet::new(), HashSet::new());
        for probe in probes(&suite, &[Phase::Boundary], 1, 1) {
            let (kind, clauses, _) = kind(contract, &probe);
            match kind {
                Kind::Invalid | Kind::Unauthorized => broken.extend(clauses),
                Kind::Valid => kept.extend(
                    serde_json::from_slice::<HashMap<String, serde_json::Value>>(&bytes(&probe)).unwrap().into_keys(),
                ),
                Kind::Unspecified => {}
            }
        }
        let asks = |id: &&ClauseId| {
            (id.starts_with("request.") || id.starts_with("security."))
                && !id.as_str().ends_with(".optional")
                && !id.as_str().ends_with(".default")
        };
        let missed: Vec<_> = contract.clauses.keys().filter(asks).filter(|id| !broken.contains(*id)).collect();
        assert!(missed.is_empty(), "no probe breaks {missed:?}");
        let can_be_given = contract.creation.request.properties.iter().filter(|(_, schema)| schema.can_be_given());
        let missed: Vec<_> = can_be_given.map(|(name, _)| name).filter(|name| !kept.contains(*name)).collect();
        assert!(missed.is_empty(), "no valid probe gives {missed:?}");
    }
}

#[test]
fn what_is_required_is_in_every_body_but_one_that_is_about_its_absence() {
    let required = [("name", "request.name.required"), ("disk_format", "request.disk_format.required")];
    for count in [1, 2] {
        let names: Vec<_> = required[..count].iter().map(|(name, _)| *name).collect();
        let request = "    ImageRequest:\n      type: object\n";
        let list = format!("{request}      required: [{}]\n", names.join(", "));
        let table = [(request, list.as_str()), ("          default: ''\n", ""), ("          default: zvhd2\n", "")];
        let (_folder, suite) = requiring(&table);
        let plan = probes(&suite, &[Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random], 20, 1);
        let mut broken: HashMap<ClauseId, usize> = HashMap::new();
        for probe in &plan {
            let (kind, clauses, _) = kind(&suite.contract, probe);
            if kind == Kind::Unauthorized {
                continue;
            }
            let lacking = clauses
                .iter()
                .filter(|clause| clause.as_str().ends_with(".required") && **clause != "request.required");
            assert!(lacking.count() == 0 || probe.id.starts_with("boundary/presence/"), "{}: {clauses:?}", probe.id);
            for clause in clauses {
                *broken.entry(clause).or_default() += 1;
            }
        }
        // What is tried of the other fields is what is tried where nothing is required.
        let usual = probes(&self::suite(), &[Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random], 20, 1);
        for probe in &usual {
            for clause in kind(&suite.contract, probe).1.into_iter().filter(|clause| clause.starts_with("request.")) {
                assert!(broken.contains_key(&clause), "nothing breaks {clause}");
            }
        }
        for (_, clause) in &required[..count] {
            assert!((1..4).contains(&broken[*clause]), "{clause}: {broken:?}");
        }
    }
}

/// The suite with a changed contract and one case that gives what the tests require.
fn requiring(changes: &[(&str, &str)]) -> (TempDir, Arc<Suite>) {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("otc");
    fs::create_dir_all(dir.join("body")).unwrap();
    fs::copy("cases/otc/os-versions.csv", dir.join("os-versions.csv")).unwrap();
    let mut text = fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
    for (from, to) in changes {
        assert!(text.contains(from), "the contract has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    fs::write(dir.join("contract.yaml"), text).unwrap();
    let case =
        "title: a\nclauses: [request.type]\nrequest: {body: {name: a, disk_format: raw}}\nexpect: {status: 201}\n";
    fs::write(dir.join("body/accepts_it.yaml"), case).unwrap();
    let suite = Arc::new(Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}")));
    (folder, suite)
}

#[test]
fn every_limit_is_tried_on_it_and_on_either_side() {
    let sent: HashSet<_> = probes(&suite(), &[Phase::Boundary], 1, 1)
        .iter()
        .map(|probe| String::from_utf8_lossy(&bytes(probe)).into_owned())
        .collect();
    for number in [-1, 0, 1, 2, 1023, 1024, 1025] {
        assert!(sent.contains(&format!("{{\"min_disk\":{number}}}")), "{number}");
    }
    for length in [0, 1, 127, 128, 129, 254, 255, 256] {
        for sign in ["a", "\u{1F600}"] {
            assert!(sent.contains(&format!("{{\"name\":\"{}\"}}", sign.repeat(length))), "{length} {sign}");
        }
    }
    let items: HashSet<_> = sent
        .iter()
        .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok()?.get("tags")?.as_array().map(Vec::len))
        .collect();
    assert!([0, 1, 2, 9, 10, 11].iter().all(|count| items.contains(count)), "{items:?}");
    for near in ["PRIVATE", " private", "private ", "privat", "privatex"] {
        assert!(sent.contains(&format!("{{\"visibility\":\"{near}\"}}")), "{near}");
    }
}

#[test]
fn every_open_matter_is_tried_alone_by_a_boundary_probe() {
    for suite in suites() {
        let creation = &suite.contract.creation;
        let tried: HashSet<_> = probes(&suite, &[Phase::Boundary], 1, 1)
            .iter()
            .filter_map(|probe| match kind(&suite.contract, probe) {
                (Kind::Unspecified, _, titles) if titles.len() == 1 => titles.into_iter().next(),
                _ => None,
            })
            .collect();
        let properties = creation.request.properties.values().chain(creation.request.additional.as_deref());
        let schemas = properties.flat_map(|schema| std::iter::once(schema).chain(schema.items.as_deref()));
        let unspecified = schemas.flat_map(|schema| &schema.unspecified).map(|unspecified| &unspecified.title);
        let missed: Vec<_> = unspecified
            .chain(creation.open_forms.iter().map(|open| &open.title))
            .filter(|title| !tried.contains(*title))
            .collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }
}

#[test]
fn what_a_random_probe_means_is_what_the_judge_takes_it_for() {
    for suite in suites() {
        let mut broken = HashSet::new();
        for seed in [1, 77, u64::MAX] {
            for probe in probes(&suite, &[Phase::Random], 150, seed) {
                let field = probe.id.split('/').nth(1).unwrap();
                let (kind, clauses, open) = kind(&suite.contract, &probe);
                let body = String::from_utf8_lossy(&bytes(&probe)).into_owned();
                if probe.id.contains("/valid/") {
                    assert_eq!(
                        (kind, &clauses[..], &open[..]),
                        (Kind::Valid, &[][..], &[][..]),
                        "{}: {body}",
                        probe.id
                    );
                } else {
                    assert_eq!((kind, clauses.len()), (Kind::Invalid, 1), "{}: {body} {clauses:?}", probe.id);
                    assert!(clauses[0].starts_with(&format!("request.{field}.")), "{}: {body} {clauses:?}", probe.id);
                    assert_eq!(probe.violation.as_ref().map(|violation| &violation.clause), Some(&clauses[0]));
                    broken.extend(clauses);
                }
            }
        }
        let rules = suite
            .contract
            .clauses
            .values()
            .filter(|clause| clause.id.starts_with("request.") && clause.id.as_str().matches('.').count() > 1);
        let rules = rules.filter(|clause| {
            let is_drawn = [".optional", ".default", ".readOnly"].iter().all(|end| !clause.id.as_str().ends_with(end));
            clause.assessment == Assessment::Always
                && is_drawn
                && !clause.id.as_str().contains(".additionalProperties.")
        });
        let missed: Vec<_> = rules.map(|clause| &clause.id).filter(|id| !broken.contains(*id)).collect();
        assert!(missed.is_empty(), "no random body breaks {missed:?}");
    }
}

#[test]
fn an_independent_validator_accepts_every_valid_body_and_refuses_what_a_schema_can_refuse() {
    for suite in suites() {
        let text = fs::read_to_string(format!("cases/{}/contract.yaml", suite.name)).unwrap().replace("\r\n", "\n");
        let contract = document::parse("contract.yaml", &text).unwrap().json();
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&contract["components"]["schemas"]["ImageRequest"])
            .unwrap();
        let (mut accepted, mut refused) = (0, 0);
        for probe in probes(&suite, &[Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random], 100, 5) {
            let (kind, clauses, _) = kind(&suite.contract, &probe);
            let Ok(value) = serde_json::from_slice(&bytes(&probe)) else { continue };
            let is_for_a_schema = clauses.iter().any(|clause| {
                clause.starts_with("request.")
                    && !clause.as_str().ends_with(".table")
                    && !clause.as_str().ends_with(".readOnly")
            });
            if kind == Kind::Valid {
                assert!(validator.is_valid(&value), "{}: {value}", probe.id);
                accepted += 1;
            } else if kind == Kind::Invalid && is_for_a_schema {
                assert!(!validator.is_valid(&value), "{}: {value}", probe.id);
                refused += 1;
            }
        }
        assert!(accepted > 1000 && refused > 700, "{accepted} accepted, {refused} refused");
    }
}

#[test]
fn every_two_values_of_different_fields_meet_in_a_valid_body() {
    for suite in suites() {
        let mut pairs = probes(&suite, &[Phase::Pairs], 1, 1);
        pairs.retain(|probe| probe.violation.is_none());
        let bodies: Vec<HashMap<String, serde_json::Value>> =
            pairs.iter().map(|probe| serde_json::from_slice(&bytes(probe)).unwrap()).collect();
        let names: Vec<_> = suite.contract.creation.request.properties.keys().collect();
        let values =
            |name: &String| bodies.iter().map(|body| body.get(name).map(ToString::to_string)).collect::<HashSet<_>>();
        for (index, one) in names.iter().enumerate() {
            for other in &names[index + 1..] {
                let met: HashSet<_> = bodies
                    .iter()
                    .map(|body| (body.get(*one).map(ToString::to_string), body.get(*other).map(ToString::to_string)))
                    .collect();
                assert_eq!(met.len(), values(one).len() * values(other).len(), "{one} and {other}");
            }
        }
        assert!(pairs.iter().all(|probe| kind(&suite.contract, probe).0 == Kind::Valid));
        assert!(pairs.len() < 200, "{} bodies", pairs.len());
    }
}

#[test]
fn every_rule_is_broken_beside_every_value_of_every_other_field() {
    for suite in suites() {
        let pairs = probes(&suite, &[Phase::Pairs], 1, 1);
        let fields =
            |probe: &Probe| -> HashMap<String, serde_json::Value> { serde_json::from_slice(&bytes(probe)).unwrap() };
        let (valid, broken): (Vec<_>, Vec<_>) = pairs.iter().partition(|probe| probe.violation.is_none());
        let values: HashSet<_> =
            valid.iter().flat_map(|probe| fields(probe)).map(|(name, value)| (name, value.to_string())).collect();
        let mut met: HashMap<ClauseId, HashSet<(String, String)>> = HashMap::new();
        for probe in &broken {
            let (kind, clauses, _) = kind(&suite.contract, probe);
            assert!(kind == Kind::Invalid && clauses.len() == 1, "{} is {kind:?}", probe.id);
            let clause = clauses.into_iter().next().unwrap();
            let seen = fields(probe).into_iter().map(|(name, value)| (name, value.to_string()));
            met.entry(clause).or_default().extend(seen);
        }
        assert!(met.len() > 15, "{} clauses", met.len());
        for (clause, met) in met {
            let is_of_another = |(name, _): &&(String, String)| !clause.starts_with(&format!("request.{name}."));
            let lonely: Vec<_> = values.iter().filter(is_of_another).filter(|value| !met.contains(value)).collect();
            assert!(lonely.is_empty(), "{clause} is not broken beside {lonely:?}");
        }
    }
}

#[test]
fn the_same_seed_sends_the_same_bytes_and_another_one_does_not() {
    for suite in suites() {
        let sent = |seed| {
            probes(&suite, &[Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random], 30, seed)
                .iter()
                .map(|probe| (probe.id.clone(), bytes(probe)))
                .collect::<Vec<_>>()
        };
        assert_eq!(sent(1), sent(1));
        assert_ne!(sent(1), sent(2));
    }
}

#[test]
fn ids_are_unique() {
    for suite in suites() {
        let mut seen = HashSet::new();
        for probe in plan(&suite, &Selection::default()).unwrap().iter() {
            assert!(seen.insert(probe.id.clone()), "{} names two probes", probe.id);
        }
    }
}

#[test]
fn a_case_and_a_field_that_are_added_change_no_other_probe() {
    let field = "        min_disk:\n          description: Disk space in GB that the image needs at least";
    let last = "          x-unspecified:\n            - title: a disk size of null";
    let added = "        zone_hint:\n          description: A field of tomorrow. Request table.\n          type: string\n          maxLength: 9\n";
    let text = fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
    assert!(text.contains(field) && text.contains(last));
    let case = "title: a case of tomorrow\nclauses: [request.name.type]\nrequest: {body: {name: tomorrow}}\nexpect: {status: 201}\n";
    let at = "    Image:\n      type: object\n      description: The page, section Response.";
    let (_folder, grown) = changed_suite(&[(at, &format!("{added}\n{at}"))], &[("name/accepts_tomorrow.yaml", case)]);
    assert!(grown.contract.creation.request.properties.contains_key("zone_hint"));
    let phases = [Phase::Case, Phase::Boundary, Phase::Random];
    let now: HashMap<_, _> =
        probes(&grown, &phases, 20, 1).into_iter().map(|probe| (probe.id.clone(), bytes(&probe))).collect();
    // Bodies of all fields, and of all but one, hold the new field: that is what they are about.
    for before in probes(&suite(), &phases, 20, 1).iter().filter(|probe| !probe.id.starts_with("boundary/presence/")) {
        assert_eq!(now.get(&before.id), Some(&bytes(before)), "{} has changed", before.id);
    }
}

/// Runs the true suite's probes against a stub of a changed contract and returns what is found.
async fn found_against(changes: &[(&str, &str)], phases: &[Phase]) -> (Arc<Suite>, Vec<Finding>, u64) {
    let (_folder, faulty) = changed_suite(changes, &[]);
    let (suite, token) = (suite(), Token::random());
    let service = StubService::new(Arc::clone(&faulty.contract), token.clone(), None);
    let target = Arc::new(Target::local(&suite.contract, Arc::new(service), Setup::new(Access::Token(token))));
    let options = Options { concurrency: 8, looks_first: false, ..Options::default() };
    let selection = Selection { phases: phases.to_vec(), examples: 40, seed: Seed(1), ..Selection::default() };
    let mut spent = 0;
    let count = |event: &Event, _: &Fold| {
        if let Event::Shrunk(record) = event {
            spent += record.exchanges.len() as u64;
        }
    };
    let plan = plan(&suite, &selection).unwrap();
    let findings = run(&suite, &plan, &target, &options, Question::default(), count).await.unwrap().findings;
    (suite, findings, spent)
}

#[tokio::test]
async fn shrinking_ends_at_the_smallest_body_within_its_budget() {
    let ram = "          type: integer\n          minimum: 0\n          x-error-code: IMG.0055\n          default: 0";
    let looser_ram = ram.replace("minimum: 0", "minimum: -50");
    let table: [(&[(&str, &str)], &str, &str); 5] = [
        (
            &[("          maximum: 1024\n          x-error-code", "          maximum: 512\n          x-error-code")],
            "status.201",
            r#"{"min_disk":513}"#,
        ),
        (
            &[(
                "          maximum: 1024\n          x-error-code",
                "          maximum: 4000000000\n          x-error-code",
            )],
            "request.min_disk.maximum",
            r#"{"min_disk":1025}"#,
        ),
        (&[(ram, &looser_ram)], "request.min_ram.minimum", r#"{"min_ram":-1}"#),
        (&[("          default: zvhd2", "          default: raw")], "request.disk_format.default", "{}"),
        (
            &[("enum: [zvhd2, vhd, raw, qcow2]", "enum: [zvhd2, vhd, raw]")],
            "request.disk_format.enum",
            r#"{"disk_format":"qcow2"}"#,
        ),
    ];
    for (changes, clause, smallest) in table {
        let (_, findings, spent) = found_against(changes, &[Phase::Random]).await;
        let finding = findings
            .iter()
            .find(|finding| finding.clause == clause)
            .unwrap_or_else(|| panic!("{clause} was not found"));
        let body = String::from_utf8(finding.requests[0].body.clone().unwrap()).unwrap();
        // A number is as small however it is spelled.
        assert_eq!(body.replace(".0}", "}"), smallest, "{clause}");
        assert_eq!(findings.len(), 1, "{clause}");
        assert!(spent <= 60 * 3, "{clause}: {spent} requests");
    }
}

#[tokio::test]
async fn a_pair_that_fails_loses_what_is_not_to_blame() {
    let (_, findings, _) =
        found_against(&[("enum: [zvhd2, vhd, raw, qcow2]", "enum: [zvhd2, vhd, raw]")], &[Phase::Pairs]).await;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].requests[0].body.as_deref(), Some(br#"{"disk_format":"qcow2"}"#.as_slice()));
}

#[tokio::test]
async fn a_finding_is_a_case_that_can_be_saved_and_read_again() {
    let changes = [
        ("          maximum: 1024\n          x-error-code", "          maximum: 2048\n          x-error-code"),
        ("          default: zvhd2", "          default: raw"),
    ];
    let (suite, findings, _) = found_against(&changes, &[Phase::Boundary, Phase::Random]).await;
    assert_eq!(
        findings.iter().map(|finding| finding.clause.as_str()).collect::<Vec<_>>(),
        ["request.disk_format.default", "request.min_disk.maximum"]
    );
    for finding in &findings {
        let file = finding.case_file.as_ref().unwrap();
        let id = file.path.strip_suffix(".yaml").unwrap();
        let node = document::parse(&file.path, &file.text).unwrap_or_else(|error| panic!("{error}"));
        let case = Case::read(&suite.contract, id, &node).unwrap_or_else(|error| panic!("{error}\n{}", file.text));
        assert_eq!(case.clauses, std::slice::from_ref(&finding.clause));
        assert_eq!(bytes(&case.probes[0]), finding.requests[0].body.clone().unwrap());
    }
}
