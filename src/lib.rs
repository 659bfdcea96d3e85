//! Tells whether an endpoint keeps the contract of a call that creates something.
//!
//! The first such call is `POST /v2/images` of the Open Telekom Cloud; a second built-in suite describes the same call of OpenStack Glance. Nothing about
//! either is written in Rust: the contract is a data file, the cases are data files, and this crate is the engine that reads both. Another call, or another
//! provider, is a new folder.
//!
//! This page is about the design. How to use the program stands in `src/cli/README.md` and `src/cli/OPERATING.md`, how to write cases and contracts in
//! `cases/README.md` and `cases/CONTRACT.md`, and how the tests are laid out in `tests/README.md`.
//!
//! # Words
//!
//! Those of HTTP, OpenAPI, proptest and nextest are used as they are. These are this tool's own:
//!
//! | word | meaning |
//! |---|---|
//! | suite | a folder: one contract, its tables, its cases |
//! | contract | `contract.yaml`: OpenAPI 3.1 and a few `x-` keywords; the single source of truth |
//! | clause | one testable rule of the contract, with a stable id such as `request.min_disk.maximum` |
//! | case | one file: what to send, and what must come back |
//! | probe | one thing to do to a target, from whatever source |
//! | phase | where a probe comes from: the cases, or the contract's boundaries, texts, pairs, random bodies and bodies that overlap |
//! | follow-up | steps that a contract adds to generated creations, so that a promise of its prose is seen on many of them |
//! | exchange | one request and its response |
//! | record | a probe that was performed: its exchanges, its judgement, what became of what it created |
//! | mismatch | one clause that one exchange broke, with expected and got |
//! | finding | all mismatches of one clause and one cause, with the smallest example |
//! | defect | a named way in which the stub breaks a clause, to test the harness |
//! | baseline | clauses that a target is known to break, each with the reason, in `baseline.yaml` or in an operator's own file |
//! | observed behaviour | what a target does where the documentation leaves it open; recorded, never failed |
//! | drift | what an answer holds that nobody documents; recorded, failed only on request |
//!
//! # How data flows
//!
//! ```text
//! suite ──► plan ──► run ──► results ──► report
//! (files)  (stream)  (events)  (fold)   (text, exit code)
//! ```
//!
//! [`suite`] reads a folder into a [`contract`] and [`case`]s; every value of a [`document`] knows its place, so that each error can show it. A [`plan`](mod@plan)
//! makes [`probe`]s, each when its turn comes. A [`run`](mod@run) does: it looks at the target first, sends scripts through a [`client`], which never sees what
//! is expected, hands the [`exchange`]s to [`mod@judge`], a pure function, has removed at once what they created, makes examples small with [`shrink`](mod@shrink), looks for what was lost
//! or left, and tells all that as a closed set of [events](run::Event), none of which is edited later. [`results`] is a pure fold over them: whom to blame, what the [`baseline`] knows,
//! which clauses were assessed. [`report`] renders results, [`exit_code`] makes a number of them; [`progress`] says meanwhile what is waited for.
//!
//! Only what a finding may show is kept of a run; what holds is counted. The same seed makes the same probes again, wherever one is needed later.
//!
//! # Where a change belongs
//!
//! | change | place |
//! |---|---|
//! | a field, a limit, a row, a promise, another API | a suite: no Rust |
//! | a kind of test value | [`plan`](mod@plan), `test_values.rs` |
//! | when a request is sent again | [`client`], `retryable.rs`, and `send/retry.rs` for what that may cost |
//! | how a connection is made, and why it was not | [`http`] |
//! | what a run may change or remove | [`client`], `ownership.rs`, which `send/guard.rs` asks |
//! | a format of reports | [`report`], a further file |
//! | whom to blame | [`results`], `blame.rs` |
//!
//! # Beside it
//!
//! The [`stub`] answers by the same contract and the same [`judge::classify()`] that judges, or breaks one clause of it, to test the harness. A [`rehearsal`]
//! in memory shows which clauses the probes of a suite can reach. [`openapi`] begins a suite from a public document. [`identity`] finds the credentials on the
//! machine, a token for them and the endpoint; [`http`] carries the requests of both to where they go. What a run may leave behind is in its [`ledger`] before it is sent; [`mod@sweep`] removes it, and [`doctor`]
//! looks at a target first. [`tables`] holds a list of the suite, such as that of the operating systems, against what an endpoint tells. Every word leaves through the [`console`], which takes out each [`secret`] and shows what is [`untrusted`] so that it can do no
//! harm. [`cli`] is the program, and only reads arguments and prints; [`harness`] is the same for tests of other programs.
//!
//! # What others build on
//!
//! | for | use |
//! |---|---|
//! | a test that holds a server of one's own against a contract | [`harness`]: one call, or a test for each probe |
//! | what such a call answers | [`results::Results`], [`exit_code`] |
//! | what it sends, and what is known of the server | [`plan::Selection`], [`baseline::Baseline`] by [`results::Question`] |
//! | a faithful or faulty service to test a client with | [`stub::Stub::builder`] |
//! | the same in a mock server | [`stub::StubService`] |
//!
//! The other modules are public for the program, the tests and the benchmarks of this crate; they change without notice.
//!
//! # Three kinds of request
//!
//! [`judge::classify()`] says of every request that it is *valid* (each reading of the documentation allows it), *invalid* (none does) or *unspecified* (the
//! documentation is silent, or disagrees with itself). The third kind is what keeps the harness honest: both answers conform, and the choice is recorded.

pub mod baseline;
pub mod case;
pub mod cli;
pub mod client;
pub mod console;
pub mod contract;
pub mod doctor;
pub mod document;
pub mod exchange;
pub mod exit_code;
pub mod harness;
pub mod http;
pub mod identity;
mod json;
pub mod judge;
pub mod ledger;
pub mod openapi;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod rehearsal;
pub mod report;
pub mod results;
pub mod run;
pub mod secret;
pub mod shrink;
pub mod stub;
pub mod suite;
pub mod sweep;
pub mod tables;
pub mod untrusted;
