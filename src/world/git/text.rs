//! Foreign words made safe to show: what servers, hooks and programs say, in one short plain line.
//! Our own words for others are quoted here too. It never judges what the words mean.

/// `raw` as one line of at most `most` characters: escape sequences and control characters gone, lines joined
/// by `; `, invalid UTF-8 as U+FFFD.
pub(super) fn plain(raw: &[u8], most: usize) -> String {
    let text = without_escapes(&String::from_utf8_lossy(raw));
    let lines = text.split(['\n', '\r']).map(|line| {
        let kept: String = line.chars().map(|c| if unseen(c) { ' ' } else { c }).collect();
        kept.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    let joined = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    if joined.chars().count() <= most {
        return joined;
    }
    joined.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// `text` line by line as it is, but for escape sequences and characters that nobody sees.
pub(super) fn readable(text: &str) -> String {
    without_escapes(text).chars().filter(|c| matches!(c, '\n' | '\t') || !unseen(*c)).collect()
}

/// Control characters, and those that turn the direction of text around.
fn unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` without terminal escape sequences (CSI and OSC).
fn without_escapes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            kept.push(c);
            continue;
        }
        match chars.next() {
            Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && c != '\u{1b}') {},
            _ => {}
        }
    }
    kept
}

/// Puts `?` in the place of every byte that is not part of UTF-8 text, for readers that insist on text.
pub(super) fn tame(bytes: &mut [u8]) {
    let mut start = 0;
    while let Err(error) = std::str::from_utf8(bytes.get(start..).unwrap_or_default()) {
        start += error.valid_up_to();
        match bytes.get_mut(start) {
            Some(byte) => *byte = b'?',
            None => return,
        }
    }
}

/// The title of an HTML page, if it has one: what a person would recognise it by.
pub(super) fn html_title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let open = start + lower.get(start..)?.find('>')? + 1;
    let close = open + lower.get(open..)?.find("</title")?;
    Some(plain(page.get(open..close)?.as_bytes(), 80)).filter(|title| !title.is_empty())
}

/// `bytes` with every `%XX` replaced by its byte; none when a `%` is not followed by two hexadecimal digits.
pub(super) fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(decoded)
}

/// A path as text: as it is when that is UTF-8, else as Git quotes it.
pub(super) fn shown(path: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(path) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for byte in path {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(*byte)]),
            0x20..=0x7e => quoted.push(char::from(*byte)),
            _ => quoted.push_str(&format!("\\{byte:03o}")),
        }
    }
    quoted + "\""
}

/// `text` as one word of a shell, quoted as Git quotes it.
pub(super) fn quoted(text: &str) -> String {
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '!' => word.extend(['\'', '\\', c, '\'']),
            _ => word.push(c),
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminals_are_not_driven_by_servers() {
        assert_eq!(plain(b"\x1b[31mremote:\x1b[0m  no\x07\r\n\nrights\n", 80), "remote: no; rights");
        assert_eq!(plain(b"\x1b]0;title\x07done \xff", 80), "done \u{fffd}");
        assert_eq!(plain("a\u{202e}b".as_bytes(), 80), "a b");
        assert_eq!(plain(b"abcdef", 4), "abc…");
    }

    #[test]
    fn pages_are_known_by_their_titles() {
        assert_eq!(html_title("<HTML><Title lang=en> Sign\n in </TITLE>"), Some("Sign; in".into()));
        assert_eq!(html_title("<title></title>"), None);
        assert_eq!(html_title("<title>never closed"), None);
    }

    #[test]
    fn percent_signs_stand_for_bytes() {
        assert_eq!(percent_decoded("a%20b%2Fc"), Some(b"a b/c".to_vec()));
        assert_eq!(percent_decoded("100%"), None);
        assert_eq!(percent_decoded("%zz"), None);
    }

    #[test]
    fn what_is_not_text_is_replaced_without_changing_lengths() {
        let mut bytes = b"ok \xff\xfe k\xc3\xa4se \xc3".to_vec();
        tame(&mut bytes);
        assert_eq!(bytes, "ok ?? käse ?".as_bytes());
    }

    #[test]
    fn paths_are_one_word_for_the_remote_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's!"), r"'it'\''s'\!''");
        assert_eq!(quoted("$(x)`y`;z\\"), r"'$(x)`y`;z\'");
    }

    #[test]
    fn paths_that_are_not_text_are_quoted_as_git_quotes_them() {
        assert_eq!(shown("wéb \"x\"".as_bytes()), "wéb \"x\"");
        assert_eq!(shown(b"a\"\xff\n"), r#""a\"\377\012""#);
    }

    proptest! {
        #[test]
        fn tamed_bytes_are_text(mut bytes: Vec<u8>) {
            let length = bytes.len();
            tame(&mut bytes);
            prop_assert!(bytes.len() == length && std::str::from_utf8(&bytes).is_ok());
        }

        #[test]
        fn whatever_comes_is_one_short_printable_line(raw: Vec<u8>, most in 1usize..60) {
            let line = plain(&raw, most);
            prop_assert!(line.chars().count() <= most);
            prop_assert!(!line.chars().any(unseen));
        }

        #[test]
        fn titles_and_percents_never_panic(text in ".{0,40}(<title>)?.{0,40}(</title>|%)?.{0,9}") {
            let _ = (html_title(&text), percent_decoded(&text));
        }

        #[test]
        fn different_paths_never_look_the_same(a in proptest::collection::vec(128u8..=255, 1..6), b in proptest::collection::vec(128u8..=255, 1..6)) {
            prop_assert_eq!(a == b, shown(&a) == shown(&b));
        }
    }
}
