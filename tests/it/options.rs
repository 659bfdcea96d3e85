//! The options that say how much is sent, shown and shown to a gateway.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::program::{Served, outcome};
use tempfile::TempDir;

#[test]
fn a_quiet_run_says_nothing_where_all_is_well_and_what_is_not_otherwise() {
    assert_eq!(outcome(&["run", "min_disk/", "--quiet"]), (0, String::new()));
    let served = Served::start_with("otc", &["--defect", "request.min_disk.minimum:no-limit"]);
    let (code, text) = served.run(&["min_disk/rejects_0", "-q"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAIL request.min_disk.minimum") && !text.contains("assessed"), "{text}");
}

#[test]
fn a_verbose_run_shows_each_exchange_and_what_came_of_each_clause() {
    let (code, text) = outcome(&["run", "min_disk/rejects_0", "-v"]);
    assert_eq!(code, 0, "{text}");
    let shown = ["passed min_disk/rejects_0\n  > POST /v2/images (token: good)  ", "\"min_disk\":0}\n  < 400  "];
    for part in shown.iter().chain(&["  holds            1  request.min_disk.minimum\n"]) {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_list_of_clauses_takes_nothing_that_selects_probes() {
    for option in [["--shard", "1/4"], ["--phase", "case"], ["--exclude", "min_disk/"], ["--seed", "2"]] {
        let (code, text) = outcome(&[&["list", "--clauses"][..], &option].concat());
        assert!(code == 2 && text.contains("cannot be used with"), "{text}");
    }
}

#[test]
fn what_is_excluded_is_not_sent_and_is_told() {
    let (code, text) =
        outcome(&["run", "min_disk/", "--exclude", "min_disk/rejects", "--exclude", "response.min_disk"]);
    assert_eq!(code, 0, "{text}");
    let told = "probes that --exclude names (min_disk/rejects, response.min_disk)";
    assert!(text.contains("  not sent: ") && text.contains(told), "{text}");
    let (_, listed) = outcome(&["list", "min_disk/", "--exclude", "min_disk/rejects"]);
    assert!(listed.contains("min_disk/accepts") && !listed.contains("\nmin_disk/rejects"), "{listed}");
    assert!(listed.contains("not sent: ") && listed.contains("that --exclude names (min_disk/rejects)"), "{listed}");
    let (code, text) = outcome(&["run", "min_disk/", "--exclude", "min_disc/"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("`min_disc/` matches no probe; did you mean `min_disk`?"), "{text}");
    let (code, text) = outcome(&["run", "min_disk/", "--exclude", "min_disk/"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("nothing is left to send without "), "{text}");
}

#[test]
fn a_run_that_fails_fast_begins_no_further_probe_and_cleans_up() {
    let served = Served::start_with("otc", &["--defect", "request.min_disk.maximum:no-limit"]);
    let (code, text) = served.run(&["min_disk/", "request.min_disk", "--fail-fast", "2"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(" 2 failed, ") && text.contains(" 0 left behind"), "{text}");
    assert!(text.contains("ended early: as many probes failed as --fail-fast allows; the rest was not sent"), "{text}");
    assert!(text.contains("enough had failed before"), "{text}");
    let (code, text) = outcome(&["run", "--fail-fast", "0"]);
    assert!(code == 2 && text.contains("expected a number from 1"), "{text}");
}

#[test]
fn a_probe_is_shown_with_what_it_sends_and_expects() {
    let shown = |id: &str| {
        let (code, text) = outcome(&["show", id]);
        assert_eq!(code, 0, "{text}");
        text
    };
    let text = shown("min_disk/rejects_0");
    for part in
        ["about    request.min_disk.minimum\n", "step 1   POST /v2/images\n", "{\"min_disk\":0}\n", "expects  400\n"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = shown("behaviour/keeps_a_protected_image");
    for part in
        ["step 3   GET /v2/images/{id}\n", "keeps    {id}, which is what the answer has at /id\n", "those of step 1\n"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = shown("boundary/min_disk/1025 shrunk");
    assert!(text.contains("expects  a refusal, as it breaks request.min_disk.maximum\n"), "{text}");
    let (code, text) = outcome(&["show", "min_disk/rejects_00"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("there is no probe `min_disk/rejects_00`; did you mean `min_disk/rejects_0`?"), "{text}");
}

#[test]
fn a_header_goes_with_each_request_to_the_endpoint_and_is_told_nobody() {
    let secret = "gateway-canary-7f3a-Secret";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (with, without) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = [Arc::clone(&with), Arc::clone(&without)];
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = vec![0; 65536];
            let read = stream.read(&mut request).unwrap_or(0);
            let is_there = String::from_utf8_lossy(&request[..read]).contains(&format!("x-gateway-key: {secret}"));
            counts[usize::from(!is_there)].fetch_add(1, Ordering::Relaxed);
            let head = format!(
                "HTTP/1.1 409 Conflict\r\nX-Echo: {secret}\r\nContent-Length: {read}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&request[..read]);
        }
    });
    let header = format!("X-Gateway-Key: {secret}");
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("run.html");
    let wanted = format!("html={}", report.display());
    let run = ["run", "name/echoes", "-v", "--endpoint", &url, "--token-env", "CANARY", "--header", &header];
    let (code, text) = outcome(&[&run[..], &["--report", &wanted]].concat());
    assert_eq!(code, 1, "{text}");
    let page = fs::read_to_string(report).unwrap();
    for text in [&text, &page] {
        assert!(!text.contains(secret) && text.contains("[header]"), "{text}");
        assert!(text.contains("$HEADER_X_GATEWAY_KEY"), "{text}");
    }
    assert!(text.contains(r#" -H "x-gateway-key: $HEADER_X_GATEWAY_KEY""#), "{text}");
    assert!(text.contains(r#" --header "x-gateway-key: $HEADER_X_GATEWAY_KEY""#), "{text}");
    assert!(with.load(Ordering::Relaxed) > 2 && without.load(Ordering::Relaxed) == 0, "{text}");
    for wrong in ["X-Auth-Token: gateway-canary", "Host: gateway-canary", "gateway-canary"] {
        let (code, text) = outcome(&["run", "--endpoint", &url, "--token-env", "CANARY", "--header", wrong]);
        assert!(code == 2 && text.contains("--header") && !text.contains("gateway-canary"), "{text}");
    }
}

#[test]
fn a_baseline_is_drafted_and_is_good_once_the_reasons_are_filled_in() {
    let served = Served::start_with("otc", &["--defect", "request.min_disk.maximum:no-limit"]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("known.yaml");
    let name = file.display().to_string();
    let (code, text) = served.run(&["min_disk/", "--write-baseline", &name]);
    assert_eq!(code, 1, "{text}");
    let draft = fs::read_to_string(&file).unwrap();
    assert!(
        draft.contains("- clause: request.min_disk.maximum\n  # min_disk is at most 1024: expected 400"),
        "{draft}"
    );
    let (code, text) = served.run(&["min_disk/", "--baseline", &name]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("nobody has filled in why this is known"), "{text}");
    fs::write(&file, draft.replace("FILL IN", "mended in v7")).unwrap();
    let (code, text) = served.run(&["min_disk/", "--baseline", &name]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("request.min_disk.maximum: mended in v7"), "{text}");
    let (code, text) = served.run(&["min_disk/", "--write-baseline", &name]);
    assert!(code == 2 && text.contains("is there already"), "{text}");
}
