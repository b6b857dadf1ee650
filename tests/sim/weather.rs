//! Decides what may lie between an engine and the repository in memory, as data that a story changes.
//! It never knows what is fetched or pushed.

use std::time::Duration;

/// What a story may do to the way to the repository.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// Nothing can be fetched or pushed.
    pub away: bool,
    /// Pushes are refused with this reason.
    pub refuses: Option<String>,
    /// How long fetching takes.
    pub fetch_takes: Duration,
    /// How long undoing commits takes.
    pub undo_takes: Duration,
    /// What somebody else pushes just before our next pushes: message, path and text.
    pub rivals: Vec<(String, String, String)>,
}

/// Lets so much time pass.
pub async fn takes(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
