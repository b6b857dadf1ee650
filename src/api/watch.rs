//! What following a kind brings, one piece at a time.
//! It never says what is to be done about it.

use serde_json::Value;

/// What a watch tells; `T` is the object as whoever listens keeps it.
#[derive(Clone, Debug)]
pub enum News<T = Value> {
    /// The object is there, new or changed.
    Present(T),
    /// The object is gone.
    Gone(T),
    /// A list begins; what it does not bring is gone.
    ListBegins,
    /// The list is complete.
    ListEnds,
    /// The watch is troubled and will try again.
    Trouble {
        /// The status code with which the cluster refused; 0 when it did not answer.
        code: u16,
        /// What happened, in words.
        why: String,
    },
}

impl<T> News<T> {
    /// The same news of what `read` makes of the object.
    #[must_use]
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> News<U> {
        match self {
            Self::Present(object) => News::Present(read(object)),
            Self::Gone(object) => News::Gone(read(object)),
            Self::ListBegins => News::ListBegins,
            Self::ListEnds => News::ListEnds,
            Self::Trouble { code, why } => News::Trouble { code, why },
        }
    }
}
