//! Tells whether an endpoint keeps the contract of a call that creates something.
//!
//! The first such call is `POST /v2/images` of the Open Telekom Cloud; a second built-in suite describes the same call of OpenStack Glance. Nothing about
//! either is written in Rust: the contract is a data file, the cases are data files, and this crate is the engine that reads both. Another call, or another
//! provider, is a new folder.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | suite | a folder: one contract, its tables, its cases |
//! | contract | `contract.yaml`: OpenAPI 3.1 and a few `x-` keywords; the single source of truth |
//! | clause | one testable rule of the contract, with a stable id such as `request.min_disk.maximum` |
//! | case | one file: what to send, and what must come back |
//! | probe | one thing to do to a target, from whatever source |
//! | phase | where a probe comes from: the cases, or the contract's boundaries, pairs and random bodies |
//! | follow-up | steps that a contract adds to generated creations, so that a promise of its prose is seen on many of them |
//! | violation | how a request breaks a clause |
//! | exchange | one request and its response |
//! | target | where requests go: an endpoint, or the stub |
//! | mismatch | one clause that one exchange broke, with expected and got |
//! | finding | all mismatches of one clause and one cause, with the smallest example |
//! | consequence | a mismatch that only follows from another one of the same probe, as the contract says; it is told under that finding |
//! | defect | a named way in which the stub breaks a clause, to test the harness |
//! | known deviation | a clause that a target is known to break, listed with the reason in `baseline.yaml` or in an operator's own file |
//! | choice | what a target does where the documentation leaves it open; recorded, never failed |
//! | drift | what an answer holds that nobody documents; recorded, failed only on request |
//!
//! # How data flows
//!
//! ```text
//! suite ──► plan ──► run ──► judge ──► report
//! (files)  (probes)  (exchanges)  (judgements)  (text, exit code)
//! ```
//!
//! [`suite`] reads a folder into a [`contract`] and [`case`]s; every value of a [`document`] knows its place, so that each error can show it.
//! [`mod@plan`] makes [`probe`]s. [`mod@run`] sends their scripts through a [`client`], which never sees what is expected, hands the [`exchange`]s to
//! [`mod@judge`], a pure function, and has removed at once what they created. [`mod@shrink`] makes examples small. [`snapshot`] holds answers against
//! reviewed ones. [`identity`] finds the credentials on the machine, a token for them and the endpoint. [`baseline`] says which deviations fail nothing.
//! [`report`] turns outcomes into text, [`exit_code`] into a number; [`progress`] says meanwhile what is waited for. The [`stub`] answers by the same contract and the same
//! [`judge::classify()`] that judges, or breaks one clause of it, to test the harness. [`cli`] is the program.
//!
//! A [`rehearsal`] in memory shows which clauses the probes of a suite can reach.
//!
//! What a run may leave behind is in its [`ledger`] before it is sent; [`mod@sweep`] removes it, and [`doctor`] looks at a target first. Every word leaves
//! through the [`console`], which takes out each [`secret`] and
//! shows what is [`untrusted`] so that it can do no harm.
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
pub mod identity;
pub mod judge;
pub mod ledger;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod rehearsal;
pub mod report;
pub mod run;
pub mod secret;
pub mod shrink;
pub mod snapshot;
pub mod stub;
pub mod suite;
pub mod sweep;
pub mod untrusted;
