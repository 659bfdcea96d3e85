//! What was there before a run and after it: a request that was refused, or whose answer was lost, may have created something all the same.
//!
//! What appeared meanwhile may be anybody's. It is removed only where it holds the text that no other run has, which proves that it is ours; the rest is
//! told, not touched.

use std::collections::HashSet;

use serde_json::Value;

use super::{Leftover, Target};
use crate::contract::{Contract, Effect};
use crate::exchange::{Credential, Request};

/// What a target held when the run began; `None` where it could not be told.
#[derive(Debug)]
pub struct Audit {
    before: Option<HashSet<String>>,
}

/// So many pages of a list are read.
const MOST_PAGES: usize = 200;

impl Audit {
    /// Takes stock before the run; the status of the answer where it says that no such call is known here, so that the endpoint must be a wrong one.
    pub async fn begin(target: &Target, contract: &Contract) -> Result<Self, u16> {
        match target.inventory(contract).await {
            Ok(items) => Ok(Self { before: Some(items.into_iter().map(|(id, _)| id).collect()) }),
            Err(Some(status)) if matches!(status, 300..400 | 404 | 405 | 410 | 501) => Err(status),
            Err(_) => Ok(Self { before: None }),
        }
    }

    /// Takes stock after the run, and removes what has appeared and is proven to be ours.
    pub async fn finish(self, target: &Target, contract: &Contract) -> Vec<Leftover> {
        let Some(before) = self.before else { return Vec::new() };
        let mut leftovers = Vec::new();
        for (id, item) in target.inventory(contract).await.unwrap_or_default() {
            if before.contains(&id) {
                continue;
            }
            let is_ours = item.to_string().contains(target.run_id());
            if !is_ours {
                leftovers.push(Leftover::Appeared(id));
            } else if !target.remove(contract, &id, true).await {
                leftovers.push(Leftover::Id(id));
            }
        }
        leftovers
    }
}

impl Target {
    /// Everything that the list call tells, with its id, page by page; else the status that came instead, if one did.
    async fn inventory(&self, contract: &Contract) -> Result<Vec<(String, Value)>, Option<u16>> {
        let list = contract.operations.iter().find(|operation| operation.effect == Effect::List).ok_or(None)?;
        let mut path = list.path.as_str().to_owned();
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let credential = if self.has_token() { Credential::Good } else { Credential::Absent };
            let method = list.method.clone();
            let request = Request { method, path: path.clone(), headers: Vec::new(), body: None, credential };
            let exchange = self.send(request).await;
            let response = exchange.response().ok_or(None)?;
            let answer = response.json().filter(|_| response.is_success()).ok_or(Some(response.status))?;
            for item in answer.pointer(&list.items).and_then(Value::as_array).ok_or(None)? {
                let id = item.pointer(&contract.creation.lifecycle.id).and_then(Value::as_str).ok_or(None)?;
                found.push((id.to_owned(), item.clone()));
            }
            match list.next.as_deref().and_then(|next| answer.pointer(next)).and_then(Value::as_str) {
                // Only a path goes on: an address could lead, with the token, to another host.
                Some(next) if next.starts_with('/') && !next.starts_with("//") => next.clone_into(&mut path),
                _ => break,
            }
        }
        Ok(found)
    }
}
