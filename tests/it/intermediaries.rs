//! What answers in place of the service accuses nobody: proxies, firewalls, gateways and captive portals.

use crate::conforming::ConformingVariant;
use ims_conformance::exchange::{Request, Response};
use ims_conformance::exit_code::ExitCode;
use ims_conformance::judge::Kind;
use ims_conformance::report::terminal;
use ims_conformance::results::Results;

const PAGE: &str = "<html><head><title>Access denied</title></head><body>request blocked, id 1-2-3</body></html>";

/// What a run says where this comes in place of the answer to each creation, or to every call.
fn report(suite: &str, is_every: bool, status: u16, media_type: &str, body: &str) -> Results {
    let (media_type, body) = (media_type.to_owned(), body.as_bytes().to_vec());
    let block = move |response| {
        let headers = vec![("content-type".to_owned(), media_type.clone())];
        Response { status, headers, body: body.clone(), ..response }
    };
    let is_blocked = move |method: &str| is_every || method == "POST";
    ConformingVariant::of(suite)
        .only(&["min_disk/", "token/", "behaviour/"])
        .answering(move |asked, response| if is_blocked(&asked.request.method) { block(response) } else { response })
        .report()
}

fn hold(suite: &str, status: u16, media_type: &str, body: &str) {
    for is_every in [true, false] {
        let report = report(suite, is_every, status, media_type, body);
        let accused: Vec<_> = report.findings.iter().map(|found| format!("{:?}", found.mismatch)).collect();
        assert!(accused.is_empty(), "{suite} {status}: {accused:#?}");
        let causes: Vec<_> = report.inconclusive.iter().map(|cause| cause.text.as_str()).collect();
        assert!(causes.iter().any(|cause| cause.contains(&status.to_string())), "{suite} {status}: {causes:?}");
    }
}

#[test]
fn a_status_that_no_service_sends_says_nothing() {
    for status in [407, 408, 418, 421, 425, 499, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530] {
        hold("otc", status, "text/html", PAGE);
        hold("glance", status, "text/plain", "blocked");
    }
}

#[test]
fn a_page_for_people_says_nothing_whatever_its_status() {
    let doctype = format!("\n<!DOCTYPE html>\n{PAGE}");
    for suite in ["otc", "glance"] {
        for status in [200, 302, 403, 404, 405, 500, 501] {
            hold(suite, status, "text/html", PAGE);
        }
        hold(suite, 403, "application/octet-stream", &doctype);
        hold(
            suite,
            500,
            "text/html",
            "<html>\r\n<head><title>500 Error</title></head>\r\n<body>\r\n<center><h1>500 Error</h1>",
        );
    }
}

#[test]
fn a_report_says_how_often_a_page_came_and_with_which_status() {
    let is_wrong = |asked: &crate::conforming::Asked<'_>| asked.is_creation && asked.kind == Kind::Invalid;
    for (status, text) in [
        (500, "a page for people answered 500"),
        (418, "a page for people answered 418, not the service"),
        (520, "a page for people answered 520, not the service"),
    ] {
        let report = ConformingVariant::of("otc")
            .only(&["min_disk/accepts", "min_disk/rejects_above_1024", "min_disk/echoes"])
            .answering(move |asked, response| {
                let page =
                    || Response { headers: Vec::new(), body: PAGE.as_bytes().to_vec(), status, ..response.clone() };
                if is_wrong(asked) { page() } else { response }
            })
            .report();
        let causes: Vec<_> = report.inconclusive.iter().map(|cause| (cause.text.as_str(), cause.count)).collect();
        let count = report.planned - report.passed;
        assert!(count > 1 && report.passed > 1);
        assert_eq!((causes, report.findings.len()), (vec![(text, count)], 0));
        assert!(terminal::render(&report, terminal::Detail::Usual).contains(&format!("\n  {count} × {text}  ")));
        assert_eq!(ExitCode::of(&report), ExitCode::NotAssessed);
    }
}

#[test]
fn a_redirect_says_nothing_but_where_it_leads() {
    let leading = |suite: &str, status: u16, location: &'static str| {
        let lead = move |asked: &Request, response| {
            let location = location.replace("PATH", &asked.path);
            Response { status, headers: vec![("location".to_owned(), location)], body: Vec::new(), ..response }
        };
        let is_led = |method: &str| method == "POST";
        ConformingVariant::of(suite)
            .only(&["min_disk/", "token/", "behaviour/"])
            .answering(
                move |asked, response| {
                    if is_led(&asked.request.method) { lead(asked.request, response) } else { response }
                },
            )
            .report()
    };
    let table = [
        ("https://ims.example.comPATH", "https://ims.example.com"),
        ("https://login.example.com/sso?return=PATH", "https://login.example.com/sso"),
        ("PATH/", "/v2/images/"),
        ("\u{1b}[31m", r"\u001b[31m"),
    ];
    for (suite, status) in [("otc", 301), ("otc", 307), ("glance", 302), ("glance", 303), ("glance", 308)] {
        for (location, place) in table {
            let report = leading(suite, status, location);
            assert!(report.findings.is_empty(), "{suite} {status}: {:#?}", report.findings);
            let causes: Vec<_> = report.inconclusive.iter().map(|cause| cause.text.as_str()).collect();
            assert_eq!(
                causes,
                [format!("something between answered {status}, a redirect to {place}, not the service")]
            );
        }
    }
}

#[test]
fn an_error_of_the_service_accuses_it_also_where_it_is_a_page() {
    let page = "<html>\n <head>\n  <title>500 Internal Server Error</title>\n </head>\n <body>\n  <h1>500 Internal Server Error</h1>";
    for is_every in [true, false] {
        assert!(!report("glance", is_every, 500, "text/html", page).findings.is_empty());
        assert!(!report("otc", is_every, 500, "application/json", "{}").findings.is_empty());
    }
}
