//! The program from outside: one test for each exit code, and what each word of the command line does.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::program::{Served, TOKEN, outcome, program, text_of};
use tempfile::TempDir;

/// A copy of the suite, with one text in one file replaced.
fn changed_suite(file: &str, from: &str, to: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let suite = folder.path().join("cases/otc");
    copy(Path::new("cases/otc"), &suite);
    let path = suite.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    (folder, suite)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A server of one answer, whatever is asked, after reading the request.
fn answers_always(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer);
            });
        }
    });
    address
}

#[test]
fn exit_0_the_stub_keeps_the_contract() {
    let (code, text) = outcome(&["run"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" 0 failed, 0 inconclusive, 0 skipped"), "{text}");
    assert!(text.contains(" 0 left behind"), "{text}");
}

#[test]
fn exit_1_a_server_with_another_default_breaks_that_clause_and_no_other() {
    let (_folder, suite) = changed_suite("contract.yaml", "default: zvhd2", "default: qcow2");
    fs::remove_file(suite.join("disk_format/defaults_to_zvhd2.yaml")).unwrap();
    let (code, text) = Served::start(suite.to_str().unwrap()).run(&[]);
    assert_eq!(code, 1, "{text}");
    let broken: Vec<_> = text.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert_eq!(broken.len(), 1, "{text}");
    assert!(broken[0].starts_with("FAIL request.disk_format.default"), "{text}");
    assert!(text.contains("expected  \"zvhd2\"\n       got       \"qcow2\""), "{text}");
    assert!(text.contains("-H \"X-Auth-Token: $OS_TOKEN\""), "{text}");
}

#[test]
fn exit_2_a_selector_that_matches_nothing_is_named() {
    let (code, text) = outcome(&["run", "min_disc/"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("`min_disc/` matches no probe; did you mean `min_disk`?"), "{text}");
}

#[test]
fn exit_2_a_misspelt_key_of_a_case_is_named_with_its_place() {
    let (_folder, suite) = changed_suite("min_disk/rejects_0.yaml", "expect:", "expct:");
    for command in [["check", suite.to_str().unwrap()].as_slice(), &["run", "--suite", suite.to_str().unwrap()]] {
        let (code, text) = outcome(command);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("min_disk/rejects_0.yaml:4:1") && text.contains("did you mean `expect`?"), "{text}");
    }
}

#[test]
fn exit_2_wrong_arguments_say_what_is_wrong() {
    let table: [(&[&str], &str); 10] = [
        (&["run", "--endpoint", "ims.example.com"], "an endpoint looks like"),
        (&["run", "--endpoint", "https://user:word@ims.example.com"], "no user and no password"),
        (
            &["run", "--endpoint", "http://127.0.0.1:1", "--token-env", "NO_SUCH_VARIABLE"],
            "NO_SUCH_VARIABLE is not set",
        ),
        (&["run", "--endpoint", "http://127.0.0.1:1", "--token-file", "/no/such/file"], "cannot read /no/such/file"),
        (&["run", "--token-env", "CANARY"], "--token-env needs an endpoint"),
        (&["run", "--baseline", "baseline.yaml"], "known deviations need an endpoint"),
        (&["run", "--endpoint", "http://127.0.0.1:1", "--baseline", "/no/such"], "cannot read /no/such"),
        (&["run", "--suite", "no-such-suite"], "neither a built-in suite (glance, otc) nor a folder"),
        (&["list", "no_such_case"], "matches no probe"),
        (&["run", "--jobs", "0"], "--jobs"),
    ];
    for (arguments, message) in table {
        let (code, text) = outcome(arguments);
        assert_eq!(code, 2, "{arguments:?}: {text}");
        assert!(text.contains(message), "{arguments:?}: {text}");
    }
}

#[test]
fn exit_3_a_port_where_nothing_listens() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, text) = outcome(&["run", "--endpoint", &format!("http://{free}"), "--token-env", "CANARY"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("does not answer: no connection could be made"), "{text}");
}

#[test]
fn exit_3_a_token_that_is_not_good() {
    let served = Served::start("otc");
    let (code, text) = outcome(&["run", "--endpoint", &served.url, "--token-env", "PATH"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("401"), "{text}");
    let (code, text) = outcome(&["run", "--endpoint", &served.url]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("without a token; give one"), "{text}");
}

#[test]
fn exit_3_a_service_that_is_not_available() {
    let address = answers_always(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (code, text) =
        outcome(&["run", "min_disk/", "--endpoint", &format!("http://{address}"), "--token-env", "CANARY"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("0 failed") && text.contains("the answer was 503"), "{text}");
}

#[test]
fn exit_4_a_run_that_is_interrupted_reports_what_it_did() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = format!("http://{}", listener.local_addr().unwrap());
    let child = program(&["run", "--endpoint", &slow, "--token-env", "CANARY", "-j1", "--timeout", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut first, _) = listener.accept().unwrap();
    let mut request = [0; 4096];
    let _ = first.read(&mut request).unwrap();
    first.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    drop(first);
    // The program waits for its second answer, which never comes.
    let (_second, _) = listener.accept().unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let (code, text) = text_of(&child.wait_with_output().unwrap());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("interrupted: no probe was sent"), "{text}");
}

#[test]
fn exit_5_what_cannot_be_removed_is_named() {
    let (_folder, suite) =
        changed_suite("contract.yaml", "x-refused-when: {protected: true}", "x-refused-when: {status: queued}");
    let (code, text) = Served::start(suite.to_str().unwrap()).run(&["min_disk/accepts"]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("left behind\n") && text.contains("created by min_disk/accepts"), "{text}");
}

#[test]
fn a_path_prefix_and_a_version_in_the_endpoint_are_honoured() {
    let served = Served::start("otc");
    let url = format!("{}/v2/", served.url);
    let (code, text) = outcome(&["run", "--endpoint", &url, "--token-env", "CANARY", "name/"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_server_that_tells_the_token_cannot_make_the_report_tell_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = vec![0; 65536];
            let read = stream.read(&mut request).unwrap_or(0);
            let head = format!("HTTP/1.1 409 Conflict\r\nContent-Length: {read}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&request[..read]);
        }
    });
    let (code, text) =
        outcome(&["run", "token/", "name/echoes", "--endpoint", &format!("http://{address}"), "--token-env", "CANARY"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("[token]"), "{text}");
}

#[test]
fn exit_3_a_path_at_which_the_api_is_not() {
    let redirect = "a redirect; redirects are not followed";
    for (answer, why) in [("HTTP/1.1 404 Not Found", "is the path right?"), ("HTTP/1.1 300 Multiple Choices", redirect)]
    {
        let answer = format!("{answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let address = answers_always(answer.leak().as_bytes());
        let (code, text) = outcome(&["run", "--endpoint", &format!("http://{address}/v1"), "--token-env", "CANARY"]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!("http://{}/", elsewhere.local_addr().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let status = if request.starts_with(b"GET") { "409 Conflict" } else { "302 Found" };
            let head =
                format!("HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let endpoint = format!("http://{address}");
    let (code, text) = outcome(&["run", "name/accepts", "--endpoint", &endpoint, "--token-env", "CANARY"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("answered 302, a redirect to http://127.0.0.1:"), "{text}");
    assert!(elsewhere.accept().is_err(), "the redirect was followed");
}

#[test]
fn variables_that_say_where_to_log_in_lead_there_and_not_to_the_stub() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = program(&["run", "min_disk/", "--retries", "0"]);
    command.env("OS_AUTH_URL", format!("http://{free}/v3")).env("OS_USERNAME", "me").env("OS_PASSWORD", TOKEN);
    command
        .env("OS_PROJECT_NAME", "mine")
        .env("OS_USER_DOMAIN_NAME", "Default")
        .env("OS_PROJECT_DOMAIN_NAME", "Default");
    let (code, text) = text_of(&command.output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("cannot log in at"), "{text}");
}

#[test]
fn exit_3_a_clock_that_is_too_far_off_for_a_signature_is_named() {
    for (date, expected) in
        [("Mon, 01 Jan 2001 00:00:00 GMT", true), (&httpdate::fmt_http_date(SystemTime::now()), false)]
    {
        let answer =
            format!("HTTP/1.1 401 Unauthorized\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let address = answers_always(answer.leak().as_bytes());
        let mut command = program(&["run", "--endpoint", &format!("http://{address}"), "--access-key"]);
        command.env("OTC_ACCESS_KEY_ID", "an-access-key").env("OTC_SECRET_ACCESS_KEY", TOKEN);
        let (code, text) = text_of(&command.output().unwrap());
        assert_eq!(code, 3, "{text}");
        assert_eq!(text.contains("minutes ahead of its own, and a signature is good for 15"), expected, "{text}");
    }
}

#[test]
fn a_doctor_says_of_each_thing_how_it_is() {
    let served = Served::start("otc");
    let (code, text) = outcome(&["doctor", "--endpoint", &served.url, "--token-env", "CANARY", "--try"]);
    assert_eq!(code, 0, "{text}");
    for line in ["ok   endpoint", "ok   access", "ok   clock", "ok   list        0 there now", "ok   release"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let (code, text) = outcome(&["doctor", "--endpoint", &served.url, "--token-env", "PATH"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("BAD  access") && text.contains("-    release     not tried"), "{text}");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, text) = outcome(&["doctor", "--endpoint", &format!("http://{free}"), "--retries", "0"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("BAD  endpoint") && text.contains("no connection could be made"), "{text}");
    let served = Served::start_with("otc", &["--defect", "behaviour.unprotected-image-goes:forgets-updates"]);
    let (code, text) = outcome(&["doctor", "--endpoint", &served.url, "--token-env", "CANARY", "--try"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("BAD  release     one was created and cannot be removed"), "{text}");
}

#[test]
fn check_of_the_folder_of_suites_names_the_suite() {
    let (code, text) = outcome(&["check", "cases"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("did you mean `cases/glance` or `cases/otc`?"), "{text}");
    let (code, text) = outcome(&["check", "cases/otc/name"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("belong into the folder of a suite"), "{text}");
}

#[test]
fn an_endpoint_in_the_environment_counts() {
    let run = |endpoint: &str| {
        text_of(&program(&["run", "min_disk/rejects_0"]).env("IMS_ENDPOINT", endpoint).output().unwrap())
    };
    let (code, text) = run("ims.example.com");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("IMS_ENDPOINT: no URL"), "{text}");
    let (code, text) = run("http://127.0.0.1:1");
    assert_eq!(code, 3, "{text}");
}

#[test]
fn one_thing_is_not_told_as_several() {
    let (_, text) = outcome(&["list", "min_disk/rejects_0"]);
    assert!(text.contains("1 probe (case 1"), "{text}");
    let served = Served::start_with("otc", &["--defect", "request.min_disk.minimum:no-limit"]);
    let (_, text) = served.run(&["min_disk/rejects_0"]);
    assert!(text.contains(" of 1 probe; 1 clause broken"), "{text}");
}

#[test]
fn check_tells_what_it_read() {
    let (code, text) = outcome(&["check"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("otc: ") && text.contains(" clauses, "), "{text}");
}

/// A suite with one case about its behaviour, which reads what was created and then expects this.
fn suite_that_reads_and_expects(expectation: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(Path::new("tests/suites/required"), folder.path());
    let contract = fs::read_to_string(folder.path().join("contract.yaml")).unwrap();
    let (before, rest) = contract.split_once("          after: [boundary, texts, pairs, random]\n").unwrap();
    let after = &rest[rest.find("    get:\n").unwrap()..];
    fs::write(folder.path().join("contract.yaml"), format!("{before}{after}")).unwrap();
    let case = format!(
        "title: a thing can be read\nclauses: [behaviour.thing-can-be-read]\nsteps:\n  - POST: /things\n    body: {{name: ab}}\n    \
         expect: {{status: 201}}\n    capture: {{id: /id}}\n  - GET: /things/{{id}}\n    expect: {{{expectation}}}\n"
    );
    fs::write(folder.path().join("thing/keeps_the_thing.yaml"), case).unwrap();
    folder
}

#[test]
fn check_with_defects_names_the_one_that_no_probe_catches_and_exits_with_1() {
    let matrix = |expectation: &str| {
        let suite = suite_that_reads_and_expects(expectation);
        outcome(&["check", suite.path().to_str().unwrap(), "behaviour.", "--defects"])
    };
    let (code, text) = matrix("status: 200");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("  !1/2  behaviour.thing-can-be-read\n\n2 defects: 1 caught, 1 missed\n"), "{text}");
    assert!(text.contains("no probe catches `behaviour.thing-can-be-read:changes-a-value`: "), "{text}");
    assert!(text.contains("contract.yaml:47:11"), "{text}");
    let (code, text) = matrix("status: 200, same_as: 1");
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("   2/2  behaviour.thing-can-be-read\n\n2 defects: 2 caught, 0 missed\n"), "{text}");
}

#[test]
fn check_with_defects_tells_what_only_trials_after_the_run_show() {
    let (code, text) = outcome(&["check", "otc", "denies-min_disk-1024-with-403", "--defects"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 defect: 1 caught, 0 missed"), "{text}");
}

#[test]
fn check_with_defects_refuses_a_text_that_no_defect_has_and_a_text_without_defects() {
    let (code, text) = outcome(&["check", "otc", "request.min_dsik", "--defects"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("`request.min_dsik` matches no defect; did you mean `request.min_"), "{text}");
    let (code, text) = outcome(&["check", "otc", "request.min_disk"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--defects"), "{text}");
}

#[test]
fn list_names_probes_and_clauses() {
    let (code, text) = outcome(&["list", "disk_format/defaults"]);
    assert_eq!(
        (code, text.lines().next()),
        (0, Some("disk_format/defaults_to_zvhd2  disk_format is zvhd2 when the request leaves it out"))
    );
    let (code, text) = outcome(&["list", "--clauses"]);
    assert_eq!(code, 0);
    assert!(text.contains("request.min_disk.maximum  min_disk is at most 1024\n"), "{text}");
}

#[test]
fn without_a_terminal_and_where_nobody_wants_them_there_are_no_colours() {
    let (_, text) = outcome(&["run", "name/"]);
    assert!(!text.contains('\u{1b}'), "{text}");
    for (variables, has_colours) in
        [(&[("CLICOLOR_FORCE", "1")][..], true), (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false)]
    {
        let (_, text) = text_of(&program(&["run", "name/"]).envs(variables.iter().copied()).output().unwrap());
        assert_eq!(text.contains('\u{1b}'), has_colours, "{variables:?}: {text}");
    }
}

#[test]
fn what_a_refused_request_created_is_accused_and_removed_where_its_mark_proves_it() {
    let defect = ["--defect", "behaviour.refused-request-creates-nothing:creates-what-it-refuses"];
    let served = Served::start_with("otc", &defect);
    let (code, text) = served.run(&["min_disk/rejects_0"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAIL behaviour.refused-request-creates-nothing"), "{text}");
    assert!(text.contains("got       something with its mark, id "), "{text}");
    assert!(text.contains("; 2 created, 2 removed, 0 left behind, 0 perhaps"), "{text}");
    let (code, text) = served.run(&["min_disk/rejects_0", "--no-mark"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.matches("appeared during the run").count(), 1, "without a mark nothing proves it: {text}");
    let (_, text) = served.run(&["behaviour/keeps_nothing_over_a_limit", "--no-mark"]);
    assert!(text.contains(" 0 perhaps"), "a case's own mark proves it, too: {text}");
}

#[test]
fn what_a_request_without_a_good_token_created_is_accused_and_removed() {
    let defect = ["--defect", "behaviour.refused-request-creates-nothing:creates-for-anybody"];
    let (code, text) = Served::start_with("otc", &defect).run(&["token/requires_no_character_before_it"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAIL behaviour.refused-request-creates-nothing"), "{text}");
    assert!(text.contains("; 2 created, 2 removed, 0 left behind, 0 perhaps"), "{text}");
}

#[test]
fn a_defect_that_does_not_exist_is_named_with_a_near_one() {
    let (code, text) = outcome(&["stub", "--defect", "request.min_disk.maximum:of-by-one"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("did you mean `request.min_disk.maximum:off-by-one`?"), "{text}");
    let (code, text) = outcome(&["stub", "--list-defects"]);
    assert_eq!(code, 0);
    assert!(text.lines().count() > 300, "{text}");
}

#[test]
fn what_the_operator_knows_fails_nothing_and_a_wrong_list_is_an_error() {
    let served = Served::start_with("otc", &["--defect", "request.min_disk.maximum:off-by-one"]);
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("ours.yaml");
    let run = |text: &str| {
        fs::write(&list, text).unwrap();
        served.run(&["request.min_disk", "--baseline", list.to_str().unwrap()])
    };
    let (code, text) = run("- {clause: request.min_disk.maximum, because: mended in v7}\n");
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("known deviations; they fail nothing\n  request.min_disk.maximum: mended in v7"), "{text}");
    assert!(text.contains(" 0 failed, ") && text.contains(" known, ") && !text.contains("FAIL"), "{text}");
    let (code, text) = run("- {clause: request.min_dsik.maximum, because: mended in v7}\n");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("ours.yaml:1:12") && text.contains("did you mean `request.min_disk.maximum`?"), "{text}");
}

#[test]
fn a_finding_is_saved_as_a_case_and_not_over_another_one() {
    let served = Served::start_with("otc", &["--defect", "request.min_disk.maximum:off-by-one"]);
    let folder = TempDir::new().unwrap();
    let save = ["--phase", "boundary", "min_disk", "--save", folder.path().to_str().unwrap()];
    let (code, text) = served.run(&save);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("as a case min_disk/rejects_min_disk_maximum_") && text.contains("saved "), "{text}");
    let saved = fs::read_dir(folder.path().join("min_disk")).unwrap().next().unwrap().unwrap().path();
    let saved = fs::read_to_string(saved).unwrap();
    assert!(saved.contains("request: {body: {\"min_disk\":1025}}"), "a case has no mark: {saved}");
    let (_, text) = served.run(&save);
    assert!(text.contains("is there already"), "{text}");
}
