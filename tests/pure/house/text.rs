//! Decides what is code in a Rust file: its tokens, without comments, without the insides of literals, without tests.
//! It never judges a file and never follows a name.

/// One token: a word, a literal (with what it holds), a sign, or `::` as one sign; and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// The length of the raw string literal that `rest` opens with (`r"…"`, `br#"…"#`); none when it opens with another.
fn raw_literal(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest.len() - body.len() + body.find(&end)? + end.len())
}

/// The length of the quoted literal that `rest` opens with.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the block comment that `rest` opens with.
fn comment(rest: &str) -> usize {
    rest.find("*/").map_or(rest.len(), |at| at + 2)
}

/// The length of the token that `rest` opens with, and whether it counts.
fn measure(rest: &str) -> (usize, bool) {
    let first = rest.chars().next().unwrap_or(' ');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (comment(rest), false);
    }
    if let Some(length) = raw_literal(rest) {
        return (length, true);
    }
    if first == '"' {
        return (quoted(rest, '"'), true);
    }
    if rest.starts_with("b\"") {
        return (1 + quoted(&rest[1..], '"'), true);
    }
    if first == '\'' {
        let is_char = rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'');
        return (if is_char { quoted(rest, '\'') } else { 1 }, true);
    }
    if is_word(first) {
        return (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true);
    }
    if rest.starts_with("::") {
        return (2, true);
    }
    (first.len_utf8(), !first.is_whitespace())
}

/// All tokens of `text`.
pub fn tokens(text: &str) -> Vec<Token> {
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < text.len() {
        let (length, counts) = measure(&text[at..]);
        let piece = &text[at..at + length];
        if counts {
            found.push(Token { text: piece.to_owned(), line });
        }
        line += piece.matches('\n').count();
        at += length;
    }
    found
}

/// Whether the tokens from `at` on are `words`.
pub fn stands(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    tokens.get(at..at + words.len()).is_some_and(|found| found.iter().zip(words).all(|(t, w)| t.text == *w))
}

/// The place after the bracket that closes the one at `open`.
pub fn after_closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

const TEST: &[&str] = &["#", "[", "cfg", "(", "test", ")", "]"];

/// The tokens of `text` without what is compiled for tests only.
pub fn production(text: &str) -> Vec<Token> {
    let all = tokens(text);
    let (mut at, mut found) = (0, Vec::new());
    while let Some(token) = all.get(at) {
        if !stands(&all, at, TEST) {
            found.push(token.clone());
            at += 1;
            continue;
        }
        at += TEST.len();
        while let Some(token) = all.get(at) {
            match token.text.as_str() {
                "{" => {
                    at = after_closing(&all, at);
                    break;
                }
                "(" | "[" => at = after_closing(&all, at),
                ";" => {
                    at += 1;
                    break;
                }
                _ => at += 1,
            }
        }
    }
    found
}

/// The modules of `text` that are compiled for tests only and stand in files of their own.
pub fn test_modules(text: &str) -> Vec<String> {
    let all = tokens(text);
    let opens = |at: usize| {
        let name = all.get(at + TEST.len() + 1)?.text.clone();
        let is_file = stands(&all, at + TEST.len(), &["mod", &name, ";"]);
        (stands(&all, at, TEST) && is_file).then_some(name)
    };
    (0..all.len()).filter_map(opens).collect()
}

#[test]
fn tokens_know_comments_literals_and_tests() {
    let words = |text: &str| production(text).into_iter().map(|t| t.text).collect::<Vec<_>>();
    assert_eq!(words("a::b // c::d\n/* e */ f"), ["a", "::", "b", "f"]);
    assert_eq!(words(r##"x("a::b", r#"c"d"#, '"', 'a, '\'')"##).len(), 13);
    assert_eq!(words("#[cfg(test)]\nmod tests { fn a() { {} } }\nb"), ["b"]);
    assert_eq!(words("#[cfg(test)]\nuse a::b;\nc"), ["c"]);
    assert_eq!(test_modules("mod a;\n#[cfg(test)]\nmod b;"), ["b"]);
    assert_eq!(tokens("a\n\"b\nc\" d").last().map(|t| t.line), Some(3));
}
