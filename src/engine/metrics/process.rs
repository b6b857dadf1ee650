//! Decides what is shown of the process itself, under the names that every client of Prometheus uses.
//! It never shows what the system does not say.

use crate::engine::metrics::page::{Kind, Page};
use std::fs;

/// Ticks of the system's clock in a second, as Linux counts the time of processes for everybody.
const TICKS: f64 = 100.0;

/// Writes the families of the process; nothing where the system has no `/proc`.
pub(super) fn write(page: &mut Page) {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
    // The name of the program, in brackets, may hold anything.
    let Some((_, after)) = stat.rsplit_once(')') else { return };
    let fields: Vec<u64> = after.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    let field = |at: usize| fields.get(at).copied().unwrap_or(0);
    #[allow(clippy::cast_precision_loss)] // thousands of years
    let seconds = |ticks: u64| ticks as f64 / TICKS;
    let name = "process_cpu_seconds_total";
    page.family(name, Kind::Counter, "Total user and system CPU time spent in seconds.");
    page.value(name, &[], seconds(field(11) + field(12)));
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = |word: &str| -> Option<u64> {
        status.lines().find_map(|line| line.strip_prefix(word))?.split_whitespace().next()?.parse().ok()
    };
    for (name, word, help) in [
        ("process_resident_memory_bytes", "VmRSS:", "Resident memory size in bytes."),
        ("process_virtual_memory_bytes", "VmSize:", "Virtual memory size in bytes."),
    ] {
        if let Some(size) = kibibytes(word) {
            page.family(name, Kind::Gauge, help);
            page.value(name, &[], size * 1024);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let name = "process_open_fds";
        page.family(name, Kind::Gauge, "Number of open file descriptors.");
        page.value(name, &[], open.count());
    }
    if let Some(booted) = booted() {
        let name = "process_start_time_seconds";
        page.family(name, Kind::Gauge, "Start time of the process since unix epoch in seconds.");
        page.value(name, &[], booted + seconds(field(19)));
    }
}

/// When the machine was started, in seconds of the Unix epoch.
fn booted() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_files() {
        let mut page = Page::default();
        write(&mut page);
        let text = page.text();
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes ") > 1_000_000.0, "{text}");
        assert!(value("process_open_fds ") > 2.0, "{text}");
        assert!(value("process_start_time_seconds ") > 1.7e9, "{text}");
        assert!(value("process_cpu_seconds_total ") >= 0.0, "{text}");
    }
}
