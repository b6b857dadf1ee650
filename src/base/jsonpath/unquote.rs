//! Decides what a text in single or double quotes stands for, with Go's escapes.
//! It never decides where the text ends.

/// The text that `literal` stands for, which begins and ends with `quote` (source: k8s.io/client-go,
/// util/jsonpath/parser.go, `UnquoteExtend`); none when an escape is none.
pub(super) fn unquote(literal: &str, quote: char) -> Option<String> {
    let inner = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, quote, &mut bytes)?,
            _ if c == quote => return None,
            _ => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn escape(rest: &mut std::str::Chars<'_>, quote: char, bytes: &mut Vec<u8>) -> Option<()> {
    let kind = rest.next()?;
    let mut code = |count: usize, radix: u32, first: u32| -> Option<u32> {
        (0..count).try_fold(first, |code, _| Some(code * radix + rest.next()?.to_digit(radix)?))
    };
    let simple = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        'x' => u8::try_from(code(2, 16, 0)?).ok()?,
        '0'..='7' => u8::try_from(code(2, 8, kind.to_digit(8)?)?).ok()?,
        '\'' | '"' if kind == quote => u8::try_from(kind).ok()?,
        'u' | 'U' => {
            let c = char::from_u32(code(if kind == 'u' { 4 } else { 8 }, 16, 0)?)?;
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
            return Some(());
        }
        _ => return None,
    };
    bytes.push(simple);
    Some(())
}
