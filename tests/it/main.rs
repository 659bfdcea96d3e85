//! The tests of the library and of the program, in one binary: it is linked once, and all of them wait side by side.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod bad_files;
mod baseline;
mod blame;
mod body_forms;
mod broken_http;
mod budget;
mod canary;
mod careless_readers;
mod classify;
mod cli;
mod clients;
mod cloud_scalars;
mod cloud_settings;
mod compare;
mod conforming_delays;
mod conforming_readers;
mod conforming_variants;
mod connections;
mod consequences;
mod documentation;
mod drafts;
mod examples;
mod excuses;
mod exports;
mod follow_ups;
mod foreign;
mod fuzz_answers;
mod fuzz_contracts;
mod golden;
mod identity;
mod incomplete;
mod init;
mod intermediaries;
mod judge;
mod kept;
mod kills;
mod kinds;
mod ledger;
mod leftovers;
mod login;
mod mangled;
mod mismatches;
mod mistakes;
mod named;
mod options;
mod order;
mod ordinary_secrets;
mod output;
mod overlap;
mod page;
mod partial_targets;
mod plan_cost;
mod progress;
mod properties;
mod readers;
mod recipes;
mod removals;
mod repeat;
mod report;
mod reports;
mod retries;
mod schemas;
mod secrets;
mod shards;
mod signature;
mod stops;
mod stub;
mod stub_state;
mod suite_files;
mod sweep;
mod tables;
mod terminal_text;
mod texts;
mod tidy;
mod way;

#[path = "../support/chance.rs"]
mod chance;
#[path = "../support/conforming.rs"]
mod conforming;
#[path = "../support/every_kind.rs"]
mod every_kind;
#[path = "../support/faulty.rs"]
mod faulty;
#[path = "../support/gossip.rs"]
mod gossip;
#[path = "../support/machine.rs"]
mod machine;
#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/outcomes.rs"]
mod outcomes;
#[path = "../support/pages.rs"]
mod pages;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/recorder.rs"]
mod recorder;
#[path = "../support/requests.rs"]
mod requests;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/shell.rs"]
mod shell;
#[path = "../support/trouble.rs"]
mod trouble;
#[path = "../support/whole.rs"]
mod whole;
