//! What this run provably created, and so may change and remove.
//!
//! [`Target::send`](super::Target::send) asks here before each request that changes or removes something, whoever sends it. Own is an id that one answer of
//! this run gave as new, that the list before the run did not have, and of which a read does not show that it is somebody else's; where that list is not known,
//! or does not show what is created, only what a read shows with the mark of this run. Servers compare ids in many ways, so an id is compared in one
//! [`Spelling`].

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
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
}

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
        let mut ids = self.ids();
        let evidence = ids.known.entry(Spelling::of(id)).or_default();
        evidence.given += 1;
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

    /// Whether an answer gave this id as new.
    pub(super) fn was_given(&self, id: &str) -> bool {
        self.ids().known.get(&Spelling::of(id)).is_some_and(|evidence| evidence.given > 0)
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
            Some(Evidence { given: 0, .. }) | None => Claim::Denied(NotOwn::NeverGiven),
        }
    }

    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id as a server that is careless about spelling reads it: decoded, without letter case, a UUID in any of its forms, a number without its zeros.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Spelling(String);

/// So often a text is decoded: proxies and servers each decode it once.
const DECODINGS: usize = 4;

impl Spelling {
    fn of(id: &str) -> Self {
        let mut text = id.to_owned();
        for _ in 0..DECODINGS {
            text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        }
        let text = text.trim_matches(|each: char| each.is_whitespace() || each.is_control() || "/.".contains(each));
        let text = text.to_lowercase();
        if let Ok(uuid) = uuid::Uuid::try_parse(&text) {
            return Self(uuid.simple().to_string());
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        Self(if is_number { text.trim_start_matches('0').to_owned() } else { text })
    }
}

impl fmt::Debug for Spelling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Claim, Ownership};
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
}
