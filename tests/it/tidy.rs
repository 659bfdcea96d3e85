//! Tests whose subject is the project itself: its data files, and where in the tree things may stand.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use ims_conformance::contract::Assessment;
use ims_conformance::suite::Suite;

fn suites() -> impl Iterator<Item = Suite> {
    let read = |name| Suite::from_dir(&Path::new("cases").join(name)).unwrap_or_else(|error| panic!("{error}"));
    Suite::built_in_names().map(read)
}

fn files_below(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a source file that are neither comments nor tests.
fn code_lines(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().enumerate().map(|(index, line)| (index + 1, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.starts_with("//")).collect()
}

#[test]
fn every_clause_that_a_run_can_assess_is_shown_by_a_case() {
    for suite in suites() {
        let shown: HashSet<_> = suite.cases.iter().flat_map(|case| &case.clauses).collect();
        let missing: Vec<_> = suite
            .contract
            .clauses
            .values()
            .filter(|clause| clause.assessment == Assessment::Always && !shown.contains(&clause.id))
            .map(|clause| &clause.id)
            .collect();
        assert!(missing.is_empty(), "a clause without a case is a promise that nobody looks at: {missing:#?}");
    }
}

#[test]
fn the_clauses_are_those_that_were_reviewed() {
    for suite in suites() {
        let lines: Vec<_> =
            suite.contract.clauses.values().map(|clause| format!("{}  {}", clause.id, clause.text)).collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("clauses_{}", suite.name), lines.join("\n"));
        });
    }
}

#[test]
fn every_case_has_its_snapshot_and_every_snapshot_its_case() {
    for suite in Suite::built_in_names() {
        let names = |dir: &str, ending| -> HashSet<String> {
            let root = Path::new(dir).join(suite);
            let within = |path: &PathBuf| path.strip_prefix(&root).unwrap().with_extension("").display().to_string();
            files_below(&root, ending).iter().map(within).collect()
        };
        let mut cases = names("cases", "yaml");
        assert!(cases.remove("contract"));
        cases.retain(|name| !["baseline", "clouds-public"].contains(&name.as_str()));
        let mut snapshots = names("snapshots", "snap");
        assert!(snapshots.remove("usual"));
        let odd: Vec<_> = cases.symmetric_difference(&snapshots).collect();
        assert!(
            odd.is_empty(),
            "a case without a snapshot was never reviewed, a snapshot without a case is dead: {odd:#?}"
        );
    }
}

#[test]
fn titles_are_unique_short_and_fragments_of_a_sentence() {
    let mut seen = HashSet::new();
    for (suite, case) in suites().flat_map(|suite| suite.cases.into_iter().map(move |case| (suite.name.clone(), case)))
    {
        let title = &case.title;
        assert!(seen.insert((suite, title.clone())), "`{title}` does not tell two cases apart");
        assert!(title.chars().count() <= 90, "`{title}` does not fit a line of a report");
        assert!(
            !title.ends_with('.') && !title.starts_with(|first: char| first.is_ascii_uppercase()),
            "`{title}` ends a line"
        );
    }
}

#[test]
fn case_files_are_named_so_that_a_selector_is_easy_to_type() {
    for case in suites().flat_map(|suite| suite.cases) {
        let is_plain = case
            .id
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_/".contains(letter));
        assert!(is_plain, "{}", case.id);
        assert_eq!(case.id.split('/').count(), 2, "{} stands in a folder that says what it is about", case.id);
    }
}

/// Words of OpenAPI and of case files that happen to be fields of the API too.
const SHARED_WORDS: [&str; 7] = ["id", "name", "schema", "properties", "file", "status", "tags"];

#[test]
fn no_source_file_knows_the_api() {
    let mut forbidden: Vec<String> = ["/v2/", "X-Auth-Token", "IMG."].map(str::to_owned).into();
    for contract in suites().map(|suite| suite.contract) {
        let fields = contract.creation.request.properties.keys().chain(contract.creation.response.properties.keys());
        let own = fields.filter(|name| !SHARED_WORDS.contains(&name.as_str()));
        forbidden.extend(own.map(|name| format!("\"{name}\"")));
        let paths = contract.operations.iter().map(|operation| operation.path.as_str());
        // The root is in each path.
        forbidden.extend(paths.filter(|path| *path != "/").map(str::to_owned));
    }
    for path in files_below(Path::new("src"), "rs") {
        for (number, line) in code_lines(&path) {
            let known = forbidden.iter().find(|word| line.contains(word.as_str()));
            assert_eq!(
                known,
                None,
                "{}:{number} knows something that belongs into the contract: {line}",
                path.display()
            );
        }
    }
}

/// Where an outside crate may be named, and what a module may not know of.
const CONFINED: [(&str, &[&str]); 14] = [
    ("reqwest::", &["src/http.rs", "src/http/"]),
    ("rustls::", &["src/http/", "src/stub/tls.rs"]),
    ("wiremock::", &["src/stub/mock.rs"]),
    ("hyper::", &["src/stub/server.rs"]),
    ("clap::", &["src/cli.rs", "src/cli/", "src/main.rs"]),
    ("serde_saphyr::", &["src/document/"]),
    ("annotate_snippets::", &["src/document/"]),
    ("include_dir::", &["src/suite.rs", "src/suite/files.rs"]),
    ("indicatif::", &["src/cli/"]),
    ("csv::", &["src/contract/table.rs"]),
    ("use ring::", &["src/client/signature.rs", "src/ledger/chain.rs"]),
    (
        "data_encoding::",
        &[
            "src/client/signature.rs",
            "src/contract/security.rs",
            "src/secret/disguise.rs",
            "src/ledger/chain.rs",
            "src/stub/credential.rs",
        ],
    ),
    (
        "percent_encoding::",
        &[
            "src/client/signature/",
            "src/client/ownership/spelling.rs",
            "src/openapi/document.rs",
            "src/stub/service.rs",
        ],
    ),
    ("crate::cli::", &["src/main.rs", "src/cli/"]),
];

/// Data flows one way, `suite ► plan ► run ► results ► report`: the rooms on the left, and what they may not know of.
const MAY_NOT_KNOW: [(&str, &[&str]); 13] = [
    (
        "src/document",
        &["crate::contract", "crate::case", "crate::judge", "crate::client", "crate::run", "crate::suite"],
    ),
    ("src/contract", &["crate::case", "crate::exchange", "crate::judge", "crate::client", "crate::run", "crate::stub"]),
    ("src/case", &["crate::client", "crate::run", "crate::stub", "crate::results", "crate::report", "crate::suite"]),
    (
        "src/openapi",
        &[
            "crate::case",
            "crate::judge",
            "crate::client",
            "crate::run",
            "crate::stub",
            "crate::results",
            "crate::report",
            "crate::suite",
        ],
    ),
    ("src/judge", &["crate::client", "crate::run", "crate::stub", "crate::results", "crate::report", "crate::suite"]),
    ("src/plan", &["crate::client", "crate::run", "crate::stub", "crate::results", "crate::report"]),
    ("src/http", &["crate::"]),
    (
        "src/identity",
        &[
            "crate::client",
            "crate::exchange",
            "crate::contract",
            "crate::case",
            "crate::judge",
            "crate::run",
            "crate::results",
            "crate::stub",
        ],
    ),
    (
        "src/client",
        &[
            "crate::identity",
            "crate::judge",
            "crate::run",
            "crate::results",
            "crate::report",
            "crate::stub",
            "crate::case",
            "crate::suite",
        ],
    ),
    ("src/run", &["crate::report", "crate::stub", "crate::case", "crate::identity"]),
    ("src/results", &["client::Target", "crate::report", "crate::stub", "crate::identity", "crate::ledger"]),
    ("src/report", &["crate::client::Target", "crate::stub", "crate::judge", "crate::suite", "crate::ledger"]),
    ("src/stub", &["crate::run", "crate::results", "crate::report", "crate::plan", "crate::suite"]),
];

#[test]
fn each_outside_crate_is_confined_and_data_flows_one_way() {
    for path in files_below(Path::new("src"), "rs") {
        let shown = path.display().to_string();
        for (number, line) in code_lines(&path) {
            for (name, places) in CONFINED {
                let is_at_home = places.iter().any(|place| shown.starts_with(place));
                assert!(is_at_home || !line.contains(name), "{shown}:{number}: {name} belongs into {places:?}");
            }
            for (place, forbidden) in MAY_NOT_KNOW {
                let known = forbidden.iter().find(|name| shown.starts_with(place) && line.contains(*name));
                assert_eq!(known, None, "{shown}:{number}: {place} may not know it");
            }
        }
    }
}

#[test]
fn no_file_has_grown_so_long_that_it_holds_two_things() {
    for path in files_below(Path::new("src"), "rs").into_iter().chain(files_below(Path::new("tests"), "rs")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
        assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", path.display());
    }
}

#[test]
fn the_contract_names_the_place_of_every_rule() {
    let contracts: Vec<_> = suites().map(|suite| suite.contract).collect();
    for clause in contracts.iter().flat_map(|contract| contract.clauses.values()) {
        let place = ["page", "table", "section", "schema"].iter().any(|word| clause.source.contains(word));
        assert!(place, "{} does not say where the documentation has it: {:?}", clause.id, clause.source);
    }
}

#[test]
fn every_checkout_has_the_same_bytes() {
    let attributes = fs::read_to_string(".gitattributes").unwrap();
    assert!(attributes.lines().any(|line| line == "* text=auto eol=lf"), "git on Windows checks out other line ends");
}
