//! The pages of a report and of a comparison in a real browser, Debian's Chromium: nothing is loaded, no script fails, search and anchors work, all of it can be
//! read and reached by keyboard in both themes, and what a server says stays text. Without a browser that is said, and nothing is held.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::fs;
use std::process::Command;

use crate::every_kind::{every_kind, hostile, nothing, without_one_finding};
use ims_conformance::report::Format;
use ims_conformance::report::compare::{self, Comparison};
use ims_conformance::report::model::Report;
use serde_json::Value;
use tempfile::TempDir;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Counts what goes wrong, from before the first line of the page on.
const BEFORE: &str =
    "<script>window.errors = []; addEventListener('error', event => errors.push(String(event.message)));
addEventListener('securitypolicyviolation', event => errors.push(event.violatedDirective));
window.alert = text => errors.push('alert ' + text);</script>";

/// Looks at any page, and leaves what came of it where the test finds it. Of a rule that is broken it names the elements.
const LOOK: &str = r#"
const all = selector => [...document.querySelectorAll(selector)];
const seen = {};
const name = each => each.tagName + "." + each.getAttribute("class") + " " + each.textContent.slice(0, 40);
const channels = text => (text.match(/[\d.]+/g) || []).map(Number);
const clear = color => color.length === 4 && color[3] === 0;
const luminance = color => {
  const [red, green, blue] = color.slice(0, 3).map(each => each / 255).map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [high, low] = [luminance(one), luminance(other)].sort((one, other) => other - one);
  return (high + 0.05) / (low + 0.05);
};
const behind = each => {
  for (; each; each = each.parentElement) {
    const color = channels(getComputedStyle(each).backgroundColor);
    if (!clear(color)) return color;
  }
  return [255, 255, 255];
};
// WCAG 2 AA: 4.5 for text, 3 for large text and for what is drawn.
const texts = all("body *").filter(each => !each.closest("script, svg") && [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && each.offsetParent !== null);
const pale = texts.filter(each => {
  const style = getComputedStyle(each), size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  return contrast(channels(style.color), behind(each)) < (large ? 3 : 4.5);
}).map(name);
const hints = all("input[placeholder]").filter(each => contrast(channels(getComputedStyle(each, "::placeholder").color), behind(each)) < 4.5).map(name);
const drawn = all("svg rect, svg text").filter(each => contrast(channels(getComputedStyle(each).fill), behind(each.closest("figure"))) < (each.tagName === "text" ? 4.5 : 3)).map(name);
seen.pale = [...pale, ...hints, ...drawn];
seen.texts = texts.length;
seen.plots = all("svg[role=img][aria-label]").filter(each => each.getBoundingClientRect().height > 20).length;
// What is to be used can be reached by keyboard, shows that it is, and has a name.
const used = all("a[href], input, select, summary, button, [tabindex]");
const rules = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).filter(rule => (rule.selectorText || "").includes(":focus-visible") && rule.style.outline.includes("solid"));
const outlined = each => rules.some(rule => each.matches(rule.selectorText.replaceAll(":focus-visible", "") || "*"));
seen.unreachable = used.filter(each => { each.focus(); return document.activeElement !== each || !outlined(each); }).map(name);
seen.nameless = used.filter(each => !(each.getAttribute("aria-label") || each.textContent.trim() || (each.labels && each.labels.length))).map(name);
seen.jumping = all("[tabindex]").filter(each => each.tabIndex > 0).map(name);
if (document.activeElement) document.activeElement.blur();
const ids = all("[id]").map(each => each.id);
seen.twice = ids.filter((id, index) => ids.indexOf(id) !== index);
const levels = all("h1, h2, h3, h4").map(each => Number(each.tagName[1]));
seen.levels = levels.filter((level, index) => level > (index ? levels[index - 1] : 0) + 1);
seen.headless = all("th:not([scope])").map(name);
seen.dead = all("a[href^='#']").filter(each => !document.getElementById(each.getAttribute("href").slice(1))).map(each => each.getAttribute("href"));
seen.unmoved = all("nav a, .first a").filter(each => { scrollTo(0, 0); each.click(); const top = document.getElementById(location.hash.slice(1)).getBoundingClientRect().top; return top < -2 || top > innerHeight; }).map(name);
seen.loaded = performance.getEntriesByType("resource").map(each => each.name);
seen.landmarks = ["header", "main", "nav"].filter(each => document.querySelector(each) === null);
seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
seen.lang = document.documentElement.lang;
"#;

/// Uses the page of a report as a person does.
const USE: &str = r##"
const shown = () => all(".finding").filter(each => each.offsetParent !== null).length;
const rows = () => all("#rows tr").filter(each => each.offsetParent !== null).length;
const type = (id, text) => { const field = document.getElementById(id); field.value = text; field.dispatchEvent(new Event("input")); field.dispatchEvent(new Event("change")); };
seen.all = shown();
seen.rows = rows();
type("search", "response.");
seen.some = shown();
seen.told = document.getElementById("shown").textContent;
type("search", "");
type("clause-verdict", "broken");
seen.broken = rows();
type("clause-search", "min_disk");
seen.min = rows();
seen.scripts = all(".finding script").length;
"##;

const AFTER: &str = r#"
seen.errors = window.errors;
const out = document.createElement("output"); out.id = "seen"; out.textContent = JSON.stringify(seen); document.body.append(out);
"#;

/// What must be empty of what was seen.
const NONE: [&str; 12] = [
    "pale",
    "unreachable",
    "nameless",
    "jumping",
    "twice",
    "levels",
    "headless",
    "dead",
    "unmoved",
    "loaded",
    "landmarks",
    "errors",
];

/// A window, and the theme that its owner prefers.
const WINDOWS: [(&str, &[&str]); 3] = [
    ("1280,900", &[]),
    ("500,900", &[]),
    ("1280,900", &["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]),
];

fn browser() -> Option<&'static str> {
    let found = BROWSERS.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        println!("skipped: none of {BROWSERS:?} is installed, so that nobody looked at the page");
    }
    found
}

/// What is seen of a page in each window, of which nothing may be wrong.
fn look(browser: &str, page: &str, how: &str) -> Vec<Value> {
    let all = see(browser, page, how);
    for (seen, window) in all.iter().zip(WINDOWS) {
        for none in NONE {
            assert_eq!(seen[none], Value::Array(Vec::new()), "{none}, {window:?}: {seen}");
        }
        assert_eq!((seen["wide"].as_bool(), seen["lang"].as_str()), (Some(false), Some("en")), "{seen}");
    }
    all
}

/// What is seen of a page in each window.
fn see(browser: &str, page: &str, how: &str) -> Vec<Value> {
    let after = format!("<script>{LOOK}{how}{AFTER}</script></body>");
    let page = page.replacen("<meta charset", &format!("{BEFORE}<meta charset"), 1).replace("</body>", &after);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, page).unwrap();
    let seen = WINDOWS.map(|(size, more)| {
        let output = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", &format!("--window-size={size}")])
            .args(more)
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("file://{}", file.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        let seen = dom.split("<output id=\"seen\">").nth(1).unwrap_or_else(|| panic!("{dom}"));
        let seen =
            seen.split("</output>").next().unwrap().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        serde_json::from_str::<Value>(&seen).unwrap()
    });
    seen.into()
}

#[test]
fn the_page_of_a_report_works_can_be_read_and_loads_nothing() {
    let Some(browser) = browser() else { return };
    for report in [every_kind(), hostile()] {
        let page = Format::Html.render(&report).unwrap();
        for seen in look(browser, &page, USE) {
            holds(&report, &seen);
        }
    }
}

#[test]
fn on_paper_nothing_is_folded_and_nothing_asks_to_be_used() {
    let Some(browser) = browser() else { return };
    let page = Format::Html.render(&every_kind()).unwrap();
    let how = r#"
seen.folds = all("details:not([open]) > :not(summary)").length;
seen.folded = all("details:not([open]) > :not(summary)").filter(each => !each.checkVisibility()).length;
seen.filters = all(".filter").filter(each => each.offsetParent !== null).length;
"#;
    let count = |seen: &Value, name: &str| seen[name].as_u64().unwrap();
    let counts = |page: &str| {
        let seen = see(browser, page, how);
        ["folds", "folded", "filters"].map(|name| count(&seen[0], name))
    };
    let [folds, folded, filters] = counts(&page);
    assert!(folds > 0 && folded == folds && filters > 0, "on a screen: {folded} of {folds}, {filters}");
    // Chromium dumps no page as it is printed: the rules for paper are made those for everything.
    assert_eq!(counts(&page.replace("@media print", "@media all")), [folds, 0, 0]);
}

#[test]
fn the_page_of_a_run_that_did_not_begin_can_be_read_too() {
    let Some(browser) = browser() else { return };
    let page = Format::Html.render(&nothing()).unwrap();
    assert!(look(browser, &page, "").iter().all(|seen| seen["texts"].as_u64().unwrap() > 20));
}

/// What a person finds who uses the page.
fn holds(report: &Report, seen: &Value) {
    let count = |name: &str| seen[name].as_u64().unwrap();
    let of_answers = report.findings.iter().filter(|finding| finding.clause.starts_with("response.")).count() as u64;
    assert_eq!(count("all"), report.findings.len() as u64, "{seen}");
    assert_eq!(count("rows"), report.clauses.len() as u64, "{seen}");
    assert!(count("some") >= of_answers && count("some") < count("all"), "{seen}");
    assert_eq!(seen["told"], format!("{} of {}", count("some"), count("all")));
    assert!(count("broken") > 0 && count("broken") < count("rows") && count("min") <= count("broken"), "{seen}");
    assert_eq!((count("scripts"), count("plots")), (0, report.latency.len() as u64), "{seen}");
    assert!(count("texts") > 50, "{seen}");
}

#[test]
fn the_page_of_a_comparison_can_be_read_and_loads_nothing() {
    let Some(browser) = browser() else { return };
    let comparison = Comparison::of(&without_one_finding(), &every_kind()).unwrap();
    let page = comparison.render(compare::Format::Html).unwrap();
    assert!(!page.contains("<script") && !page.contains("script-src"));
    // It has no script, and lets none run: the test's own is let in.
    let page = page.replace("style-src", "script-src 'unsafe-inline'; style-src");
    assert!(look(browser, &page, "").iter().all(|seen| seen["texts"].as_u64().unwrap() > 20));
}

#[test]
fn the_page_names_no_other_place_and_runs_nothing_of_what_a_server_says() {
    let page = Format::Html.render(&hostile()).unwrap();
    for way in ["src=\"http", "href=\"http", "url(", "@import", "fetch(", "<link rel=\"stylesheet"] {
        assert!(!page.contains(way), "{way}");
    }
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(page.contains("&#60;script&#62;alert(1)"), "what came is shown");
    // The plots are there before any script runs.
    let (before, _) = page.split_once("<script>").unwrap();
    assert!(before.contains("<svg class=\"plot\" role=\"img\" aria-label=\"POST /v2/images: median "), "{before}");
}
