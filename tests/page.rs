//! The page of a report in a real browser, Debian's Chromium: nothing is loaded, no script fails, the search works, and what a server says stays text. Without a
//! browser that is said, and nothing is held.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::fs;
use std::process::Command;

use ims_conformance::client::Limits;
use ims_conformance::report::Format;
use ims_conformance::report::model::{About, Report};
use ims_conformance::secret::Secrets;
use outcomes::{answered, answered_with};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Counts what goes wrong, from before the first line of the page on.
const BEFORE: &str =
    "<script>window.errors = []; addEventListener('error', event => errors.push(String(event.message)));
addEventListener('securitypolicyviolation', event => errors.push(event.violatedDirective));
window.alert = text => errors.push('alert ' + text);</script>";

/// Uses the page as a person does, and leaves what came of it where the test finds it.
const AFTER: &str = r##"<script>
const shown = () => [...document.querySelectorAll(".finding")].filter(each => each.offsetParent !== null).length;
const rows = () => [...document.querySelectorAll("#rows tr")].filter(each => each.offsetParent !== null).length;
const type = (id, text) => { const field = document.getElementById(id); field.value = text; field.dispatchEvent(new Event("input")); field.dispatchEvent(new Event("change")); };
const seen = { all: shown(), rows: rows() };
type("search", "response.");
seen.some = shown();
seen.told = document.getElementById("shown").textContent;
type("search", "");
type("clause-verdict", "broken");
seen.broken = rows();
type("clause-search", "min_disk");
seen.min = rows();
seen.dead = [...document.querySelectorAll("a[href^='#']")].filter(each => !document.getElementById(each.getAttribute("href").slice(1))).map(each => each.getAttribute("href"));
seen.loaded = performance.getEntriesByType("resource").map(each => each.name);
seen.landmarks = ["header", "main", "nav", "footer"].filter(each => document.querySelector(each) === null);
seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
seen.scripts = document.querySelectorAll(".finding script").length;
seen.errors = window.errors;
const out = document.createElement("output"); out.id = "seen"; out.textContent = JSON.stringify(seen); document.body.append(out);
</script></body>"##;

fn report() -> Report {
    let hostile = r#"{"id": "<script>alert(1)</script>", "</pre><script>alert(2)</script>": "\u202e"}"#;
    let records = vec![
        answered_with("min_disk/rejects_0", 201, hostile),
        answered_with("name/accepts_127_characters", 201, hostile),
        answered("min_ram/defaults_to_0", 500),
        answered("tags/accepts_no_tags", 503),
    ];
    let repeat = "ims-conformance run --seed 1".to_owned();
    let about = About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::default(), repeat };
    Report::of(&outcomes::report(records), &about, &Secrets::default())
}

#[test]
fn the_page_works_in_a_browser_and_loads_nothing() {
    let Some(browser) = BROWSERS.iter().find(|name| Command::new(name).arg("--version").output().is_ok()) else {
        println!("skipped: none of {BROWSERS:?} is installed, so that nobody looked at the page");
        return;
    };
    let report = report();
    let page = Format::Html.render(&report).unwrap();
    let page = page.replacen("<meta charset", &format!("{BEFORE}<meta charset"), 1).replace("</body>", AFTER);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, page).unwrap();
    for width in ["1280,900", "500,900"] {
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", &format!("--window-size={width}")])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("file://{}", file.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        let seen = dom.split("<output id=\"seen\">").nth(1).unwrap_or_else(|| panic!("{dom}"));
        let seen =
            seen.split("</output>").next().unwrap().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let seen: Value = serde_json::from_str(&seen).unwrap();
        let count = |name: &str| seen[name].as_u64().unwrap();
        assert_eq!(count("all"), report.findings.len() as u64, "{seen}");
        assert_eq!(count("rows"), report.clauses.len() as u64, "{seen}");
        assert!(count("some") > 0 && count("some") < count("all"), "{seen}");
        assert_eq!(seen["told"], format!("{} of {}", count("some"), count("all")));
        assert!(count("broken") > 1 && count("broken") < count("rows") && count("min") < count("broken"), "{seen}");
        for none in ["dead", "loaded", "landmarks", "errors"] {
            assert_eq!(seen[none], Value::Array(Vec::new()), "{none}: {seen}");
        }
        assert_eq!((count("scripts"), seen["wide"].as_bool()), (0, Some(false)), "{seen}");
    }
}

#[test]
fn the_page_names_no_other_place_and_runs_nothing_of_what_a_server_says() {
    let page = Format::Html.render(&report()).unwrap();
    for way in ["src=\"http", "href=\"http", "url(", "@import", "fetch(", "<link rel=\"stylesheet"] {
        assert!(!page.contains(way), "{way}");
    }
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(page.contains("&#60;script&#62;alert(1)"), "what came is shown");
}
