//! What the clean-up shows of a service: what it refuses to delete, keeps, or brings back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::faulty::{Answer, Faulty, accused, bare, found_by_cases, listed_without, report, suite};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::exchange::{Request, TokenVariant};
use ims_conformance::exit_code::ExitCode;
use ims_conformance::probe::Phase;
use ims_conformance::results::{Finding, Results};
use ims_conformance::run::Ending;
use ims_conformance::stub::StubService;
use serde_json::{Value, json};
use tokio::time::Instant;

/// The only finding of a run: that what was to be removed is still there, which the run leaves behind.
fn of_removal(found: &Results) -> &Finding {
    let [(clause, example)] = &accused(found)[..] else { panic!("{:?}", found.findings) };
    assert_eq!(clause, "behaviour.deleted-image-is-gone");
    assert!(example.starts_with("POST {") && example.ends_with("}, DELETE, GET"), "{example}");
    assert!(!found.leftovers.is_empty());
    assert_eq!(ExitCode::of(found), ExitCode::Broken);
    &found.findings[0]
}

#[test]
fn one_that_keeps_what_it_says_it_deleted_is_accused_once_and_what_is_left_is_named() {
    let found = report(&[Phase::Pairs], |request, known, faithful| {
        let stays = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
        if request.method == "DELETE" && stays { bare(204) } else { faithful() }
    });
    let finding = of_removal(&found);
    assert_eq!(finding.mismatch.got, "200, even 30 seconds later");
    assert!(finding.case_file.is_none());
}

#[test]
fn one_that_deletes_some_time_later_is_accused_of_nothing() {
    let since: Mutex<HashMap<String, Instant>> = Mutex::default();
    let found = report(&[Phase::Pairs], move |request, known, faithful| {
        let is_slow = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
        if request.method == "DELETE" && is_slow {
            let mut since = since.lock().unwrap();
            let begin = *since.entry(request.path.clone()).or_insert_with(Instant::now);
            return if begin.elapsed().as_secs() >= 20 { faithful() } else { bare(204) };
        }
        let since = since.lock().unwrap();
        let is_gone = |path: &str| since.get(path).is_some_and(|begin| begin.elapsed().as_secs() >= 20);
        if is_gone(&request.path) { bare(404) } else { listed_without(request, faithful(), is_gone) }
    });
    assert_eq!(accused(&found), []);
    assert_eq!(ExitCode::of(&found), ExitCode::Holds);
}

#[test]
fn one_that_brings_back_what_it_deleted_some_time_later() {
    let deleted: Mutex<HashMap<String, Instant>> = Mutex::default();
    let found = found_by_cases("seconds_later", move |request, _, faithful| {
        let mut deleted = deleted.lock().unwrap();
        if request.method == "DELETE" && !deleted.contains_key(&request.path) {
            deleted.insert(request.path.clone(), Instant::now());
            return bare(204);
        }
        let is_gone = |path: &str| deleted.get(path).is_some_and(|begin| begin.elapsed().as_secs() < 1);
        if is_gone(&request.path) { bare(404) } else { listed_without(request, faithful(), is_gone) }
    });
    let [(clause, _)] = &accused(&found)[..] else { panic!("{:?}", accused(&found)) };
    assert_eq!(clause, "behaviour.deleted-image-is-gone");
}

#[test]
fn one_that_refuses_to_delete_what_has_one_format_is_accused_of_it() {
    for status in [409, 404] {
        let found = report(&[Phase::Pairs], move |request, known, faithful| {
            let is_busy = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
            if request.method == "DELETE" && is_busy { bare(status) } else { faithful() }
        });
        let mismatch = &of_removal(&found).mismatch;
        assert_eq!(mismatch.expected, "204 for a removal, and nothing afterwards");
        let got = format!("{status} for the removal; it is found with 200, even 30 seconds later");
        assert_eq!(mismatch.got, got.as_str());
    }
}

#[test]
fn one_whose_removals_find_some_things_late_is_accused_of_nothing() {
    let since: Mutex<HashMap<String, Instant>> = Mutex::default();
    let found = report(&[Phase::Pairs], move |request, known, faithful| {
        let is_slow = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
        let mut since = since.lock().unwrap();
        let is_early = |begin: &mut Instant| begin.elapsed().as_secs() < 20;
        let is_missing = request.method == "DELETE"
            && is_slow
            && is_early(since.entry(request.path.clone()).or_insert_with(Instant::now));
        if is_missing { bare(404) } else { faithful() }
    });
    assert_eq!(accused(&found), []);
}

#[test]
fn one_that_releases_nothing_is_left_with_few_of_what_it_holds() {
    for (is_patch_refused, status) in [(true, 403), (false, 400)] {
        let found = report(&[Phase::Case, Phase::Pairs], move |request, known, answer| match request.method.as_str() {
            "PATCH" if is_patch_refused => bare(status),
            "DELETE" if known.is_some_and(|resource| resource["protected"] == true) => bare(status),
            _ => answer(),
        });
        assert_eq!((found.created - found.removed, found.leftovers.len()), (3, 3));
        assert_eq!(found.findings.len(), 1, "{:?}", accused(&found));
        assert_eq!(found.findings[0].clause, "behaviour.unprotected-image-goes");
        assert!(found.skipped[0].count > 100, "{:?}", found.skipped);
        assert_eq!(ExitCode::of(&found), ExitCode::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_some_of_what_it_said_it_deleted_is_waited_for_less_and_less() {
    let (suite, token) = (suite(), Token::random());
    let stub = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
    let answer = |request: &Request, known: Option<&Value>, answer: Answer<'_>| {
        let is_kept = request.method == "DELETE" && known.is_some_and(|resource| resource["name"] == "kept");
        if is_kept { bare(204) } else { answer() }
    };
    let service = Arc::new(Faulty { stub, created: Mutex::default(), answer });
    let target = Target::local(&suite.contract, service, Setup::new(Access::Token(token)));
    let mut took = Vec::new();
    for name in ["kept", "gone"].repeat(6) {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v2/images".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(json!({ "name": name }).to_string().into_bytes()),
            credential: TokenVariant::Good,
        };
        let begin = Instant::now();
        let creation = target.send(request).await;
        assert_eq!(target.clean(&[creation]).await.removed, usize::from(name == "gone"));
        if name == "kept" {
            took.push(begin.elapsed().as_secs());
        }
    }
    assert!(took[..4].iter().all(|seconds| *seconds > 25) && took[4..].iter().all(|seconds| *seconds < 5), "{took:?}");
}

#[test]
fn one_whose_quota_is_used_up_ends_the_run_and_breaks_no_promise() {
    let found =
        report(&[Phase::Pairs], |request, _, faithful| if request.method == "POST" { bare(403) } else { faithful() });
    assert_eq!((accused(&found), found.ending), (vec![], Ending::TargetLost));
    assert_eq!(found.inconclusive.len(), 1, "{:?}", found.inconclusive);
    assert_eq!(ExitCode::of(&found), ExitCode::NotAssessed);
}
