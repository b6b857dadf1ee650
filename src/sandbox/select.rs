//! Decides which objects a label selector or a field selector means, and what is wrong with one that means none.
//! It never reads a store.

use super::field::{FieldError, sentence};
use super::names;
use crate::api::selector::{LabelTest, Labels};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the text form of a label selector: `a=b,c in (d,e),!f`.
///
/// # Errors
/// What was found where something else was expected, or a key or value that no label can have.
pub(crate) fn labels(text: &str) -> Result<Labels, String> {
    let mut tokens = Tokens { rest: text };
    let mut requirements = Vec::new();
    loop {
        match tokens.peek(true) {
            Token::Word(_) | Token::Sign("!") => {
                let one =
                    requirement(&mut tokens).map_err(|e| format!("unable to parse requirement: {e}"))?;
                requirements.push(one);
                match tokens.take(true) {
                    Token::End => return Ok(Labels::new(requirements)),
                    Token::Sign(",") => match tokens.peek(true) {
                        Token::Word(_) | Token::Sign("!") => {}
                        other => {
                            return Err(format!("found '{}', expected: identifier after ','", other.text()));
                        }
                    },
                    other => {
                        return Err(format!("found '{}', expected: ',' or 'end of string'", other.text()));
                    }
                }
            }
            Token::End => return Ok(Labels::new(requirements)),
            other => {
                return Err(format!("found '{}', expected: !, identifier, or 'end of string'", other.text()));
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Sign(&'static str),
    Bad(&'a str),
    End,
}

impl Token<'_> {
    fn text(&self) -> String {
        match self {
            Self::Word(text) => (*text).to_owned(),
            Self::Sign(text) => (*text).to_owned(),
            Self::Bad(text) => format!("error expected: keyword found '{text}'"),
            Self::End => String::new(),
        }
    }
}

struct Tokens<'a> {
    rest: &'a str,
}

const SIGNS: &[&str] = &["!=", "==", "=", "!", "<", ">", "(", ")", ","];

impl<'a> Tokens<'a> {
    /// The next token and what follows it; `value` reads the words `in` and `notin` as plain words.
    fn next(&self, value: bool) -> (Token<'a>, &'a str) {
        let text = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() {
            return (Token::End, text);
        }
        if let Some(sign) = SIGNS.iter().find(|s| text.starts_with(**s)) {
            return (Token::Sign(sign), text.get(sign.len()..).unwrap_or_default());
        }
        let end = text.find([' ', '\t', '\r', '\n', '=', '!', '<', '>', '(', ')', ',']);
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        if word.is_empty() {
            return (Token::Bad(text), "");
        }
        match word {
            "in" if !value => (Token::Sign("in"), rest),
            "notin" if !value => (Token::Sign("notin"), rest),
            word => (Token::Word(word), rest),
        }
    }

    fn peek(&self, value: bool) -> Token<'a> {
        self.next(value).0
    }

    fn take(&mut self, value: bool) -> Token<'a> {
        let (token, rest) = self.next(value);
        self.rest = rest;
        token
    }
}

fn requirement(tokens: &mut Tokens<'_>) -> Result<LabelTest, String> {
    let mut token = tokens.take(true);
    let missing = token == Token::Sign("!");
    if missing {
        token = tokens.take(true);
    }
    let Token::Word(key) = token else {
        return Err(format!("found '{}', expected: identifier", token.text()));
    };
    check(names::qualified(key), "<nil>", key)?;
    let key = key.to_owned();
    if missing {
        return Ok(LabelTest::Missing(key));
    }
    if matches!(tokens.peek(true), Token::End | Token::Sign(",")) {
        return Ok(LabelTest::Exists(key));
    }
    let operator = match tokens.take(false) {
        Token::Sign(sign @ ("in" | "notin" | "=" | "==" | "!=" | ">" | "<")) => sign,
        other => {
            return Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", other.text()));
        }
    };
    let values =
        if matches!(operator, "in" | "notin") { several(tokens)? } else { BTreeSet::from([one(tokens)?]) };
    check_values(&key, operator, &values)?;
    let bound = values.first().and_then(|v| v.parse().ok()).unwrap_or(0);
    Ok(match operator {
        "notin" | "!=" => LabelTest::NotIn(key, values),
        ">" => LabelTest::Greater(key, bound),
        "<" => LabelTest::Less(key, bound),
        _ => LabelTest::In(key, values),
    })
}

fn check_values(key: &str, operator: &str, values: &BTreeSet<String>) -> Result<(), String> {
    let mut errors = Vec::new();
    let numbers = matches!(operator, ">" | "<");
    for (at, value) in values.iter().enumerate().filter(|(_, v)| numbers && v.parse::<i64>().is_err()) {
        let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
        errors.push(FieldError::invalid(format!("values[{at}]"), value.as_str(), detail));
    }
    for (at, value) in values.iter().enumerate() {
        let wrong = names::label_value(value);
        if !wrong.is_empty() {
            let path = format!("values[{at}][{key}]");
            errors.push(FieldError::invalid(path, value.as_str(), &wrong.join("; ")));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(sentence(&errors)) }
}

fn check(wrong: Vec<String>, path: &str, value: &str) -> Result<(), String> {
    if wrong.is_empty() { Ok(()) } else { Err(FieldError::invalid(path, value, &wrong.join("; ")).text()) }
}

fn one(tokens: &mut Tokens<'_>) -> Result<String, String> {
    if matches!(tokens.peek(true), Token::End | Token::Sign(",")) {
        return Ok(String::new());
    }
    match tokens.take(true) {
        Token::Word(word) => Ok(word.to_owned()),
        other => Err(format!("found '{}', expected: identifier", other.text())),
    }
}

fn several(tokens: &mut Tokens<'_>) -> Result<BTreeSet<String>, String> {
    match tokens.take(true) {
        Token::Sign("(") => {}
        other => return Err(format!("found '{}' expected: '('", other.text())),
    }
    let mut values = BTreeSet::new();
    let mut open = true; // a value is still to come, and may be the empty one
    loop {
        match tokens.take(true) {
            Token::Word(word) if open => {
                values.insert(word.to_owned());
                open = false;
            }
            Token::Sign(",") => {
                if open {
                    values.insert(String::new());
                }
                open = true;
            }
            Token::Sign(")") => {
                if open {
                    values.insert(String::new());
                }
                return Ok(values);
            }
            other if open => {
                return Err(format!("found '{}', expected: ',', ')' or identifier", other.text()));
            }
            other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
        }
    }
}

/// A field selector; an empty one means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Field, whether it must be equal, value.
    terms: Vec<(String, bool, String)>,
}

impl Fields {
    /// Whether the selector means an object with these selectable fields.
    #[must_use]
    pub(crate) fn matches(&self, fields: &BTreeMap<String, String>) -> bool {
        self.terms.iter().all(|(field, equal, value)| {
            let found = fields.get(field).map(String::as_str).unwrap_or_default();
            (found == value) == *equal
        })
    }

    /// Whether it means everything.
    #[must_use]
    pub(crate) fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// The fields it asks about.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(|(field, _, _)| field.as_str())
    }

    /// Renames a field, for old spellings.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        for (field, _, _) in self.terms.iter_mut().filter(|(field, _, _)| field == from) {
            *field = to.to_owned();
        }
    }

    /// The one value that `field` must have.
    #[must_use]
    pub(crate) fn exactly(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|(f, equal, _)| f == field && *equal).map(|(_, _, value)| value.as_str())
    }

    /// The selector of the object called `name`.
    #[must_use]
    pub(crate) fn named(name: &str) -> Self {
        Self { terms: vec![("metadata.name".to_owned(), true, name.to_owned())] }
    }

    /// Reads `a=b,c!=d`; a backslash before `,`, `=` or `\` takes it as it is.
    ///
    /// # Errors
    /// A term without an operator, or a bad escape.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for term in split_terms(text).into_iter().filter(|t| !t.is_empty()) {
            let at = term.find(['!', '=']).ok_or_else(|| invalid_term(text, term))?;
            let (field, rest) = term.split_at(at);
            let (equal, value) = if let Some(value) = rest.strip_prefix("!=") {
                (false, value)
            } else if let Some(value) = rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')) {
                (true, value)
            } else {
                return Err(invalid_term(text, term));
            };
            terms.push((field.to_owned(), equal, unescape(value)?));
        }
        Ok(Self { terms })
    }
}

fn invalid_term(text: &str, term: &str) -> String {
    format!("invalid selector: '{text}'; can't understand '{term}'")
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(text.get(start..).unwrap_or_default());
    terms
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return Err(format!("invalid field selector: invalid escape sequence: \\{c}")),
                None => return Err("invalid field selector: invalid escape sequence: \\".to_owned()),
            },
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", c as u32));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pairs_of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn label_selectors_of_every_form() {
        let web = pairs_of(&[("app", "web"), ("n", "5"), ("in", "x")]);
        let yes = [
            "",
            "app",
            "app=web",
            "app==web",
            "app!=db",
            "app in (web,db)",
            "db notin (a)",
            "!db",
            "n>4",
            "n<6",
            "app = web , n",
            "in=x",
            "in in (in,x)",
            "app in (,web)",
        ];
        let no = ["db", "app=db", "app in (db)", "!app", "n>5", "app!=web", "app in ()", "app="];
        for text in yes {
            assert!(labels(text).unwrap().matches(&web), "{text}");
        }
        for text in no {
            assert!(!labels(text).unwrap().matches(&web), "{text}");
        }
    }

    #[test]
    fn faulty_label_selectors_say_what_was_found() {
        let error = |text| labels(text).unwrap_err();
        assert_eq!(error("=a"), "found '=', expected: !, identifier, or 'end of string'");
        assert_eq!(error("a in b"), "unable to parse requirement: found 'b' expected: '('");
        assert_eq!(error("a,"), "found '', expected: identifier after ','");
        assert_eq!(
            error("a b"),
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
        );
        assert!(
            error("_a=b").starts_with("unable to parse requirement: <nil>: Invalid value: \"_a\": name part")
        );
        assert!(error("n>x").ends_with("the value must be an integer"));
    }

    #[test]
    fn field_selectors() {
        let fields = pairs_of(&[("metadata.name", "a,b"), ("status.phase", "Running")]);
        assert!(Fields::parse("metadata.name=a\\,b,status.phase!=Failed").unwrap().matches(&fields));
        assert!(!Fields::parse("status.phase==Failed").unwrap().matches(&fields));
        let error = Fields::parse("metadata.name").unwrap_err();
        assert_eq!(error, "invalid selector: 'metadata.name'; can't understand 'metadata.name'");
        assert_eq!(Fields::parse("a=b").unwrap().exactly("a"), Some("b"));
        assert!(Fields::parse("a=b=c").is_err() && Fields::parse("a=\\x").is_err());
    }

    #[test]
    fn selector_objects_and_their_text() {
        let object = json!({"matchLabels": {"b": "c"},
            "matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]});
        let selector = Labels::from_object(&object);
        assert_eq!(selector.text(), "a in (x,y),b=c");
        assert!(selector.matches(&pairs_of(&[("a", "x"), ("b", "c")])));
        assert_eq!(labels(&selector.text()).unwrap().text(), selector.text());
    }
}
