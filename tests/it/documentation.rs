//! The README and the reference pages: each command is run, each output that they show is a real one, and nothing that they name is missing.
//!
//! `DOCUMENTATION=overwrite cargo test --test it documentation::` writes what the commands print now into the pages. A line `…` stands for lines that a page
//! leaves out. What varies from run to run, such as times, is not compared.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::pages::{Block, Page, Shown};
use crate::shell::Shell;
use clap::CommandFactory;
use ims_conformance::baseline::Baseline;
use ims_conformance::cli::Cli;
use ims_conformance::document::parse;
use ims_conformance::suite::Suite;
use regex::Regex;

/// What no test here runs, as it needs a cloud, or takes minutes. Each is named, so that a new one is not left out unseen.
const NOT_RUN: [&str; 7] = [
    "cargo test",
    "ims-conformance doctor --os-cloud my-cloud         # examines the target; creates nothing",
    "ims-conformance list --plan --os-cloud my-cloud    # what a run costs at most",
    "ims-conformance run --os-cloud my-cloud",
    "ims-conformance list --plan --os-cloud my-cloud    # what a run costs at most; sends no probe",
    "ims-conformance sweep --os-cloud my-cloud",
    "ims-conformance run --suite glance --endpoint http://127.0.0.1:20010",
];

/// Every page: those that GitHub shows with their folders, and those beside them.
fn pages() -> Vec<Page> {
    let mut paths = ["README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md"].map(PathBuf::from).to_vec();
    for folder in ["cases", "src", "tests", "benches"] {
        find(Path::new(folder), &mut paths);
    }
    paths.iter().map(|path| Page::read(path)).collect()
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            paths.push(path);
        }
    }
}

/// A text without what differs from run to run.
fn normal(line: &str) -> String {
    const VARYING: [(&str, &str); 6] = [
        (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", "TIME"),
        (r"\w{3}, [0-9]{2} \w{3} [0-9]{4} [0-9:]{8} GMT", "TIME"),
        (r"[0-9]+ requests in [0-9]+\.[0-9]+ s", "REQUESTS"),
        (r"127\.0\.0\.1:[0-9]+", "ADDRESS"),
        (r"conformance-[0-9a-f]{12}-[0-9]+", "MARK"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    ];
    let replace = |line: String, (pattern, name): (&str, &str)| {
        Regex::new(pattern).unwrap().replace_all(&line, name).into_owned()
    };
    VARYING.into_iter().fold(line.trim_end().to_owned(), replace)
}

/// What a run says after each half minute.
fn is_progress(line: &str) -> bool {
    line.contains(" probes, ") && line.ends_with(" left")
}

const LEFT_OUT: &str = "…";

/// Whether the output is the one that is shown, but for the lines that a page leaves out.
fn is_shown(shown: &[String], output: &[String]) -> bool {
    let output: Vec<_> = output.iter().map(|line| normal(line)).collect();
    let shown: Vec<_> = shown.iter().map(|line| normal(line)).collect();
    let parts: Vec<_> = shown.split(|line| line == LEFT_OUT).collect();
    let [first, between @ .., last] = parts.as_slice() else { return parts == [output.as_slice()] };
    let Some(mut rest) = output.strip_prefix(*first).and_then(|rest| rest.strip_suffix(*last)) else { return false };
    between.iter().filter(|part| !part.is_empty()).all(|part| {
        let found = rest.windows(part.len()).position(|window| window == *part);
        rest = found.map_or(&[], |start| &rest[start + part.len()..]);
        found.is_some()
    })
}

/// The real output, as the page shows it: where it leaves lines out, as many as before stay around them.
fn as_shown(shown: &[String], output: &[String]) -> Vec<String> {
    let Some(gap) = shown.iter().position(|line| line == LEFT_OUT) else { return output.to_vec() };
    let last = shown.len() - gap - 1;
    assert!(!shown[gap + 1..].iter().any(|line| line == LEFT_OUT), "two gaps are for somebody to fill: {shown:#?}");
    let end = output.len().checked_sub(last).unwrap_or_else(|| panic!("{output:#?} is too short for {shown:#?}"));
    let kept = [&output[..gap], &[LEFT_OUT.to_owned()], &output[end..]];
    kept.concat()
}

/// Does what a page says, from its first block to the last.
fn follow(path: &str) {
    let page = Page::read(Path::new(path));
    let mut shell = Shell::new();
    let (mut wrong, mut replaced) = (Vec::new(), Vec::new());
    for block in page.blocks() {
        if let Some(file) = block.file() {
            shell.write(file, &block.text());
        }
        let commands = if block.language == "console" { block.commands() } else { Vec::new() };
        for shown in &commands {
            if block.note == "needs a cloud" || NOT_RUN.contains(&shown.command.as_str()) {
                assert!(NOT_RUN.contains(&shown.command.as_str()), "{path}: `{}` is not in NOT_RUN", shown.command);
                continue;
            }
            let (code, mut output) = shell.run(&shown.command);
            // A long run says now and then how far it is; how long it takes is up to the machine.
            output.retain(|line| !is_progress(line));
            let expected = expected_code(&block, shown.start == commands.last().map_or(0, |last| last.start));
            if code != expected {
                wrong.push(format!("`{}` exits with {code}, not {expected}:\n{}", shown.command, output.join("\n")));
            } else if !shown.output.is_empty() && !is_shown(&shown.output, &output) {
                wrong.push(format!("line {}: `{}` prints\n{}\n", shown.start, shown.command, output.join("\n")));
                replaced.push((shown.start, shown.output.len(), as_shown(&shown.output, &output)));
            }
        }
    }
    if std::env::var("DOCUMENTATION").is_ok_and(|wish| wish == "overwrite") && !replaced.is_empty() {
        overwrite(page, replaced);
    }
    assert!(
        wrong.is_empty(),
        "{path}:\n{}\n\nDOCUMENTATION=overwrite cargo test --test it documentation:: writes what is printed into the pages",
        wrong.join("\n")
    );
}

/// The exit code of a command: that which the block names for its last one.
fn expected_code(block: &Block, is_last: bool) -> i32 {
    let code = block.note.strip_prefix("exits with ").filter(|_| is_last);
    code.map_or(0, |code| code.parse().unwrap_or_else(|_| panic!("{}", block.note)))
}

fn overwrite(mut page: Page, replaced: Vec<(usize, usize, Vec<String>)>) {
    for (start, count, lines) in replaced.into_iter().rev() {
        page.lines.splice(start..start + count, lines.into_iter().map(|line| line.trim_end().to_owned()));
    }
    fs::write(&page.path, page.lines.join("\n") + "\n").unwrap();
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    follow("README.md");
}

#[test]
fn the_page_about_the_commands_shows_what_they_print() {
    follow("src/cli/README.md");
}

#[test]
fn the_page_about_live_runs_shows_what_its_commands_print() {
    follow("src/cli/OPERATING.md");
}

#[test]
fn the_page_about_cases_shows_what_its_commands_print() {
    follow("cases/README.md");
}

#[test]
fn the_guide_to_another_call_shows_what_its_commands_print() {
    follow("cases/NEW-SUITE.md");
}

#[test]
fn the_page_about_the_tests_shows_what_its_commands_print() {
    follow("tests/README.md");
}

/// The pages above, and those without a command that can be run here.
const FOLLOWED: [&str; 11] = [
    ".github/CONTRIBUTING.md",
    "CHANGELOG.md",
    "README.md",
    "cases/CONTRACT.md",
    "cases/NEW-SUITE.md",
    "cases/README.md",
    "cases/glance/README.md",
    "src/cli/CI.md",
    "src/cli/OPERATING.md",
    "src/cli/README.md",
    "tests/README.md",
];

#[test]
fn every_page_is_followed() {
    let mut names: Vec<_> = pages().iter().map(Page::name).collect();
    names.sort();
    assert_eq!(names, FOLLOWED);
    let commands: BTreeSet<_> = pages()
        .iter()
        .flat_map(Page::blocks)
        .filter(|block| block.language == "console")
        .flat_map(|block| block.commands().into_iter().map(|shown: Shown| shown.command))
        .collect();
    let gone: Vec<_> = NOT_RUN.iter().filter(|command| !commands.contains(**command)).collect();
    assert!(gone.is_empty(), "no page has these commands any more: {gone:?}");
}

/// The commands, each with the options that it and the commands below it take, short ones included.
fn commands() -> Vec<(String, BTreeSet<String>)> {
    fn options(command: &clap::Command) -> BTreeSet<String> {
        let of = |argument: &clap::Arg| {
            let long = argument.get_long_and_visible_aliases().into_iter().flatten().map(|name| format!("--{name}"));
            long.chain(argument.get_short().map(|letter| format!("-{letter}"))).collect::<Vec<_>>()
        };
        command.get_arguments().flat_map(of).chain(command.get_subcommands().flat_map(options)).collect()
    }
    let mut command = Cli::command();
    command.build();
    command.get_subcommands().map(|command| (command.get_name().to_owned(), options(command))).collect()
}

/// What is wrong with a piece of code that may be a command of this program, or an option of it.
fn complaint(code: &str, commands: &[(String, BTreeSet<String>)]) -> Option<String> {
    // What is quoted is for somebody else.
    let code = Regex::new(r#""(\\.|[^"\\])*"|'[^']*'"#).unwrap().replace_all(code, "…");
    let mut words = code.split_whitespace().skip_while(|word| word.contains('=') && !word.starts_with('-'));
    let first = words.next()?;
    let name = if first == "ims-conformance" { words.next()? } else { first };
    let option = |word: &str| {
        let word = word.trim_end_matches(',').split('=').next().unwrap_or_default().to_owned();
        let is_long =
            word.strip_prefix("--").is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_lowercase()));
        let is_short = word.len() == 2 && word.starts_with('-');
        (is_long || is_short).then_some(word)
    };
    let used = code.split('|').next().unwrap_or_default().split_whitespace().filter_map(option);
    let known: BTreeSet<_> = match commands.iter().find(|(command, _)| command == name) {
        Some((_, options)) => options.iter().collect(),
        None if first == "ims-conformance" => return Some(format!("there is no command `{name}`")),
        None if first.starts_with("--") => commands.iter().flat_map(|(_, options)| options).collect(),
        None => return None,
    };
    used.into_iter().find(|option| !known.contains(option)).map(|option| format!("there is no option {option}"))
}

#[test]
fn every_option_that_a_page_names_exists() {
    let commands = commands();
    for page in pages() {
        let blocks = page.blocks();
        let lines = blocks.iter().filter(|block| block.language == "console").flat_map(Block::commands);
        for code in lines.map(|shown| shown.command.replace("cargo run -- ", "ims-conformance ")).chain(page.spans()) {
            if let Some(complaint) = complaint(&code, &commands) {
                panic!("{}: `{code}`: {complaint}", page.name());
            }
        }
    }
}

#[test]
fn an_option_that_does_not_exist_is_found() {
    let commands = commands();
    for (code, is_wrong) in [
        ("ims-conformance run --no-such", true),
        ("OS_TOKEN=x ims-conformance run --sed 1", true),
        ("ims-conformance walk", true),
        ("--no-such FILE", true),
        ("sweep --seed 1", true),
        ("run -x", true),
        ("run --seed 1", false),
        ("--likely", false),
        ("cargo test --test it documentation::", false),
        ("ims-conformance list | tail --lines 1", false),
        ("ims-conformance from-curl 'curl -X POST'", false),
    ] {
        assert_eq!(complaint(code, &commands).is_some(), is_wrong, "{code}");
    }
}

/// The name by which GitHub links to a heading.
fn anchor(heading: &str) -> String {
    let plain = heading.trim().to_lowercase();
    let kept = plain.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)]+)\)").unwrap();
    for page in pages() {
        for found in link.captures_iter(&page.prose()) {
            let target = &found[1];
            let (path, heading) = target.split_once('#').map_or((target, None), |(path, name)| (path, Some(name)));
            if path.contains("://") {
                continue;
            }
            let file = if path.is_empty() { page.path.clone() } else { page.path.with_file_name("").join(path) };
            assert!(file.exists(), "{}: {target} is not there", page.name());
            if let Some(heading) = heading {
                let other = Page::read(&file);
                let mut headings = other.lines.iter().filter_map(|line| line.strip_prefix('#'));
                let has_it = headings.any(|line| anchor(line.trim_start_matches('#')) == heading);
                assert!(has_it, "{}: {target} has no such heading", page.name());
            }
        }
    }
}

#[test]
fn every_test_file_is_described_and_compiled() {
    let page = Page::read(Path::new("tests/README.md")).prose();
    let compiled = fs::read_to_string("tests/it/main.rs").unwrap();
    for dir in ["tests", "tests/it"] {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
            assert!(page.contains(&format!("`{name}`")), "tests/README.md says nothing of {name}");
            let is_compiled = dir == "tests" || compiled.contains(&format!("\nmod {module};\n"));
            assert!(is_compiled, "tests/it/main.rs does not name {module}, so that its tests never run");
        }
    }
}

#[test]
fn the_list_of_known_deviations_that_a_page_shows_is_one() {
    let contract = Suite::built_in("otc").unwrap().unwrap().contract;
    let blocks = Page::read(Path::new("src/cli/OPERATING.md")).blocks();
    let block = blocks.iter().find(|block| block.file() == Some("known.yaml")).unwrap();
    let node = parse("known.yaml", &block.text()).unwrap();
    Baseline::default().add(&contract, &node).unwrap();
}
