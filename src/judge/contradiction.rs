//! What a case may not expect of an answer: what no answer to its request can be.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Answer, Body, Judgement, StepJudge, classify};
use crate::contract::Contract;
use crate::exchange::{Request, Response};
use crate::probe::{Phase, Probe, Script};

/// What the contract says of this field of the answer to a valid request, where this value contradicts it: an answer that has it would be accused.
pub(crate) fn contradiction(contract: &Contract, request: &Request, field: &str, value: &Value) -> Option<String> {
    let creation = &contract.creation;
    let response = Response {
        status: creation.created,
        headers: vec![("content-type".to_owned(), creation.media_type.clone())],
        body: json!({field: value}).to_string().into_bytes(),
        at: OffsetDateTime::now_utc(),
        took: Duration::ZERO,
    };
    let probe = Probe {
        id: String::new(),
        phase: Phase::Case,
        title: String::new(),
        clauses: Vec::new(),
        violation: None,
        script: Script { steps: Vec::new() },
        expectations: Vec::new(),
    };
    let body = Body::read(request);
    let mut judgement = Judgement::default();
    let mut judge = StepJudge { contract, probe: &probe, step: 0, judgement: &mut judgement };
    judge.judge_created(&classify(contract, request, &body), &body, &Answer::read(&response));
    let pointer = format!("/{field}");
    let mismatch = judgement.mismatches.into_iter().find(|mismatch| mismatch.pointer.raw() == pointer)?;
    Some(mismatch.expected.raw().to_owned())
}
