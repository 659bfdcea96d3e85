//! Draft.
pub mod case;
pub mod cli;
pub mod contract;
pub mod document;
pub mod exchange;
pub mod exit_code;
pub mod judge;
pub mod plan;
pub mod probe;
pub mod report;
pub mod run;
pub mod snapshot;
pub mod stub;
pub mod suite;
pub mod target;
