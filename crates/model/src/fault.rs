//! What a failure of the world says about trying again.

/// Whether the same act may succeed later.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// A passing fault: a network, a full disk, a busy database.
    Later,
    /// A lasting one: the answer will be the same.
    Never,
}
