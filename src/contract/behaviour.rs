//! Ways to break what no schema says; a contract names them beside its behaviours.

/// What a server does otherwise than its prose promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// What was created is not found.
    ReadsNothingBack,
    /// What is read back lacks a field that was given.
    LosesAField,
    /// What is read back has another value than was answered.
    ChangesAValue,
    /// What is created while several others are there has the values of one of them.
    ConfusesWhatComesAtOnce,
    /// There are bytes where there should be none yet.
    HasAFile,
    /// What is read back has another value than was answered, from the third time on.
    ChangesAValueLater,
    /// What is read back has another value than was answered, where the documentation leaves open whether it is created.
    ChangesWhatIsOpen,
    /// A change of one changes another one, too.
    ChangesANeighbour,
    /// Deleting one deletes another one, too.
    DeletesANeighbour,
    /// What its state protects is deleted.
    DeletesWhatIsProtected,
    /// What its state protects is deleted when that is asked for again.
    DeletesWhatIsProtectedAtLast,
    /// A change is answered, and forgotten.
    ForgetsUpdates,
    /// Deleting does nothing.
    KeepsWhatIsDeleted,
    /// Deleting is refused, and does nothing.
    RefusesToDelete,
    /// What was deleted is gone, and the answer has another status than documented.
    DeletesWithAnotherStatus,
    /// Deleting again what was deleted ends in an error inside the service.
    FailsToDeleteAgain,
    /// A request to delete without a good credential is turned away, and deletes all the same.
    DeletesForAnybody,
    /// What was never created is found.
    FindsUnknownIds,
    /// A refused request creates all the same.
    CreatesWhatItRefuses,
    /// A request without a good credential is turned away, and creates all the same.
    CreatesForAnybody,
}

impl Misbehaviour {
    /// Every misbehaviour, with its name in a contract.
    pub const ALL: [(&'static str, Self); 20] = [
        ("reads-nothing-back", Self::ReadsNothingBack),
        ("loses-a-field", Self::LosesAField),
        ("changes-a-value", Self::ChangesAValue),
        ("changes-a-value-later", Self::ChangesAValueLater),
        ("changes-what-is-open", Self::ChangesWhatIsOpen),
        ("changes-a-neighbour", Self::ChangesANeighbour),
        ("deletes-a-neighbour", Self::DeletesANeighbour),
        ("confuses-what-comes-at-once", Self::ConfusesWhatComesAtOnce),
        ("has-a-file", Self::HasAFile),
        ("deletes-what-is-protected", Self::DeletesWhatIsProtected),
        ("deletes-what-is-protected-at-last", Self::DeletesWhatIsProtectedAtLast),
        ("forgets-updates", Self::ForgetsUpdates),
        ("keeps-what-is-deleted", Self::KeepsWhatIsDeleted),
        ("refuses-to-delete", Self::RefusesToDelete),
        ("deletes-with-another-status", Self::DeletesWithAnotherStatus),
        ("fails-to-delete-again", Self::FailsToDeleteAgain),
        ("deletes-for-anybody", Self::DeletesForAnybody),
        ("finds-unknown-ids", Self::FindsUnknownIds),
        ("creates-what-it-refuses", Self::CreatesWhatItRefuses),
        ("creates-for-anybody", Self::CreatesForAnybody),
    ];

    /// Whether it takes more than a valid creation with certain values to show it: something that is done again, or to others, or that is left open.
    pub(crate) fn takes_more_than_values(self) -> bool {
        use Misbehaviour::{
            ChangesANeighbour, ChangesAValueLater, ChangesWhatIsOpen, ConfusesWhatComesAtOnce, DeletesANeighbour,
            DeletesForAnybody, DeletesWhatIsProtectedAtLast, FailsToDeleteAgain,
        };
        let is_again = matches!(self, ChangesAValueLater | DeletesWhatIsProtectedAtLast | FailsToDeleteAgain);
        let is_of_others =
            matches!(self, ChangesANeighbour | DeletesANeighbour | DeletesForAnybody | ConfusesWhatComesAtOnce);
        is_again || is_of_others || self == ChangesWhatIsOpen
    }

    /// Whether only the answer is another, and nothing else follows from it.
    pub(crate) fn is_of_the_answer_only(self) -> bool {
        matches!(self, Self::DeletesWithAnotherStatus | Self::FailsToDeleteAgain)
    }
}
