//! Decides in which form Prometheus reads what is counted: its text format, in which a counter is called as it is named.
//! It never decides what is counted. Libraries for Rust write `OpenMetrics`, where every counter ends in `_total`; not
//! all of Argo Rollouts' do.

use std::fmt::Write;

/// What a family of series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// How many were at most so large.
    Histogram,
}

/// A page of metrics.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Begins a family: the lines after it are its series.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _infallible = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One value of the series of `name` with these labels.
    pub(super) fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Into<Number>) {
        self.text.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.text.push(if at == 0 { '{' } else { ',' });
            let _infallible = write!(self.text, "{label}=\"");
            for c in text.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    other => self.text.push(other),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _infallible = match value.into() {
            Number::Whole(n) => writeln!(self.text, " {n}"),
            Number::Part(n) => writeln!(self.text, " {n}"),
        };
    }

    /// The page.
    #[must_use]
    pub(super) fn text(self) -> String {
        self.text
    }
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// Without a fraction.
    Whole(i64),
    /// With one.
    Part(f64),
}

impl From<i32> for Number {
    fn from(n: i32) -> Self {
        Self::Whole(n.into())
    }
}

impl From<bool> for Number {
    fn from(is_so: bool) -> Self {
        Self::Whole(is_so.into())
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        Self::Whole(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Self::Whole(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Number {
    fn from(n: f64) -> Self {
        Self::Part(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_a_family_says_what_it_is() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "What it is.");
        page.value("a_total", &[("name", "x\"y\\z\n"), ("other", "")], 3_u64);
        page.value("a_total", &[], 0.5);
        assert_eq!(
            page.text(),
            "# HELP a_total What it is.\n# TYPE a_total counter\na_total{name=\"x\\\"y\\\\z\\n\",other=\"\"} 3\na_total 0.5\n"
        );
    }
}
