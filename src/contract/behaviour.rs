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
    /// There are bytes where there should be none yet.
    HasAFile,
    /// What its state protects is deleted.
    DeletesWhatIsProtected,
    /// A change is answered, and forgotten.
    ForgetsUpdates,
    /// Deleting does nothing.
    KeepsWhatIsDeleted,
    /// Deleting is refused, and does nothing.
    RefusesToDelete,
    /// What was deleted is gone, and the answer has another status than documented.
    DeletesWithAnotherStatus,
    /// What was never created is found.
    FindsUnknownIds,
    /// A refused request creates all the same.
    CreatesWhatItRefuses,
    /// A request without a good credential is turned away, and creates all the same.
    CreatesForAnybody,
}

impl Misbehaviour {
    /// Every misbehaviour, with its name in a contract.
    pub const ALL: [(&'static str, Self); 12] = [
        ("reads-nothing-back", Self::ReadsNothingBack),
        ("loses-a-field", Self::LosesAField),
        ("changes-a-value", Self::ChangesAValue),
        ("has-a-file", Self::HasAFile),
        ("deletes-what-is-protected", Self::DeletesWhatIsProtected),
        ("forgets-updates", Self::ForgetsUpdates),
        ("keeps-what-is-deleted", Self::KeepsWhatIsDeleted),
        ("refuses-to-delete", Self::RefusesToDelete),
        ("deletes-with-another-status", Self::DeletesWithAnotherStatus),
        ("finds-unknown-ids", Self::FindsUnknownIds),
        ("creates-what-it-refuses", Self::CreatesWhatItRefuses),
        ("creates-for-anybody", Self::CreatesForAnybody),
    ];
    /// Whether only the answer is another, and nothing else follows from it.
    pub(crate) fn is_of_the_answer_only(self) -> bool {
        self == Self::DeletesWithAnotherStatus
    }
}
