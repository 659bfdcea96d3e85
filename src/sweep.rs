//! Removes what a run has left behind, as far as its ledger proves that it is its own.
//!
//! Its own is what the target said that it created, and what holds the run's mark; neither may have been there before the run. A request without a mark,
//! of which nobody knows what it did, may have created something that looks like it: that is told, and removed only if somebody asks for it.
//!
//! Nothing is settled before every request of the run has come to its end, and nothing where the list does not tell what is there.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::{Item, Listed, Purpose, Target, Unlisted};
use crate::contract::{Contract, Relation, Schema, same, same_items};
use crate::exchange::is_segment;
use crate::ledger::{Intent, Ledger, Record, State};

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Ids that a read found before and no longer finds.
    pub removed: Vec<String>,
    /// Ids that were gone already.
    pub gone: Vec<String>,
    /// Ids of this run that are still there.
    pub left: Vec<String>,
    /// Ids of this run that no read finds, and that the list goes on showing.
    pub listed: Vec<String>,
    /// Ids that the target gave out, and that were there before the run: not its own.
    pub foreign: Vec<String>,
    /// Ids that may be its own, with the request that may have created them.
    pub likely: Vec<(Intent, Vec<String>)>,
    /// Why it is not known what is there, where that is so; then nothing is known of requests without an answer, and of refused ones.
    pub unlisted: Option<Unlisted>,
    /// Requests of which nobody knows what they did, as it is not known what is there.
    pub unknown: Vec<Intent>,
    /// When the run's last request can no longer create anything, where that is too far away to wait for it.
    pub again_at: Option<OffsetDateTime>,
    /// Whether this seems to be another place than that of the run: nothing of what was there before is there. Then nothing was done.
    pub is_elsewhere: bool,
}

impl SweepReport {
    /// Whether nothing of the run is left, as far as can be known.
    pub fn is_clean(&self) -> bool {
        !self.has_leftovers() && self.is_known() && !self.is_elsewhere
    }

    /// Whether something is, or may be, left that was seen.
    pub fn has_leftovers(&self) -> bool {
        !self.left.is_empty() || !self.listed.is_empty() || !self.likely.is_empty()
    }

    /// Whether it is known what is left.
    pub fn is_known(&self) -> bool {
        self.unlisted.is_none_or(|why| why == Unlisted::NoCall) && self.unknown.is_empty() && self.again_at.is_none()
    }
}

/// Longer than this a sweep does not wait for the requests of a killed run to come to their end.
const LONGEST_WAIT: time::Duration = time::Duration::minutes(2);

/// Removes what is left of a run. `takes_likely` removes, too, what only looks like its own, where there is one such thing for a request. The target must know
/// what the ledger knows: it is that of the run, or one that is [resuming](Target::resuming) it.
pub async fn sweep(
    contract: &Contract,
    target: &Target,
    ledger: &Ledger,
    state: &State,
    takes_likely: bool,
) -> SweepReport {
    let mut sweeper = Sweeper { contract, target, ledger, state, swept: SweepReport::default() };
    if !takes_likely && sweeper.seems_elsewhere().await {
        sweeper.swept.is_elsewhere = true;
        return sweeper.swept;
    }
    for id in &state.alive {
        sweeper.take(id).await;
    }
    sweeper.settle_requests(takes_likely).await;
    sweeper.look_at_the_list().await;
    sweeper.swept
}

/// What a sweep looks for in a list.
enum Found {
    /// It holds the run's mark.
    Marked,
    /// A request of the run without a mark may have created it.
    Other(Listed),
}

struct Sweeper<'a> {
    contract: &'a Contract,
    target: &'a Target,
    ledger: &'a Ledger,
    state: &'a State,
    swept: SweepReport,
}

impl Sweeper<'_> {
    /// Whether something was there before the run, and nothing of it is there now. With the credential of another project an id that is not found proves
    /// nothing.
    async fn seems_elsewhere(&self) -> bool {
        let Some(before) = self.state.before.as_ref().filter(|before| !before.is_empty()) else { return false };
        let mut is_any_there = false;
        let look = |id: &str, _: Item<'_>| {
            is_any_there |= before.contains(id);
            Ok(())
        };
        self.target.each_item(Purpose::Cleanup, look).await.is_ok() && !is_any_there
    }

    /// Removes one thing that is the run's own, unless it was there before.
    async fn take(&mut self, id: &str) {
        if self.was_there_before(id) {
            self.swept.foreign.push(id.to_owned());
        } else if !is_segment(id) {
            self.swept.left.push(id.to_owned());
        } else if self.target.is_gone(id).await {
            let _ = self.ledger.write(Record::Removed { id: id.to_owned() }).await;
            self.swept.gone.push(id.to_owned());
        } else if self.target.remove(id, true).await {
            self.swept.removed.push(id.to_owned());
        } else {
            self.swept.left.push(id.to_owned());
        }
    }

    fn was_there_before(&self, id: &str) -> bool {
        self.target.was_there_before(id)
    }

    async fn settle_requests(&mut self, takes_likely: bool) {
        if let Some(end) = self.state.settles_at() {
            let left = end - OffsetDateTime::now_utc();
            if left > LONGEST_WAIT {
                self.swept.again_at = Some(end);
            } else if !self.target.pause(Duration::try_from(left).unwrap_or_default()).await {
                self.swept.again_at = Some(end);
                return;
            }
        }
        let unmarked: Vec<_> = self.state.open.iter().filter_map(|intent| self.unmarked(intent)).collect();
        let pick = |id: &str, item: Item<'_>| {
            if self.state.alive.iter().any(|each| each == id) || self.was_there_before(id) {
                return None;
            }
            if item.text_with(&self.state.run).is_some() {
                return Some(Found::Marked);
            }
            // What holds the mark of another run is that one's; of the rest only what may be this run's matters.
            let item = item.read(id);
            let may_be = |(intent, sent): &(&Intent, Map<String, Value>)| may_be_of(self.contract, intent, sent, &item);
            let is_others = self.contract.is_marked(&item.value);
            (!is_others && unmarked.iter().any(may_be)).then_some(Found::Other(item))
        };
        let found = match self.target.inventory(Purpose::Cleanup, pick).await {
            Ok(found) => found,
            Err(why) => {
                self.swept.unlisted = Some(why);
                self.swept.unknown.clone_from(&self.state.open);
                return;
            }
        };
        let mut others = Vec::new();
        for (id, found) in found {
            match found {
                Found::Marked => {
                    self.target.attest(&id);
                    self.take(&id).await;
                }
                Found::Other(item) => others.push(item),
            }
        }
        if self.swept.again_at.is_some() {
            return;
        }
        for intent in &self.state.open {
            self.settle(intent, &others, takes_likely).await;
        }
    }

    /// Finds what no read finds any more and the list shows all the same, and has the ledger know of it again.
    async fn look_at_the_list(&mut self) {
        let done: HashSet<_> = self.swept.removed.iter().chain(&self.swept.gone).cloned().collect();
        if done.is_empty() {
            return;
        }
        let is_done = |id: &str, _: Item<'_>| done.contains(id).then_some(());
        // Where there is no list, a read is all there is.
        let Ok(shown) = self.target.inventory(Purpose::Cleanup, is_done).await else { return };
        let listed = self.target.still_listed(shown.into_keys().collect()).await;
        for id in &listed {
            let _ = self.ledger.write(Record::Created { number: 0, id: id.clone() }).await;
        }
        let is_listed = |id: &String| listed.contains(id);
        self.swept.removed.retain(|id| !is_listed(id));
        self.swept.gone.retain(|id| !is_listed(id));
        self.swept.listed = listed;
    }

    /// A request without a mark, and what it asked for.
    fn unmarked<'b>(&self, intent: &'b Intent) -> Option<(&'b Intent, Map<String, Value>)> {
        let body = intent.body.as_deref().unwrap_or_default().as_bytes();
        self.contract.mark_of(body, &self.state.run).is_none().then(|| (intent, sent_fields(intent)))
    }

    /// Finds out what a request did of which nobody knows it.
    async fn settle(&mut self, intent: &Intent, others: &[Listed], takes_likely: bool) {
        let (likely, sent) = match self.unmarked(intent) {
            None => (Vec::new(), Map::new()),
            Some((_, sent)) => {
                (others.iter().filter(|item| may_be_of(self.contract, intent, &sent, item)).collect(), sent)
            }
        };
        let is_bare = |item: &&&Listed| item.is_whole && holds_no_more(self.contract, &sent, item);
        let bare: Vec<_> = likely.iter().filter(is_bare).map(|item| item.id.clone()).collect();
        match &bare[..] {
            _ if likely.is_empty() => {}
            [id] if takes_likely && self.state.before.is_some() => {
                self.target.attest(id);
                self.take(id).await;
                if self.swept.left.contains(id) {
                    return;
                }
            }
            _ => {
                self.swept.likely.push((intent.clone(), likely.iter().map(|item| item.id.clone()).collect()));
                return;
            }
        }
        let why = "looked for in the list, and nothing of it is there".to_owned();
        let _ = self.ledger.write(Record::Nothing { number: intent.number, why }).await;
    }
}

/// What a request asked for, as far as it can be read.
fn sent_fields(intent: &Intent) -> Map<String, Value> {
    intent.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
}

/// Whether a thing looks as if this request had created it: it came at the time, and holds what was sent.
fn may_be_of(contract: &Contract, intent: &Intent, sent: &Map<String, Value>, item: &Listed) -> bool {
    let differs = |(name, value): (&String, &Value)| {
        // What is not unambiguous to be accepted as it is may have come back as something else, and a field that no request lists may have been ignored.
        let comes_back = match contract.creation.request.properties.get(name) {
            Some(schema) => schema.is_unambiguous(value),
            None => contract.creation.response.echo_of_others().is_some() && !contract.creation.lists(name),
        };
        comes_back && item.value.get(name).is_some_and(|found| !may_come_back(contract, name, value, found))
    };
    let properties = contract.creation.response.properties.iter();
    let came_at_another_time = |(name, schema): (&String, &Schema)| {
        let Some(Relation::NearNow(tolerance)) = schema.relation("near-now") else { return false };
        let time =
            item.value.get(name).and_then(Value::as_str).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        time.is_some_and(|time| (time - intent.at).whole_seconds().unsigned_abs() > *tolerance)
    };
    !sent.iter().any(differs) && !properties.into_iter().any(came_at_another_time)
}

/// Whether a thing holds nothing that somebody else must have asked for: what the request left out is as it is by default.
fn holds_no_more(contract: &Contract, sent: &Map<String, Value>, item: &Listed) -> bool {
    let mut left_out = contract.creation.request.properties.iter().filter(|(name, _)| !sent.contains_key(*name));
    left_out.all(|(name, schema)| match (item.value.get(name), &schema.default) {
        (None | Some(Value::Null), _) | (_, None) => true,
        (Some(found), Some(default)) => may_come_back(contract, name, default, found),
    })
}

/// Whether a value of a request's field comes back as this one.
fn may_come_back(contract: &Contract, name: &str, value: &Value, found: &Value) -> bool {
    let also = match contract.creation.response.properties.get(name).and_then(|schema| schema.relation("echo")) {
        Some(Relation::Echo(echo)) => echo.also(value),
        _ => &[],
    };
    same(found, value) || same_items(found, value) || also.iter().any(|also| same(found, also))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use super::{Intent, Listed, may_be_of, sent_fields};
    use crate::suite::Suite;

    #[test]
    fn what_a_service_may_have_ignored_tells_nothing_of_whose_a_thing_is() {
        let may_be = |suite: &str, sent: Value, there: Value| {
            let suite = Suite::built_in(suite).unwrap().unwrap();
            let now = OffsetDateTime::now_utc();
            let intent = Intent { number: 1, at: now, last: now, body: Some(sent.to_string()) };
            let item = Listed { id: "1".to_owned(), value: there, is_whole: true };
            may_be_of(&suite.contract, &intent, &sent_fields(&intent), &item)
        };
        for (sent, there) in [
            (json!({"created_at": "text"}), json!({"min_disk": 0})),
            (json!({"status": "text"}), json!({"status": "queued"})),
            (json!({"x_unheard_of": "text"}), json!({"x_unheard_of": "other"})),
        ] {
            assert!(may_be("otc", sent.clone(), there.clone()), "{sent} {there}");
        }
        assert!(!may_be("otc", json!({"min_disk": 7}), json!({"min_disk": 8})));
        assert!(may_be("glance", json!({"status": "text"}), json!({"status": "queued"})));
        assert!(!may_be("glance", json!({"x_unheard_of": "text"}), json!({"x_unheard_of": "other"})));
    }
}
