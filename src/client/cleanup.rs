//! Finds what a probe created, has it removed, and tells what is left of it.

use serde_json::Value;

use super::created::{Created, creation_of};
use super::ownership::Claim;
use super::{Item, Purpose, Target};
use crate::contract::{Effect, Operation};
use crate::exchange::{Exchange, NotOwn, Request, Response, TokenVariant, is_segment, segment};
use crate::untrusted::Untrusted;

/// What became of the resources that a probe created.
#[derive(Clone, Debug, Default)]
pub struct Cleanup {
    /// How many the target said it created.
    pub created: usize,
    /// How many of them a read no longer finds.
    pub removed: usize,
    /// How many of them stay, as the target has no call that removes them.
    pub staying: usize,
    /// Those that are, or may be, still there.
    pub leftovers: Vec<Leftover>,
    /// Removals that were answered otherwise than documented, although a read no longer finds what they were about.
    pub odd_removals: Vec<Exchange>,
    /// Removals that were answered with success, although a read has gone on finding what they were about; each with its id.
    pub removals_in_vain: Vec<(String, Exchange)>,
}

/// Something that a run created and could not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// This id is still found.
    Id(Untrusted),
    /// The list goes on showing this id, although no read finds it.
    Listed(Untrusted),
    /// The target said that it created something, but gave no id that fits a path.
    Unnamed,
    /// The target said that it created something and gave no id, and this one is found after the run and was not before it.
    Guessed(Untrusted),
    /// This id is found after the run and was not before it; whose it is, nothing proves.
    Appeared(Untrusted),
    /// The answer was lost: whether anything was created is not known.
    Unknown,
    /// The target gave this id for a new thing, and it was there before the run.
    Foreign(Untrusted),
    /// The target gave this id for a new thing, and a read shows something that this run did not create.
    ShownOtherwise(Untrusted),
    /// The target gave this id for two new things, so that nothing is sent to it any more.
    GivenTwice(Untrusted),
}

impl Leftover {
    /// Whether it is certain that this run created it.
    pub fn is_proven(&self) -> bool {
        match self {
            Self::Id(_) | Self::Listed(_) | Self::Unnamed | Self::Guessed(_) | Self::GivenTwice(_) => true,
            Self::Appeared(_) | Self::Unknown | Self::Foreign(_) | Self::ShownOtherwise(_) => false,
        }
    }
}

impl Cleanup {
    /// Adds what became of others.
    pub(crate) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.removed += other.removed;
        self.staying += other.staying;
        self.leftovers.extend(other.leftovers);
        self.odd_removals.extend(other.odd_removals);
        self.removals_in_vain.extend(other.removals_in_vain);
    }

    /// The ids that the target gave out and that could not be removed.
    pub(crate) fn left_ids(&self) -> impl Iterator<Item = &str> {
        self.leftovers.iter().filter_map(|left| if let Leftover::Id(id) = left { Some(id.raw()) } else { None })
    }
}

impl Target {
    /// Removes everything that these exchanges created, however long the service takes to forget it.
    pub async fn clean(&self, exchanges: &[Exchange]) -> Cleanup {
        self.clean_and(exchanges, || {}).await
    }

    /// The same; calls `yielding` once before it waits for a service that forgets late, as others may go on meanwhile.
    pub(crate) async fn clean_and(&self, exchanges: &[Exchange], yielding: impl FnOnce()) -> Cleanup {
        let mut cleanup = Cleanup::default();
        let mut yielding = Some(yielding);
        for exchange in exchanges {
            match creation_of(self.contract(), exchange) {
                Some(Created::Named { id, is_delete_protected }) => {
                    cleanup.add(self.clean_one(&id, is_delete_protected, exchanges, &mut yielding).await);
                }
                Some(Created::Unnamed) => {
                    cleanup.created += 1;
                    self.removals.note_not_found();
                    if self.keeps_everything() {
                        cleanup.staying += 1;
                    } else if self.removed_by_mark(exchange).await {
                        cleanup.removed += 1;
                    } else {
                        cleanup.leftovers.push(Leftover::Unnamed);
                    }
                }
                Some(Created::Unknown) => cleanup.leftovers.push(Leftover::Unknown),
                None => {}
            }
        }
        cleanup
    }

    /// Removes what was created with this id, unless it is not this run's.
    async fn clean_one(
        &self,
        id: &str,
        is_delete_protected: bool,
        exchanges: &[Exchange],
        yielding: &mut Option<impl FnOnce()>,
    ) -> Cleanup {
        let is_left = |leftover| Cleanup { leftovers: vec![leftover], ..Cleanup::default() };
        if let Some(leftover) = self.disowned(id) {
            return is_left(leftover);
        }
        let was_removed = exchanges.iter().any(|each| self.removes(each, id));
        if !was_removed {
            self.look_for(id).await;
        }
        if self.keeps_everything() {
            return Cleanup { created: 1, staying: 1, ..Cleanup::default() };
        }
        // What nothing was sent to yet is looked at now, and may turn out to be somebody else's.
        if !was_removed
            && self.refusal_for(id).await.is_some()
            && let Some(leftover) = self.disowned(id)
        {
            return is_left(leftover);
        }
        let (is_gone, removal) = self.make_gone(id, is_delete_protected, was_removed, yielding).await;
        // What was released before is another matter than what could be removed from the beginning.
        let is_plain = is_gone && !is_delete_protected && !was_removed;
        let is_in_vain = |removal: &&Exchange| !is_gone && removal.response().is_some_and(Response::is_success);
        let in_vain = removal.as_ref().filter(is_in_vain).map(|removal| (id.to_owned(), removal.clone()));
        let removals_in_vain = in_vain.into_iter().collect();
        let odd_removals = removal.filter(|removal| is_plain && self.is_odd(removal)).into_iter().collect();
        if self.note_removal(id, is_gone).await {
            Cleanup { created: 1, removed: 1, odd_removals, ..Cleanup::default() }
        } else {
            Cleanup { created: 1, odd_removals, removals_in_vain, ..is_left(Leftover::Id(id.into())) }
        }
    }

    /// Whether what was removed is gone, and the answer says otherwise, or says it in another way than the contract does.
    fn is_odd(&self, removal: &Exchange) -> bool {
        let contract = self.contract();
        let inconclusive = &contract.creation.inconclusive;
        let documented = &contract.operations[contract.creation.lifecycle.remove].answers;
        removal.response().is_some_and(|response| {
            let says_nothing = inconclusive.says_nothing(response.status) || matches!(response.status, 404 | 410);
            let is_documented = response.is_success() && documented.contains_key(&response.status);
            let envelope = contract.envelope(&response.body, response.json().as_ref());
            !says_nothing && !is_documented && !envelope.is_some_and(|envelope| envelope.is_inconclusive)
        })
    }

    /// What is told of an id that was given as new, where nothing may be sent to it.
    fn disowned(&self, id: &str) -> Option<Leftover> {
        match self.ownership.claim(id) {
            Claim::Denied(NotOwn::ThereBefore) => Some(Leftover::Foreign(id.into())),
            Claim::Denied(NotOwn::GivenTwice) => Some(Leftover::GivenTwice(id.into())),
            Claim::Denied(NotOwn::ShownOtherwise) => Some(Leftover::ShownOtherwise(id.into())),
            Claim::Denied(NotOwn::NeverGiven | NotOwn::Unproven) | Claim::Own | Claim::Given(_) | Claim::Unproven => {
                None
            }
        }
    }

    /// Removes what holds the mark of a creation whose answer gave no id; true where that was one thing and it is gone.
    async fn removed_by_mark(&self, exchange: &Exchange) -> bool {
        let Some(mark) = exchange.request.mark(self.contract(), &self.run_id) else { return false };
        let is_marked = |_: &str, item: Item<'_>| (item.text_with(&mark).as_ref() == Some(&mark)).then_some(());
        let Ok(marked) = self.inventory(Purpose::Extra, is_marked).await else { return false };
        match marked.first() {
            Some((id, ())) if marked.len() == 1 && is_segment(id) => {
                self.ownership.attest(id);
                self.remove(id, true).await
            }
            _ => false,
        }
    }

    /// Whether an exchange is a removal of this id that was accepted.
    fn removes(&self, exchange: &Exchange, id: &str) -> bool {
        let (contract, request) = (self.contract(), &exchange.request);
        let removal = contract.operation(&request.method, &request.path);
        let is_removal = removal.is_some_and(|(index, parameters)| {
            matches!(contract.operations[index].effect, Effect::Delete(_))
                && parameters.last() == Some(&segment(id).as_str())
        });
        is_removal && exchange.response().is_some_and(Response::is_success)
    }
}

/// A request of this operation about the resource with this id.
pub(crate) fn request_to(operation: &Operation, id: &str, body: Option<&Value>) -> Request {
    let media_type = operation.media_type.iter().filter(|_| body.is_some());
    Request {
        method: operation.method.clone(),
        path: operation.path.fill(&segment(id)),
        headers: media_type.map(|media_type| ("Content-Type".to_owned(), media_type.clone())).collect(),
        body: body.map(|body| body.to_string().into_bytes()),
        credential: TokenVariant::Good,
    }
}
