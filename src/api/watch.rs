//! What following a kind brings, one piece at a time.
//! It never says what is to be done about it.

use serde_json::Value;

/// What a watch reports.
#[derive(Clone, Debug)]
pub enum News {
    /// The object is there, new or changed.
    Present(Value),
    /// The object is gone.
    Gone(Value),
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
