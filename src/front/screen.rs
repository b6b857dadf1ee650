//! Decides how text reaches people: where it goes, in which colours, how wide, and how a live view is redrawn.
//! It never decides what is said.

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorWhen {
    /// Makes the choice hold for everything that is printed through `anstream`.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Things under way.
pub(crate) const BUSY: Style = AnsiColor::Yellow.on_default();
/// What may be skipped.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What must not be missed.
pub(crate) const STRONG: Style = Style::new().bold();

/// `text` in `style`; the style is dropped where no colour is wanted.
#[must_use]
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Whether symbols beyond ASCII may be used.
#[must_use]
pub(crate) fn is_utf8() -> bool {
    let words = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = words.iter().find_map(|w| std::env::var(w).ok().filter(|v| !v.is_empty()));
    set.is_none_or(|v| v.to_lowercase().replace('-', "").contains("utf8"))
}

/// `text`, with ASCII in place of the symbols we use where the locale knows no others.
#[must_use]
pub(crate) fn symbols(text: &str) -> String {
    if is_utf8() {
        return text.to_owned();
    }
    let pairs = [
        ("✔", "+"),
        ("✗", "x"),
        ("⏸", "="),
        ("→", "->"),
        ("←", "<-"),
        ("█", "#"),
        ("░", "."),
        ("├─", "|-"),
        ("└─", "`-"),
        ("│", "|"),
        ("·", ";"),
        ("●", "*"),
        ("◌", "o"),
        ("…", "~"), // as wide as what it stands for, so that what was made to fit still does
        ("≤", "<="),
    ];
    pairs.iter().fold(text.to_owned(), |t, (from, to)| t.replace(from, to))
}

/// Prints a line.
pub(crate) fn say(text: &str) {
    anstream::println!("{}", symbols(text));
}

/// Columns of the terminal; 100 where there is none.
#[must_use]
pub(crate) fn width() -> usize {
    console::Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns).max(40))
}

/// Whether standard output is a terminal.
#[must_use]
pub(crate) fn is_live() -> bool {
    std::io::stdout().is_terminal()
}

/// `text` in at most `most` columns, cut in the middle.
#[must_use]
pub(crate) fn fit(text: &str, most: usize) -> String {
    if text.width() <= most || most < 5 {
        return text.to_owned();
    }
    let keep = most - 1;
    let head: String = text.chars().scan(keep.div_ceil(2), within).collect();
    let tail: String = text.chars().rev().scan(keep / 2, within).collect();
    format!("{head}…{}", tail.chars().rev().collect::<String>())
}

/// `next`, if it still fits into the cells that are `left`.
fn within(left: &mut usize, next: char) -> Option<char> {
    *left = left.checked_sub(next.width().unwrap_or(0))?;
    Some(next)
}

/// `text` in lines of at most `most` columns, broken between words.
#[must_use]
pub(crate) fn wrapped(text: &str, most: usize) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > most {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}

/// Whether text on standard error is coloured: as the flags, the environment and the terminal say.
#[must_use]
pub(crate) fn is_coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// A bar of `width` cells, `percent` of them full.
#[must_use]
pub(crate) fn bar(percent: i64, width: usize) -> String {
    let full = usize::try_from(percent.clamp(0, 100)).unwrap_or(0) * width / 100;
    format!("{}{}", "█".repeat(full), "░".repeat(width - full))
}

/// What takes less time is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_millis(500);

/// Waits for `work`; on a terminal it says on standard error that it waits for `what`, and for how long already.
pub(crate) async fn waiting<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    if let Ok(done) = tokio::time::timeout(WORTH_A_WORD, &mut work).await {
        return done;
    }
    let spinner = ProgressBar::new_spinner().with_message(format!("waiting for {what}"));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    let done = work.await;
    spinner.finish_and_clear();
    done
}

/// A block of lines that is drawn over itself.
#[derive(Debug, Default)]
pub(crate) struct Live {
    lines: usize,
}

impl Live {
    /// Draws `text` in place of what was drawn before.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn draw(&mut self, text: &str) -> std::io::Result<()> {
        if self.lines > 0 {
            // Not through `anstream`, which keeps back all that is no text where no colour is wanted.
            write!(std::io::stdout().lock(), "\x1b[{}A\x1b[J", self.lines)?;
        }
        let mut out = anstream::stdout().lock();
        let wide = width();
        let (text, cut) = (symbols(text.trim_end()), symbols("…"));
        for line in text.lines() {
            if is_live() {
                writeln!(out, "{}\x1b[0m", console::truncate_str(line, wide, &cut))?; // a wrapped line would be miscounted
            } else {
                writeln!(out, "{line}")?;
            }
        }
        self.lines = text.lines().count();
        out.flush()
    }

    /// Leaves what is drawn where it is.
    pub(crate) fn keep(&mut self) {
        self.lines = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_in_the_middle_by_the_cells_they_take() {
        assert_eq!(fit("registry.example/web:v1", 11), "regis…eb:v1");
        assert_eq!(fit("短い名前はここで切る", 9), "短い…切る");
        assert!((5..30).all(|most| fit("短い名前とregistry.example/web:v1", most).width() <= most));
        assert_eq!(fit("web", 3), "web");
    }

    #[test]
    fn sentences_are_broken_between_words() {
        assert_eq!(wrapped("one two  three", 7), "one two\nthree");
        assert_eq!(wrapped("", 7), "");
    }
}
