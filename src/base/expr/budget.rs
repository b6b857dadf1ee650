//! Decides how much work and memory one evaluation may take before it is stopped.
//! It never asks a clock, so that the same expression stops at the same place everywhere.

use super::fault::limit::Limit;

/// Steps of one evaluation: nodes visited, elements compared and copied.
const MOST_STEPS: u64 = 10_000_000;
/// Elements of lists and maps made, and bytes of `repeat`, as expr-lang counts them.
const MOST_MEMORY: u64 = 1_000_000;
/// Bytes of text made altogether.
const MOST_TEXT: u64 = 64 << 20;

/// What an evaluation has used up.
#[derive(Debug, Default)]
pub(super) struct Budget {
    steps: u64,
    memory: u64,
    text: u64,
}

impl Budget {
    /// Counts `steps` steps.
    ///
    /// # Errors
    /// Too many steps altogether.
    pub(super) fn steps(&mut self, steps: usize) -> Result<(), Limit> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > MOST_STEPS {
            return Err(Limit::Steps(MOST_STEPS));
        }
        Ok(())
    }

    /// Counts `size` elements made.
    ///
    /// # Errors
    /// Too many of them altogether (source: vm.go, `memGrow`).
    pub(super) fn memory(&mut self, size: usize) -> Result<(), Limit> {
        self.memory = self.memory.saturating_add(size as u64);
        if self.memory >= MOST_MEMORY {
            return Err(Limit::Memory);
        }
        self.steps(size)
    }

    /// Counts `bytes` of text about to be made.
    ///
    /// # Errors
    /// Too many bytes altogether.
    pub(super) fn text(&mut self, bytes: usize) -> Result<(), Limit> {
        self.text = self.text.saturating_add(bytes as u64);
        if self.text > MOST_TEXT { Err(Limit::Memory) } else { self.steps(bytes / 64) }
    }
}
