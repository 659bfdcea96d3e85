//! What is there during a run beside what its answers told of: taken stock of as often as a budget needs it to keep its word.
//!
//! A target may create what it refuses, and may create more than the one thing it was asked for. Each answered request that may create leaves a doubt, which
//! only the list clears. What the list then shows with the mark of this run, and what belongs to no request under way, is counted and removed at once; what it
//! shows without any mark is counted, at most one for each doubt, and not touched, as it may be anybody's.

use std::collections::{HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};

use super::created::Created;
use super::stock::Appeared;
use super::{Item, Purpose, Target};

/// What requests may have created without telling it, and what stock-taking has found of it so far.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Answered requests since the last stock-taking, in the order of their answers.
    heard: Vec<Heard>,
    /// The marks of requests that may create and are not answered yet.
    under_way: Vec<Option<String>>,
    /// The marks of requests that count as having created something, of which no answer gave the id.
    unnamed: Vec<Option<String>>,
    /// How often as much appeared without a mark as there were requests in doubt, or more.
    coincidences: u32,
    /// What appeared and is counted already.
    pub(super) appeared: Vec<Appeared>,
}

#[derive(Debug)]
struct Heard {
    mark: Option<String>,
    told: Told,
}

/// What an answer told of what its request created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// One thing, which is counted.
    One,
    /// Nothing: the request was refused.
    Nothing,
}

/// What one look at the list shows that no answer told of.
#[derive(Debug, Default)]
struct Look {
    /// With a mark of this run.
    marked: Vec<(String, String)>,
    /// Without any mark.
    unmarked: Vec<String>,
    /// What appeared before, and is still there.
    still: HashSet<String>,
}

impl Doubts {
    /// How many things with this mark are there that nobody asked for, for each request that carried it.
    fn unasked(&self, mark: &str, found: usize) -> u64 {
        let carried = || self.heard.iter().filter(|heard| heard.mark.as_deref() == Some(mark));
        let refused = carried().filter(|heard| heard.told == Told::Nothing).count();
        found.saturating_sub(refused).div_ceil(carried().count().max(1)) as u64
    }

    /// Whether a thing with this text, or without one, may belong to a request that is not answered yet.
    fn may_be_under_way(&self, text: Option<&str>) -> bool {
        self.under_way.iter().any(|mark| match (mark, text) {
            (Some(mark), Some(text)) => text.contains(mark),
            (None, None) => true,
            _ => false,
        })
    }
}

impl Target {
    /// Notes that a request with this mark is sent that may create something, where a budget must know it.
    pub(super) fn note_under_way(&self, mark: Option<&String>) {
        if self.budget.bounds_creation() {
            self.doubts().under_way.push(mark.cloned());
        }
    }

    /// Notes what a request came to that may create something. Only then is it no longer under way: whoever looks at the list meanwhile takes what it created
    /// for its own.
    pub(super) fn note_answered(&self, mark: Option<String>, creation: Option<&Created>, is_answered: bool) {
        if !self.budget.bounds_creation() {
            return;
        }
        let mut doubts = self.doubts();
        if let Some(index) = doubts.under_way.iter().position(|each| *each == mark) {
            doubts.under_way.swap_remove(index);
        }
        let told = match creation {
            Some(Created::Named { .. }) => Told::One,
            Some(Created::Unnamed | Created::Unknown) => {
                doubts.unnamed.push(mark.clone());
                Told::One
            }
            None if is_answered => Told::Nothing,
            None => return,
        };
        self.budget.note_doubt(told == Told::One);
        doubts.heard.push(Heard { mark, told });
    }

    /// Takes stock during the run, so that its budgets hold against a target that creates what it refuses, or more than it was asked for.
    pub(super) async fn take_stock_on_the_way(&self) {
        let _one_at_a_time = self.stock.taking.lock().await;
        // What is answered while the list is read may not be in it, and stays in doubt.
        let settled = self.doubts().heard.len();
        if settled == 0 {
            return;
        }
        match self.look().await {
            Ok(look) => self.count(look, settled).await,
            // A run that is over takes no more stock, and creates nothing more.
            Err(_) if self.halted().is_some() => {}
            Err(_) => self.budget.note_blind(),
        }
    }

    async fn look(&self) -> Result<Look, super::Unlisted> {
        let counted: HashSet<_> = self.doubts().appeared.iter().map(|found| found.id.clone()).collect();
        let mut look = Look::default();
        let note = |id: &str, item: Item<'_>| {
            let text = item.text_with(&self.run_id);
            // First of all: what is answered in this moment is no longer under way, and given out then.
            if self.doubts().may_be_under_way(text.as_deref()) || !self.is_strange(id) {
                return None;
            }
            if counted.contains(id) {
                look.still.insert(id.to_owned());
                return None;
            }
            let is_of_another_run = text.is_none() && self.contract().is_marked(&item.read(id).value);
            (!is_of_another_run).then_some(text)
        };
        for (id, text) in self.inventory(Purpose::Extra, note).await? {
            match text {
                Some(text) => look.marked.push((id, text)),
                None => look.unmarked.push(id),
            }
        }
        Ok(look)
    }

    /// Counts what a look has shown, removes what is this run's, and clears the doubts that were there before the look.
    async fn count(&self, look: Look, settled: usize) {
        self.uncount(&look.still);
        let mut unnamed = self.doubts().unnamed.clone();
        let mut is_told_of = |mark: Option<&str>| {
            let index = unnamed.iter().position(|each| each.as_deref() == mark);
            index.map(|index| unnamed.swap_remove(index)).is_some()
        };
        let mut found: HashMap<String, usize> = HashMap::new();
        let mut appeared = Vec::new();
        for (id, text) in look.marked {
            if !is_told_of(Some(&text)) {
                *found.entry(text.clone()).or_default() += 1;
                appeared.push(Appeared { id, mark: Some(text), is_removed: false });
            }
        }
        if !appeared.is_empty() {
            self.removals.note_untold();
        }
        let most = self.doubts().heard.len();
        let strangers: Vec<_> = look.unmarked.into_iter().filter(|_| !is_told_of(None)).take(most).collect();
        let is_coincidence = strangers.len() >= settled;
        appeared.extend(strangers.into_iter().map(|id| Appeared { id, mark: None, is_removed: false }));
        {
            let mut doubts = self.doubts();
            for (mark, count) in &found {
                self.budget.note_unasked(doubts.unasked(mark, *count));
            }
            // Once, others may have been at work. Right after the first creation of a run, or twice, it was the target.
            doubts.coincidences += u32::from(is_coincidence);
            let tells_of_one = doubts.heard.iter().take(settled).all(|heard| heard.told == Told::One);
            if is_coincidence && tells_of_one && (doubts.coincidences > 1 || !self.budget.is_tried()) {
                self.budget.note_unasked(1);
            }
            for _ in &appeared {
                self.budget.note_created();
            }
            let told: Vec<_> = doubts.heard.drain(..settled).map(|heard| heard.told).collect();
            self.budget.clear_doubts(told.len(), told.iter().filter(|told| **told == Told::One).count());
        }
        for found in appeared.iter_mut().filter(|found| found.mark.is_some()) {
            found.is_removed = self.take(&found.id).await;
        }
        self.doubts().appeared.extend(appeared);
    }

    /// What appeared without a mark and was counted counts no more where an answer has told of it since, or where it is gone: then it was somebody else's.
    fn uncount(&self, still: &HashSet<String>) {
        self.doubts().appeared.retain(|found| {
            let is_none_of_ours = found.mark.is_none() && !still.contains(&found.id);
            if is_none_of_ours {
                self.budget.note_not_created();
            }
            !is_none_of_ours
        });
    }

    pub(super) fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.stock.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Doubts, Heard, Told};

    fn heard(mark: &str, told: Told) -> Heard {
        Heard { mark: Some(mark.to_owned()), told }
    }

    #[test]
    fn what_a_refused_request_created_is_not_beside_what_was_asked_for() {
        let doubts = Doubts { heard: vec![heard("a", Told::Nothing), heard("b", Told::One)], ..Doubts::default() };
        assert_eq!((doubts.unasked("a", 1), doubts.unasked("a", 2)), (0, 1));
        assert_eq!((doubts.unasked("b", 1), doubts.unasked("b", 4)), (1, 4));
        assert_eq!(doubts.unasked("of nobody", 1), 1);
    }

    #[test]
    fn two_requests_with_one_mark_share_what_is_beside_them() {
        let doubts = Doubts { heard: vec![heard("a", Told::One), heard("a", Told::One)], ..Doubts::default() };
        assert_eq!((doubts.unasked("a", 1), doubts.unasked("a", 2), doubts.unasked("a", 3)), (1, 1, 2));
    }

    #[test]
    fn a_thing_belongs_to_the_request_under_way_whose_mark_it_holds() {
        let doubts = Doubts { under_way: vec![Some("a".to_owned())], ..Doubts::default() };
        assert!(doubts.may_be_under_way(Some("a")) && doubts.may_be_under_way(Some("copy of a")));
        assert!(!doubts.may_be_under_way(Some("b")) && !doubts.may_be_under_way(None));
        let doubts = Doubts { under_way: vec![None], ..Doubts::default() };
        assert!(doubts.may_be_under_way(None) && !doubts.may_be_under_way(Some("a")));
    }
}
