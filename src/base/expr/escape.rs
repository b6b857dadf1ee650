//! Decides which characters the escapes in a quoted literal stand for.
//! It never decides where the literal ends; the lexer has checked that before.

use super::fault::read::ReadFault;

/// One unit of a literal: a character of text, or one byte of its own.
enum Unit {
    Char(char),
    Byte(u8),
}

fn inside(literal: &str) -> Result<String, ReadFault> {
    let normal = literal.replace("\r\n", "\n").replace('\r', "\n");
    let mut chars = normal.chars();
    match (chars.next(), chars.next_back()) {
        (Some(a), Some(b)) if a == b => Ok(chars.collect()),
        _ => Err(ReadFault::Unescape),
    }
}

/// The text that a literal with its quotes stands for (source: lexer/utils.go, `unescape`).
pub(super) fn text(literal: &str) -> Result<String, ReadFault> {
    let body = inside(literal)?;
    let mut rest = body.chars();
    let mut out = String::with_capacity(body.len());
    while let Some(unit) = next(&mut rest, false)? {
        match unit {
            Unit::Char(c) => out.push(c),
            Unit::Byte(b) => out.push(char::from(b)),
        }
    }
    Ok(out)
}

/// The bytes that a bytes literal (without its `b`, with its quotes) stands for.
pub(super) fn bytes(literal: &str) -> Result<Vec<u8>, ReadFault> {
    let body = inside(literal)?;
    let mut rest = body.chars();
    let mut out = Vec::with_capacity(body.len());
    while let Some(unit) = next(&mut rest, true)? {
        match unit {
            Unit::Char(c) => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            Unit::Byte(b) => out.push(b),
        }
    }
    Ok(out)
}

fn next(rest: &mut std::str::Chars<'_>, as_bytes: bool) -> Result<Option<Unit>, ReadFault> {
    let Some(first) = rest.next() else { return Ok(None) };
    if first != '\\' {
        return Ok(Some(Unit::Char(first)));
    }
    let Some(kind) = rest.next() else {
        return Err(ReadFault::UnescapeAtEnd);
    };
    let simple = |c: char| Ok(Some(Unit::Char(c)));
    match kind {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        '\\' | '\'' | '"' | '`' | '?' => simple(kind),
        'x' | 'X' => code(rest, 2, as_bytes),
        'u' if !as_bytes && rest.as_str().starts_with('{') => {
            let (digits, tail) = rest.as_str().split_once('}').unwrap_or(("", ""));
            let digits = digits.trim_start_matches('{').to_owned();
            *rest = tail.chars();
            from_code(u32::from_str_radix(&digits, 16).map_err(|_| ReadFault::Unescape)?, false)
        }
        'u' if !as_bytes => code(rest, 4, false),
        'U' if !as_bytes => code(rest, 8, false),
        '0'..='3' => octal(kind, rest, as_bytes),
        _ => Err(ReadFault::Unescape),
    }
}

fn code(rest: &mut std::str::Chars<'_>, count: usize, as_bytes: bool) -> Result<Option<Unit>, ReadFault> {
    let digits: String = rest.by_ref().take(count).collect();
    if digits.len() != count {
        return Err(ReadFault::Unescape);
    }
    from_code(u32::from_str_radix(&digits, 16).map_err(|_| ReadFault::Unescape)?, as_bytes)
}

fn octal(first: char, rest: &mut std::str::Chars<'_>, as_bytes: bool) -> Result<Option<Unit>, ReadFault> {
    let digits: String = std::iter::once(first).chain(rest.by_ref().take(2)).collect();
    if digits.len() != 3 {
        return Err(ReadFault::UnescapeOctal);
    }
    from_code(u32::from_str_radix(&digits, 8).map_err(|_| ReadFault::UnescapeOctal)?, as_bytes)
}

/// Surrogates become U+FFFD, as Go encodes them.
fn from_code(code: u32, as_bytes: bool) -> Result<Option<Unit>, ReadFault> {
    if as_bytes {
        return u8::try_from(code).map(|b| Some(Unit::Byte(b))).map_err(|_| ReadFault::Unescape);
    }
    if code > 0x10_ffff {
        return Err(ReadFault::Unescape);
    }
    Ok(Some(Unit::Char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))))
}
