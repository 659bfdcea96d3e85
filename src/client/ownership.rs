//! What this run provably created, and so may change and remove.
//!
//! [`Target::send`](super::Target::send) asks here before each request that changes or removes something, whoever sends it. Own is an id that one answer of
//! this run gave as new, that the list before the run did not have, and of which a read does not show that it is somebody else's; where that list is not known,
//! or does not show what is created, only what a read shows with the mark of this run. Servers compare ids in many ways, so an id is compared in one
//! [`Spelling`].
//!
//! A run of a million probes removes as many things. Of those that are long gone no more is kept than that an answer gave them: whoever meets one again needs
//! a read that shows the mark.

mod spelling;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use spelling::Spelling;
use time::OffsetDateTime;

use crate::exchange::NotOwn;

/// The ids that matter to a run.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    ids: Mutex<Ids>,
}

#[derive(Debug, Default)]
struct Ids {
    /// Those that were there before the run; `None` as long as, or where, that is not known.
    before: Option<HashSet<Spelling>>,
    /// Whether the list has turned out not to show what is there, so that what it showed before the run proves nothing.
    is_list_doubted: bool,
    known: HashMap<Spelling, Evidence>,
    /// Those that were removed last, the oldest first.
    gone: VecDeque<Spelling>,
    /// Fingerprints of those that were removed before them.
    long_gone: HashSet<u64>,
    fingerprints: RandomState,
}

/// Of so many things that are gone all is kept that speaks for them.
const MOST_GONE: usize = 20_000;

/// What speaks for an id being the run's own.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    /// How many answers gave it as new.
    given: u32,
    asked: Asked,
    /// Whether an answer showed it with the mark of this run, or a person said that it is the run's, or a read does not speak against it.
    is_attested: bool,
    /// Whether a read showed something that this run did not create.
    is_disowned: bool,
}

/// What is known of the request that an id was given for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Whether it held the mark of this run.
    pub is_marked: bool,
    /// When the thing was created, as its answer told it.
    pub created: Option<OffsetDateTime>,
}

/// Whether the run may change and remove what has an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It may.
    Own,
    /// It may unless a read shows something that this run did not create: one answer gave it, and it was not in the list before the run.
    Given(Asked),
    /// It may if a read shows the mark of this run: one answer gave it, and what was there before is not known.
    Unproven,
    /// It may not.
    Denied(NotOwn),
}

impl Ownership {
    /// These ids were there before the run.
    pub(super) fn set_before<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        self.ids().before = Some(ids.into_iter().map(Spelling::of).collect());
    }

    /// Whether it is known what was there before the run.
    pub(super) fn knows_before(&self) -> bool {
        let ids = self.ids();
        ids.before.is_some() && !ids.is_list_doubted
    }

    /// Whether the list has turned out not to show what is there.
    pub(super) fn is_list_doubted(&self) -> bool {
        self.ids().is_list_doubted
    }

    /// An answer gave this id as new, to a request with the mark of this run or without one, and told when it was created.
    pub(super) fn note_given(&self, id: &str, is_marked: bool, created: Option<OffsetDateTime>) {
        let (mut ids, id) = (self.ids(), Spelling::of(id));
        let before = u32::from(ids.is_long_gone(&id));
        let evidence = ids.known.entry(id).or_default();
        evidence.given = evidence.given.max(before) + 1;
        evidence.asked = Asked { is_marked, created };
    }

    /// The list does not show what is there.
    pub(super) fn doubt_list(&self) {
        self.ids().is_list_doubted = true;
    }

    /// A read showed something under this id that this run did not create.
    pub(super) fn disown(&self, id: &str) {
        self.ids().known.entry(Spelling::of(id)).or_default().is_disowned = true;
    }

    /// An answer showed this id with the mark of this run, or a person said that it is the run's.
    pub(super) fn attest(&self, id: &str) {
        self.ids().known.entry(Spelling::of(id)).or_default().is_attested = true;
    }

    /// What has this id is gone.
    pub(super) fn note_gone(&self, id: &str) {
        let mut ids = self.ids();
        ids.gone.push_back(Spelling::of(id));
        if ids.gone.len() > MOST_GONE {
            ids.forget_oldest();
        }
    }

    /// Whether an answer gave this id as new.
    pub(super) fn was_given(&self, id: &str) -> bool {
        let (ids, id) = (self.ids(), Spelling::of(id));
        ids.known.get(&id).is_some_and(|evidence| evidence.given > 0) || ids.is_long_gone(&id)
    }

    /// Whether this id was there before the run, as far as that is known.
    pub(super) fn was_there_before(&self, id: &str) -> bool {
        self.ids().before.as_ref().is_some_and(|before| before.contains(&Spelling::of(id)))
    }

    /// Whether the run may change and remove what has this id.
    pub(super) fn claim(&self, id: &str) -> Claim {
        let (ids, id) = (self.ids(), Spelling::of(id));
        if ids.before.as_ref().is_some_and(|before| before.contains(&id)) {
            return Claim::Denied(NotOwn::ThereBefore);
        }
        match ids.known.get(&id) {
            Some(Evidence { given: 2.., .. }) => Claim::Denied(NotOwn::GivenTwice),
            Some(Evidence { is_attested: true, .. }) => Claim::Own,
            Some(Evidence { is_disowned: true, .. }) => Claim::Denied(NotOwn::ShownOtherwise),
            Some(Evidence { given: 1, asked, .. }) if ids.before.is_some() && !ids.is_list_doubted => {
                Claim::Given(*asked)
            }
            Some(Evidence { given: 1, .. }) => Claim::Unproven,
            None if ids.is_long_gone(&id) => Claim::Unproven,
            Some(Evidence { given: 0, .. }) | None => Claim::Denied(NotOwn::NeverGiven),
        }
    }

    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ids {
    fn is_long_gone(&self, id: &Spelling) -> bool {
        self.long_gone.contains(&self.fingerprints.hash_one(id))
    }

    /// Keeps no more of the one that is gone for the longest time than that an answer gave it, where that is all there is to say.
    fn forget_oldest(&mut self) {
        let Some(oldest) = self.gone.pop_front() else { return };
        let says_no_more = self.known.get(&oldest).is_some_and(|known| known.given == 1 && !known.is_disowned);
        if says_no_more {
            self.known.remove(&oldest);
            self.long_gone.insert(self.fingerprints.hash_one(&oldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Claim, MOST_GONE, Ownership};
    use crate::exchange::NotOwn;

    const MARKED: Asked = Asked { is_marked: true, created: None };

    const ID: &str = "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86";

    /// The id in spellings that some server takes for the same.
    const SPELLINGS: [&str; 8] = [
        "4CA46BF1-5C61-48FF-B4F3-0AD4E5E3BA86",
        "4ca46bf15c6148ffb4f30ad4e5e3ba86",
        "{4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86}",
        "urn:uuid:4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86",
        "%34ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86",
        "%2534ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86",
        " 4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86\n",
        "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86/.",
    ];

    #[test]
    fn what_was_there_before_is_not_own_in_any_spelling_whatever_speaks_for_it() {
        for spelling in SPELLINGS {
            let ownership = Ownership::default();
            ownership.set_before([ID]);
            ownership.note_given(spelling, true, None);
            ownership.attest(spelling);
            assert_eq!(ownership.claim(spelling), Claim::Denied(NotOwn::ThereBefore), "{spelling}");
            assert_eq!(ownership.claim(ID), Claim::Denied(NotOwn::ThereBefore), "{spelling}");
        }
        let ownership = Ownership::default();
        ownership.set_before(["7", "Name"]);
        for spelling in ["007", "7 ", "name", "NAME"] {
            assert_eq!(ownership.claim(spelling), Claim::Denied(NotOwn::ThereBefore), "{spelling}");
        }
    }

    #[test]
    fn what_two_answers_gave_is_not_own_in_any_spelling() {
        for spelling in SPELLINGS {
            let ownership = Ownership::default();
            ownership.set_before([]);
            ownership.note_given(ID, true, None);
            assert_eq!(ownership.claim(spelling), Claim::Given(MARKED), "{spelling}");
            ownership.note_given(spelling, true, None);
            ownership.attest(ID);
            assert_eq!(ownership.claim(ID), Claim::Denied(NotOwn::GivenTwice), "{spelling}");
        }
    }

    #[test]
    fn an_id_of_which_no_answer_told_is_nobodys() {
        let ownership = Ownership::default();
        ownership.set_before(["other"]);
        assert_eq!(ownership.claim(ID), Claim::Denied(NotOwn::NeverGiven));
        ownership.attest(ID);
        assert_eq!(ownership.claim(ID), Claim::Own);
    }

    #[test]
    fn where_it_is_not_known_what_was_there_before_an_answer_alone_proves_nothing() {
        let ownership = Ownership::default();
        ownership.note_given(ID, true, None);
        assert_eq!(ownership.claim(ID), Claim::Unproven);
        ownership.attest(ID);
        assert_eq!(ownership.claim(ID), Claim::Own);
    }

    #[test]
    fn a_list_that_does_not_show_what_is_there_proves_nothing_any_more() {
        let ownership = Ownership::default();
        ownership.set_before(["other"]);
        ownership.note_given(ID, false, None);
        assert_eq!(ownership.claim(ID), Claim::Given(Asked::default()));
        ownership.doubt_list();
        assert_eq!(ownership.claim(ID), Claim::Unproven);
        assert_eq!(ownership.claim("other"), Claim::Denied(NotOwn::ThereBefore));
    }

    #[test]
    fn what_a_read_shows_to_be_somebody_elses_is_not_own() {
        let ownership = Ownership::default();
        ownership.set_before([]);
        ownership.note_given(ID, true, None);
        ownership.disown(ID);
        assert_eq!(ownership.claim(ID), Claim::Denied(NotOwn::ShownOtherwise));
    }

    #[test]
    fn what_is_long_gone_needs_a_read_that_shows_the_mark() {
        let ownership = Ownership::default();
        ownership.set_before([]);
        for number in 0..=MOST_GONE {
            let id = format!("own-{number}");
            ownership.note_given(&id, true, None);
            ownership.note_gone(&id);
        }
        assert_eq!(ownership.claim("OWN-0"), Claim::Unproven);
        assert_eq!(ownership.claim("own-1"), Claim::Given(MARKED));
        assert!(ownership.was_given("own-0") && !ownership.was_given("other"));
        ownership.attest("own-0");
        assert_eq!(ownership.claim("own-0"), Claim::Own);
    }

    #[test]
    fn what_is_long_gone_and_given_again_is_not_own() {
        let ownership = Ownership::default();
        ownership.set_before([]);
        let gone = (0..=MOST_GONE).map(|number| format!("own-{number}"));
        for id in gone {
            ownership.note_given(&id, true, None);
            ownership.note_gone(&id);
        }
        // What a read showed of it before counts as little as what one shows behind it.
        ownership.attest("own-0");
        ownership.note_given("own-0", true, None);
        ownership.attest("own-0");
        assert_eq!(ownership.claim("own-0"), Claim::Denied(NotOwn::GivenTwice));
    }

    #[test]
    fn what_is_denied_stays_so_when_it_is_long_gone() {
        let ownership = Ownership::default();
        ownership.set_before([]);
        ownership.note_given("twice", true, None);
        ownership.note_given("twice", true, None);
        ownership.disown("anothers");
        for id in
            ["twice", "anothers"].map(str::to_owned).into_iter().chain((0..MOST_GONE).map(|each| each.to_string()))
        {
            ownership.note_gone(&id);
        }
        assert_eq!(ownership.claim("twice"), Claim::Denied(NotOwn::GivenTwice));
        assert_eq!(ownership.claim("anothers"), Claim::Denied(NotOwn::ShownOtherwise));
    }
}
