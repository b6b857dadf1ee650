//! A foreign error kept beneath one of ours, so that whoever wants to know more can ask for its source.
//! It never decides what the error means.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A foreign error that can be shared; two are the same when they say the same.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// Keeps `error`; `Some` because errors of ours that have a cause hold it as an option.
    pub(crate) fn of(error: impl Error + Send + Sync + 'static) -> Option<Self> {
        Some(Self(Arc::new(error)))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Cause {}
