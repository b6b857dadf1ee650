//! Decides how a regular expression in Go's syntax is run: it is rewritten for Rust's engine, which is linear too.
//! It never decides what is matched against what.

use super::fault::pattern::PatternFault;
use regex::{Regex, RegexBuilder};

/// Go refuses repetitions beyond this count.
const MOST_REPEATS: u32 = 1000;
/// Memory that one compiled pattern may take, in bytes.
const MOST_MEMORY: usize = 1 << 20;

/// Compiles a pattern.
///
/// # Errors
/// Go's text for what Go refuses: "error parsing regexp: missing closing ]: `[a`".
pub(super) fn compile(pattern: &str) -> Result<Regex, PatternFault> {
    let rewritten = Rewriter { chars: pattern.chars().collect(), at: 0, out: String::new(), open: 0 }.run();
    let built = RegexBuilder::new(&rewritten?).size_limit(MOST_MEMORY).dfa_size_limit(MOST_MEMORY).build();
    built.map_err(|_| PatternFault::Refused(pattern.to_owned()))
}

struct Rewriter {
    chars: Vec<char>,
    at: usize,
    out: String,
    open: u32,
}

impl Rewriter {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn from(&self, start: usize) -> String {
        self.chars.get(start..).unwrap_or_default().iter().collect()
    }

    fn between(&self, start: usize) -> String {
        self.chars.get(start..self.at).unwrap_or_default().iter().collect()
    }

    fn run(mut self) -> Result<String, PatternFault> {
        let mut repeatable = false;
        while let Some(c) = self.peek() {
            let start = self.at;
            self.at += 1;
            match c {
                '\\' => repeatable = self.escape(start, false)?,
                '[' => {
                    self.class(start)?;
                    repeatable = true;
                }
                '(' => {
                    self.open += 1;
                    self.out.push(c);
                    repeatable = false;
                    if self.peek() == Some('?') {
                        self.out.push('?');
                        self.at += 1;
                    }
                }
                ')' if self.open == 0 => return Err(PatternFault::UnexpectedParen(self.from(0))),
                ')' => {
                    self.open -= 1;
                    self.out.push(c);
                    repeatable = true;
                }
                '*' | '+' | '?' => {
                    self.out.push(c);
                    self.repetition(start, repeatable)?;
                    repeatable = true;
                }
                '{' => {
                    repeatable = self.counted(start, repeatable)?;
                }
                '|' | '^' => {
                    self.out.push(c);
                    repeatable = c == '^';
                }
                '}' | ']' => {
                    self.out.push('\\');
                    self.out.push(c);
                    repeatable = true;
                }
                c => {
                    self.out.push(c);
                    repeatable = true;
                }
            }
        }
        if self.open > 0 { Err(PatternFault::MissingParen(self.from(0))) } else { Ok(self.out) }
    }

    /// After `*`, `+`, `?` or `{n}`: a `?` makes it reluctant, and a further one is refused.
    fn repetition(&mut self, start: usize, repeatable: bool) -> Result<(), PatternFault> {
        if !repeatable {
            return Err(PatternFault::NothingToRepeat(self.between(start)));
        }
        if self.peek() == Some('?') {
            self.out.push('?');
            self.at += 1;
        }
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            self.at += 1;
            return Err(PatternFault::RepeatedRepeat(self.between(start)));
        }
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}`; any other brace is a plain character.
    fn counted(&mut self, start: usize, repeatable: bool) -> Result<bool, PatternFault> {
        let body: String = self.from(self.at).chars().take_while(|c| *c != '}').collect();
        let closed = self.chars.get(self.at + body.chars().count()) == Some(&'}');
        let (low, high) = body.split_once(',').map_or((body.as_str(), None), |(l, h)| (l, Some(h)));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !closed || !digits(low) || !high.is_none_or(|h| h.is_empty() || digits(h)) {
            self.out.push_str("\\{");
            return Ok(true);
        }
        self.at += body.chars().count() + 1;
        let count = |s: &str| s.parse::<u32>().ok().filter(|n| *n <= MOST_REPEATS);
        let (least, most) = (count(low), high.filter(|h| !h.is_empty()).map(count));
        let ordered = match (least, most) {
            (Some(least), Some(Some(most))) => least <= most,
            (Some(_), None) => true,
            _ => false,
        };
        if !ordered {
            return Err(PatternFault::RepeatCount(self.between(start)));
        }
        self.out.push_str(&format!("{{{body}}}"));
        self.repetition(start, repeatable)?;
        Ok(true)
    }

    /// An escape outside or inside a class. Go's classes `\d \w \s \b` know ASCII only.
    fn escape(&mut self, start: usize, in_class: bool) -> Result<bool, PatternFault> {
        let Some(c) = self.peek() else {
            return Err(PatternFault::TrailingBackslash);
        };
        self.at += 1;
        let class = match c.to_ascii_lowercase() {
            'd' => "0-9",
            'w' => "0-9A-Za-z_",
            's' => "\\t\\n\\f\\r ",
            _ => "",
        };
        match c {
            'd' | 'w' | 's' if in_class => self.out.push_str(class),
            'd' | 'w' | 's' => self.out.push_str(&format!("[{class}]")),
            'D' | 'W' | 'S' => self.out.push_str(&format!("[^{class}]")),
            'b' | 'B' if !in_class => {
                self.out.push_str(&format!("(?-u:\\{c})"));
            }
            'Q' if !in_class => {
                let rest = self.from(self.at);
                let (quoted, skipped) = rest.split_once("\\E").map_or((rest.as_str(), 0), |(q, _)| (q, 2));
                self.out.push_str(&regex::escape(quoted));
                self.at += quoted.chars().count() + skipped;
            }
            'A' | 'z' if !in_class => self.out.push_str(&format!("\\{c}")),
            'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x' | 'p' | 'P' => {
                let braced = matches!(c, 'x' | 'p' | 'P') && self.peek() == Some('{');
                let body = if braced {
                    self.from(self.at).split_inclusive('}').next().map(str::to_owned)
                } else {
                    None
                };
                let body = body.unwrap_or_default();
                self.at += body.chars().count();
                self.out.push_str(&format!("\\{c}{body}"));
            }
            '0' => {
                let more = self.from(self.at).chars().take(2).take_while(|c| c.is_digit(8)).count();
                self.at += more;
                let digits = self.between(start + 1);
                let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
                self.out.push_str(&format!("\\x{{{code:x}}}"));
            }
            c if !c.is_ascii_alphanumeric() && c.is_ascii() => self.out.push_str(&format!("\\{c}")),
            _ => return Err(PatternFault::Escape(self.between(start))),
        }
        Ok(true)
    }

    /// A class in brackets, whose `[`, `&` and `~` are plain characters in Go.
    fn class(&mut self, start: usize) -> Result<(), PatternFault> {
        self.out.push('[');
        if self.peek() == Some('^') {
            self.out.push('^');
            self.at += 1;
        }
        let mut first = true;
        loop {
            let Some(c) = self.peek() else {
                return Err(PatternFault::MissingBracket(self.from(start)));
            };
            self.at += 1;
            match c {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => drop(self.escape(self.at - 1, true)?),
                '[' if self.peek() == Some(':') => {
                    let body: String = self.from(self.at).chars().take_while(|c| *c != ']').collect();
                    self.at += body.chars().count() + 1;
                    self.out.push_str(&format!("[{body}]"));
                }
                ']' | '[' | '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c => self.out.push(c),
            }
            first = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn go_syntax_that_rust_reads_otherwise() {
        let cases = [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^[\d.]+$", "1.2", true),
            (r"^\w$", "é", false),
            ("a{", "a{", true),
            ("a{,2}", "a{,2}", true),
            ("[[a]", "[", true),
            ("[a&&b]", "&", true),
            (r"\Qa.b\E$", "xa.b", true),
            ("[[:alpha:]]+", "abc", true),
            ("(?i)OK", "it is ok", true),
            ("[]a]", "]", true),
            (r"\bok\b", "is ok.", true),
            (r"\x{41}\101", "A", false),
            (r"\x{1F600}\pL", "\u{1f600}a", true),
        ];
        for (pattern, text, want) in cases {
            let found = compile(pattern).is_ok_and(|r| r.is_match(text));
            assert_eq!(found, want, "{pattern} on {text}");
        }
    }
}
