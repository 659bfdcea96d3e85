//! What was there before a run and after it: a request that was refused, or whose answer was lost, may have created something all the same.
//!
//! What appeared meanwhile may be anybody's. It is removed only where it holds the text that no other run has, which proves that it is ours; the rest is
//! told, not touched.

use std::sync::PoisonError;

use indexmap::IndexMap;
use serde_json::Value;

use super::Target;
use crate::contract::{Effect, Operation};
use crate::exchange::Request;
use crate::ledger::Record;

/// Proof that stock was taken before the run.
#[derive(Debug)]
pub struct Audit {
    has_list: bool,
}

/// Something that is there after the run, was not before it, and was created by none of its requests that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeared {
    /// Its id.
    pub id: String,
    /// The text of this run that it holds, which proves that it is ours.
    pub mark: Option<String>,
    /// Whether it is gone again.
    pub is_removed: bool,
}

/// One thing that the list call tells.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub id: String,
    pub value: Value,
}

/// So many pages of a list are read.
const MOST_PAGES: u64 = 200;

impl Audit {
    /// Takes stock before the run; the status of the answer where it says that no such call is known here, so that the endpoint must be a wrong one.
    pub async fn begin(target: &Target) -> Result<Self, u16> {
        match target.inventory().await {
            Ok(items) => {
                let ids: Vec<_> = items.into_iter().map(|item| item.id).collect();
                if let Some(ledger) = target.ledger() {
                    // Where this cannot be written, no intent can be written after it, and nothing is created.
                    let _ = ledger.write(Record::Before { ids: ids.clone() }).await;
                }
                let _ = target.before.set(ids.into_iter().collect());
                target.budget.set_aside(target.request_count() + 1);
                Ok(Self { has_list: true })
            }
            Err(Some(status)) if matches!(status, 300..400 | 404 | 405 | 410 | 501) => Err(status),
            Err(_) => Ok(Self { has_list: false }),
        }
    }

    /// Takes stock after the run, and removes what has appeared and is proven to be ours; `None` where that cannot be told.
    pub async fn finish(self, target: &Target) -> Option<Vec<Appeared>> {
        target.budget.set_aside(0);
        if !self.has_list {
            return None;
        }
        let mut found = Vec::new();
        for item in target.inventory().await.ok()? {
            if !target.was_there_before(&item.id) && !target.has_removed(&item.id).await {
                let mark = item.text_with(target.run_id());
                let is_removed = mark.is_some() && target.remove(&item.id, true).await;
                found.push(Appeared { id: item.id, mark, is_removed });
            }
        }
        Some(found)
    }
}

impl Item {
    /// A text of the item that holds this one.
    pub(crate) fn text_with(&self, part: &str) -> Option<String> {
        text_in(&self.value, part)
    }
}

fn text_in(value: &Value, part: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains(part).then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(|item| text_in(item, part)),
        Value::Object(fields) => fields.values().find_map(|value| text_in(value, part)),
        _ => None,
    }
}

impl Target {
    /// Whether this id was there before the run.
    pub(super) fn was_there_before(&self, id: &str) -> bool {
        self.before.get().is_some_and(|before| before.contains(id))
    }

    /// Whether this id was given out, and is gone: some services go on listing for a while what they have deleted.
    async fn has_removed(&self, id: &str) -> bool {
        let was_given = self.given.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
        was_given && self.is_gone(id).await
    }

    /// Whether nothing with this mark is there.
    pub(super) async fn lacks(&self, mark: &str) -> bool {
        let items = Box::pin(self.inventory()).await;
        items.is_ok_and(|items| items.iter().all(|item| item.text_with(mark).is_none()))
    }

    /// Whether everything that is there was there before the run, was given out with its id, or holds a mark: then no request without a mark has created
    /// anything of which we do not know.
    pub(super) async fn is_all_explained(&self) -> bool {
        if self.before.get().is_none() {
            return false;
        }
        let Ok(items) = Box::pin(self.inventory()).await else { return false };
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let is_explained = |item: &Item| {
            self.was_there_before(&item.id) || given.contains(&item.id) || item.text_with(&self.run_id).is_some()
        };
        items.iter().all(is_explained)
    }

    /// Everything that the list call tells, query by query and page by page; else the status that came instead, if one did.
    pub(crate) async fn inventory(&self) -> Result<Vec<Item>, Option<u16>> {
        let operations = &self.contract().operations;
        let list = operations.iter().find(|operation| operation.effect == Effect::List).ok_or(None)?;
        let mut found = IndexMap::new();
        for query in &list.queries {
            for item in self.pages(list, query).await? {
                found.insert(item.id.clone(), item);
            }
        }
        Ok(found.into_values().collect())
    }

    /// Everything that the list call tells when it is asked this.
    async fn pages(&self, list: &Operation, query: &str) -> Result<Vec<Item>, Option<u16>> {
        let mut path = list.path.as_str().to_owned();
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let credential = self.usual_credential();
            let method = list.method.clone();
            let request = Request { method, path: path.clone(), headers: Vec::new(), body: None, credential };
            let exchange = self.send(request).await;
            let response = exchange.response().ok_or(None)?;
            let answer = response.json().filter(|_| response.is_success()).ok_or(Some(response.status))?;
            for item in answer.pointer(&list.items).and_then(Value::as_array).ok_or(None)? {
                let id = item.pointer(&self.contract().creation.lifecycle.id).and_then(Value::as_str);
                let id = id.filter(|id| !id.is_empty()).ok_or(None)?;
                found.push(Item { id: id.to_owned(), value: item.clone() });
            }
            match list.next.as_deref().and_then(|next| answer.pointer(next)).and_then(Value::as_str) {
                // Only a path goes on: an address could lead, with the token, to another host.
                Some(next) if next.starts_with('/') && !next.starts_with("//") => next.clone_into(&mut path),
                _ => return Ok(found),
            }
        }
        // A list without an end tells nothing about what is not in it.
        Err(None)
    }
}
