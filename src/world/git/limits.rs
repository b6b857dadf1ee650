//! What one operation on a repository may cost: sizes, numbers, times.
//! It never stops anything itself.

use std::time::Duration;

/// What one operation may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest file whose content is read, in bytes; larger ones have no content. 4 MiB.
    pub file_bytes: u64,
    /// The most content [`Git::files`](super::Git::files) and [`Git::changes`](super::Git::changes) answer at once, in bytes. 256 MiB.
    pub total_bytes: u64,
    /// The most files answered at once, those left out not counted. 50 000.
    pub files: usize,
    /// The most paths, directories included, looked at for one answer. 1 000 000.
    pub paths: usize,
    /// The most bytes taken from or given to a server in one operation. 2 GiB.
    pub transfer_bytes: u64,
    /// How many commits deep a missing commit is searched for. 1000.
    pub depth: usize,
    /// How long the other side may stay silent. 30 s.
    pub idle: Duration,
    /// How long one operation may talk to the other side in all. 10 min.
    pub whole: Duration,
    /// How long to wait for another process that uses the same mirror. 60 s.
    pub lock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 4 << 20,
            total_bytes: 256 << 20,
            files: 50_000,
            paths: 1_000_000,
            transfer_bytes: 2 << 30,
            depth: 1000,
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(600),
            lock: Duration::from_secs(60),
        }
    }
}
