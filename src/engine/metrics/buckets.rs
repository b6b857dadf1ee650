//! Decides how durations are counted: how many were at most so long, and how long all were together.
//! It never decides what took so long.

use crate::engine::metrics::page::Page;
use std::time::Duration;

/// Durations, counted by their upper bounds in seconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Buckets<const N: usize> {
    within: [u64; N],
    count: u64,
    seconds: f64,
}

impl<const N: usize> Default for Buckets<N> {
    fn default() -> Self {
        Self { within: [0; N], count: 0, seconds: 0.0 }
    }
}

impl<const N: usize> Buckets<N> {
    /// Counts one.
    pub(super) fn observe(&mut self, bounds: &[f64; N], time: Duration) {
        let seconds = time.as_secs_f64();
        for (within, bound) in self.within.iter_mut().zip(bounds) {
            *within += u64::from(seconds <= *bound);
        }
        self.count += 1;
        self.seconds += seconds;
    }

    /// Whether none was counted.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes the series of the family `name` with these labels.
    pub(super) fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)], bounds: &[f64; N]) {
        let bucket = format!("{name}_bucket");
        let with = |bound: String, count: u64, page: &mut Page| {
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            page.value(&bucket, &labels, count);
        };
        for (within, bound) in self.within.iter().zip(bounds) {
            with(bound.to_string(), *within, page);
        }
        with("+Inf".to_owned(), self.count, page);
        page.value(&format!("{name}_sum"), labels, self.seconds);
        page.value(&format!("{name}_count"), labels, self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_holds_all_that_were_at_most_so_long() {
        let (bounds, mut buckets) = ([0.25, 1.0], Buckets::default());
        for millis in [250, 500, 2000] {
            buckets.observe(&bounds, Duration::from_millis(millis));
        }
        let mut page = Page::default();
        buckets.write(&mut page, "x", &[("name", "a")], &bounds);
        let wanted = "x_bucket{name=\"a\",le=\"0.25\"} 1\nx_bucket{name=\"a\",le=\"1\"} 2\n\
             x_bucket{name=\"a\",le=\"+Inf\"} 3\nx_sum{name=\"a\"} 2.75\nx_count{name=\"a\"} 3\n";
        assert_eq!(page.text(), wanted);
    }
}
