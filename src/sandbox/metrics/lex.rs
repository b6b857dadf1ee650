//! Decides the words of a query and where each begins.
//! It never decides what they mean together.

use super::tree::Wrong;

/// One word of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// A name, a keyword or a function.
    Name(String),
    /// A number, `Inf` and `NaN` not among them: those are names until the parser knows better.
    Number(f64),
    /// A duration such as `5m`.
    Duration(std::time::Duration),
    /// A quoted text.
    Text(String),
    /// Brackets, commas, operators.
    Sign(&'static str),
    End,
}

/// A word and the byte at which it begins.
pub(super) type Placed = (Word, usize);

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 24] = [
    "==", "!=", "=~", "!~", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "%", "^", "(", ")", "{", "}", "[",
    "]", ",", ":", "@",
];

/// Splits a query into words.
pub(super) fn words(query: &str) -> Result<Vec<Placed>, Wrong> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = query.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        let (word, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '#' => (None, rest.find('\n').unwrap_or(rest.len())),
            '"' | '\'' | '`' => quoted(rest, first, at).map(|(text, n)| (Some(Word::Text(text)), n))?,
            c if c.is_ascii_digit() || (c == '.' && next_is_digit(rest)) => {
                number(rest, at).map(|(word, n)| (Some(word), n))?
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
                let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
                (Some(Word::Name(name.to_owned())), name.len())
            }
            c => match SIGNS.iter().find(|s| rest.starts_with(**s)) {
                Some(sign) => (Some(Word::Sign(sign)), sign.len()),
                None => return Err(Wrong::parse(at, format!("unexpected character: {c:?}"))),
            },
        };
        words.extend(word.map(|w| (w, at)));
        at += length;
    }
    words.push((Word::End, query.len()));
    Ok(words)
}

fn next_is_digit(rest: &str) -> bool {
    rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
}

/// A number or a duration: both begin with a digit.
fn number(rest: &str, at: usize) -> Result<(Word, usize), Wrong> {
    let mut end = 0;
    let bytes = rest.as_bytes();
    while let Some(byte) = bytes.get(end) {
        let exponent =
            |b: &u8| matches!(b, b'e' | b'E') && !rest.starts_with("0x") && !rest.starts_with("0X");
        let signed = matches!(byte, b'+' | b'-') && bytes.get(end - 1).is_some_and(exponent);
        if !byte.is_ascii_alphanumeric() && *byte != b'.' && !signed {
            break;
        }
        end += 1;
    }
    let text = rest.get(..end).unwrap_or_default();
    let word = super::number::read(text)
        .map(Word::Number)
        .or_else(|| super::number::duration(text).map(Word::Duration))
        .ok_or_else(|| Wrong::parse(at, format!("bad number or duration syntax: {text:?}")))?;
    Ok((word, end))
}

/// A quoted text and the bytes it takes; backquotes hold no escapes.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(String, usize), Wrong> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        if c == quote {
            return Ok((text, i + 1));
        }
        if c == '\n' && quote != '`' {
            break;
        }
        if c != '\\' || quote == '`' {
            text.push(c);
            continue;
        }
        let escaped = match chars.next().map(|(_, c)| c) {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some(c @ ('\\' | '"' | '\'')) => c,
            other => {
                let shown = other.map_or_else(String::new, |c| c.to_string());
                return Err(Wrong::parse(at, format!("unknown escape sequence \\{shown}")));
            }
        };
        text.push(escaped);
    }
    Err(Wrong::parse(at, "unterminated quoted string".to_owned()))
}
