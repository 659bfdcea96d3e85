//! What was there before a run, during it and after it: a request that was refused, or whose answer was lost, may have created something all the same.
//!
//! What appeared meanwhile may be anybody's. It is removed only where it holds the text that no other run has, which proves that it is ours; the rest is
//! told, not touched.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::cleanup::request_to;
use super::doubts::Doubts;
use super::ownership::Claim;
use super::removal::FORGETTING;
use super::{Item, Purpose, Target, Unlisted};
use crate::exchange::{Response, is_segment};
use crate::ledger::Record;
use crate::probe::PollUntil;

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

/// What a run knows of what is there.
#[derive(Debug, Default)]
pub(super) struct Stock {
    /// Whether it is known what was there before; set before the first request that may create is sent.
    before: OnceCell<Result<(), Unlisted>>,
    /// Held by the one who takes stock during the run.
    pub(super) taking: tokio::sync::Mutex<()>,
    pub(super) doubts: Mutex<Doubts>,
    /// Whether a request was sent that may have created something.
    pub(super) may_have_created: AtomicBool,
    pub(super) shown: Shown,
    /// Why the list cannot be read to its end, where it is too large for that.
    pub(super) too_large: OnceLock<Unlisted>,
    /// What the last look at the list showed of what no read finds any more.
    listed: Mutex<Vec<String>>,
}

/// Whether the list shows what the run creates; a list that does not tells nothing about what is not in it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    state: Mutex<ShownState>,
}

#[derive(Debug, Default)]
struct ShownState {
    is_proved: bool,
    /// How many creations were looked for.
    tries: u32,
    /// How many of them are there, and not in the list.
    in_vain: u32,
}

/// So many different creations are looked for: a single one may be of a kind that is not listed.
const MOST_TRIES: u32 = 3;

impl Shown {
    pub(super) fn is_disproved(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        !state.is_proved && state.in_vain >= MOST_TRIES
    }

    /// Whether one more creation is to be looked for.
    fn asks(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let asks = !state.is_proved && state.tries < MOST_TRIES;
        state.tries += u32::from(asks);
        asks
    }

    fn note(&self, is_shown: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if is_shown {
            state.is_proved = true;
        } else {
            state.in_vain += 1;
        }
    }
}

/// So often is the list looked at again at the end, as long as that finds more to remove.
const MOST_LOOKS: usize = 100;

/// A list may be so much behind what was created.
const LISTING: Duration = Duration::from_secs(2);

impl Target {
    /// Looks whether the list shows what was just created, and is still there. The first creations of a run are looked for, until one is found.
    pub(super) async fn look_for(&self, id: &str) {
        if !self.stock.shown.asks() {
            return;
        }
        let pauses = PollUntil { statuses: Vec::new(), within: LISTING };
        for pause in std::iter::once(Duration::ZERO).chain(pauses.pauses()) {
            self.halt.pause(pause).await;
            let mut is_shown = false;
            let look = |each: &str, _: Item<'_>| {
                is_shown |= each == id;
                Ok(())
            };
            match self.each_item(Purpose::Extra, look).await {
                Ok(()) if is_shown => return self.stock.shown.note(true),
                Ok(()) => {}
                Err(_) => return,
            }
        }
        let read = request_to(&self.contract().operations[self.contract().creation.lifecycle.read], id, None);
        // What is not there any more cannot be listed.
        if self.send_as(Purpose::Extra, read).await.response().is_some_and(Response::is_success) {
            self.stock.shown.note(false);
            if self.stock.shown.is_disproved() {
                self.ownership.doubt_list();
            }
        }
    }

    /// Takes stock before anything is created, once: whoever asks again gets the same answer. From then on it is known what is not the run's own.
    pub async fn take_stock(&self) -> Result<(), Unlisted> {
        *self
            .stock
            .before
            .get_or_init(|| async {
                let mut ids = Vec::new();
                let note = |id: &str, _: Item<'_>| {
                    ids.push(id.to_owned());
                    Ok(())
                };
                self.each_item(Purpose::Probe, note).await?;
                if let Some(ledger) = self.ledger() {
                    // Where this cannot be written, no intent can be written after it, and nothing is created.
                    let _ = ledger.write(Record::Before { ids: ids.clone() }).await;
                }
                self.ownership.set_before(ids.iter().map(String::as_str));
                self.budget.set_aside(self.request_count() + 1);
                Ok(())
            })
            .await
    }

    /// Whether what is created without a mark can be proven to be the run's: only where it is known what was there before.
    pub(crate) fn can_prove_without_mark(&self) -> bool {
        !matches!(self.stock.before.get(), Some(Err(_))) && !self.ownership.is_list_doubted()
    }

    /// Takes stock after the run, and removes what has appeared and is proven to be ours; why nothing is known, where that is so.
    pub async fn take_last_stock(&self) -> Result<Vec<Appeared>, Unlisted> {
        self.budget.set_aside(0);
        // Where nothing was sent that may create, nothing can be left.
        if !self.stock.may_have_created.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        if let Some(why) = self.cannot_list() {
            return Err(why);
        }
        self.take_stock().await?;
        let known = std::mem::take(&mut self.doubts().appeared);
        let mut found: Vec<_> = known.into_iter().filter(|appeared| appeared.is_removed).collect();
        // A list may show no more than a part: what was removed makes room for what it did not show.
        let mut listed = Vec::new();
        for _ in 0..MOST_LOOKS {
            listed.clear();
            if !self.remove_what_appeared(&mut found, &mut listed).await? {
                break;
            }
        }
        *self.stock.listed.lock().unwrap_or_else(PoisonError::into_inner) = listed;
        for left in found.iter().filter(|appeared| appeared.mark.is_some() && !appeared.is_removed) {
            if let Some(ledger) = &self.ledger {
                // No request is known to have created it, and a sweep must know of it all the same.
                let _ = ledger.write(Record::Created { number: 0, id: left.id.clone() }).await;
            }
        }
        Ok(found)
    }

    /// Looks at the list, and removes what has appeared and is proven to be ours; whether something was removed that no look showed before.
    /// `listed` gets what is gone by a read, and is listed all the same.
    async fn remove_what_appeared(
        &self,
        found: &mut Vec<Appeared>,
        listed: &mut Vec<String>,
    ) -> Result<bool, Unlisted> {
        let is_later = |id: &str, item: Item<'_>| {
            let is_later = !self.ownership.was_there_before(id);
            is_later.then(|| item.text_with(&self.run_id))
        };
        let later = self.inventory(Purpose::Cleanup, is_later).await?;
        let mut has_removed = false;
        for (id, mark) in later {
            if self.keeps_everything() && self.ownership.was_given(&id) {
                continue; // it stays, and is counted
            }
            if self.has_removed(&id).await {
                listed.push(id);
                continue;
            }
            let is_ours = mark.is_some() || self.ownership.claim(&id) == Claim::Own;
            match found.iter_mut().find(|appeared| appeared.id == id) {
                // A list that is late may tell once more what is gone.
                Some(known) if known.is_removed && self.is_gone(&id).await => {}
                Some(known) if known.is_removed => {
                    // Where no read tells it, what is listed once more is there.
                    known.is_removed = self.can_read() && is_ours && self.take(&id).await;
                }
                // What a removal did not move once, it does not move in the next look either.
                Some(_) => {}
                None => {
                    let is_removed = is_ours && self.take(&id).await;
                    has_removed |= is_removed;
                    found.push(Appeared { id, mark, is_removed });
                }
            }
        }
        Ok(has_removed)
    }

    /// The ids of the run's own that the list goes on showing, although no read finds them. Asked after [`Target::take_last_stock`], which sees them first.
    pub(crate) async fn listed_for_good(&self) -> Vec<String> {
        let listed = std::mem::take(&mut *self.stock.listed.lock().unwrap_or_else(PoisonError::into_inner));
        self.still_listed(listed).await
    }

    /// Which of these ids the list goes on showing: a service may list for a while what it has deleted, and what it lists for longer is there.
    pub(crate) async fn still_listed(&self, mut listed: Vec<String>) -> Vec<String> {
        for pause in (PollUntil { statuses: Vec::new(), within: self.grace.length().min(FORGETTING) }).pauses() {
            if listed.is_empty() || !self.pauses(pause).await {
                break;
            }
            // Where the list is not there any more, nothing is known of them, and they are told.
            let Ok(still) = self.inventory(Purpose::Cleanup, |_, _| Some(())).await else { break };
            listed.retain(|id| still.contains_key(id));
        }
        listed
    }

    /// Removes what an answer showed with the mark of this run, or gave as new.
    pub(super) async fn take(&self, id: &str) -> bool {
        if self.ownership.claim(id) != Claim::Own {
            self.ownership.attest(id);
        }
        is_segment(id) && self.remove(id, true).await
    }

    /// Whether this id was not there before, and no answer gave it as new.
    pub(super) fn is_strange(&self, id: &str) -> bool {
        !self.ownership.was_there_before(id) && !self.ownership.was_given(id)
    }

    /// Whether this id was given out, and is gone: some services go on listing for a while what they have deleted.
    async fn has_removed(&self, id: &str) -> bool {
        self.ownership.was_given(id) && is_segment(id) && self.is_gone(id).await
    }

    /// Whether nothing with this mark is there.
    pub(super) async fn lacks(&self, mark: &str) -> bool {
        let mut is_there = false;
        let look = |_: &str, item: Item<'_>| {
            is_there |= item.text_with(mark).is_some();
            Ok(())
        };
        Box::pin(self.each_item(Purpose::Extra, look)).await.is_ok() && !is_there
    }

    /// Whether everything that is there was there before the run, was given out with its id, or holds a mark: then no request without a mark has created
    /// anything of which we do not know.
    pub(super) async fn is_all_explained(&self) -> bool {
        if !self.ownership.knows_before() {
            return false;
        }
        let mut is_explained = true;
        let explain = |id: &str, item: Item<'_>| {
            is_explained &= !self.is_strange(id) || item.text_with(&self.run_id).is_some();
            Ok(())
        };
        Box::pin(self.each_item(Purpose::Extra, explain)).await.is_ok() && is_explained
    }
}
