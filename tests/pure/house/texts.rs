//! Decides that no text for people decides anything: an error, a message or a why is never searched for words.
//! It never minds a word that programs read, such as a condition's reason compared as a whole.

use super::source::files;
use super::text::{Token, after_closing, production, stands};

/// The floors that decide. What a foreign program says in words alone is read in `world`.
const FLOORS: &[&str] = &["src/engine", "src/logic", "src/front"];

/// What sentences are called.
const SENTENCES: &[&str] = &[
    "advice",
    "cause",
    "complaint",
    "detail",
    "e",
    "err",
    "error",
    "failure",
    "fault",
    "help",
    "message",
    "problem",
    "said",
    "why",
    "wrong",
];

/// What words on the wire are called: they may be compared as a whole, and no more.
const WORDS: &[&str] = &["reason"];

/// What searches a text.
const SEARCHES: &[&str] = &[
    "contains",
    "ends_with",
    "find",
    "matches",
    "rfind",
    "split_once",
    "starts_with",
    "strip_prefix",
    "strip_suffix",
];

/// What only hands a text on.
const HANDS_ON: &[&str] = &[
    "as_deref",
    "as_ref",
    "as_str",
    "as_text",
    "clone",
    "cloned",
    "iter",
    "map",
    "to_lowercase",
    "to_owned",
    "to_string",
    "trim",
    "unwrap_or",
    "unwrap_or_default",
];

/// The judgements that may be: the file, what is judged as it stands there, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "src/logic/rollout/abort.rs",
        "message strip_suffix",
        "a status keeps why an update was aborted as a sentence alone",
    ),
    (
        "src/logic/rollout/abort.rs",
        "detail strip_prefix",
        "the same; the sentence is written and read in this one file",
    ),
    (
        "src/logic/rollout/abort.rs",
        "message split_once",
        "the same; upstream's controller writes that sentence, too",
    ),
];

/// The place of the bracket that the one at `close` closes.
fn opening(tokens: &[Token], close: usize) -> usize {
    let mut depth = 0_usize;
    for at in (0..=close).rev() {
        match tokens[at].text.as_str() {
            "}" | ")" | "]" => depth += 1,
            "{" | "(" | "[" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    0
}

/// The receiver that ends before `at`: its own name, seen through what only hands it on and through the closure that
/// names it; and whether a call of it is `text(…, "message")` or the like.
fn receiver(tokens: &[Token], at: usize) -> Option<String> {
    let mut last = at.checked_sub(1)?;
    while tokens[last].text == "?" {
        last = last.checked_sub(1)?;
    }
    if tokens[last].text == ")" {
        let open = opening(tokens, last);
        let inside = &tokens[open..last];
        if let Some(literal) = inside.iter().rev().find(|t| t.text.starts_with('"')) {
            let field = literal.text.trim_matches('"').rsplit('/').next().unwrap_or_default();
            if SENTENCES.contains(&field) {
                return Some(field.to_owned());
            }
        }
        let name = open.checked_sub(1)?;
        let is_method = name > 0 && tokens[name - 1].text == ".";
        if is_method && HANDS_ON.contains(&tokens[name].text.as_str()) {
            return receiver(tokens, name - 1);
        }
        return Some(tokens[name].text.clone());
    }
    let name = &tokens[last].text;
    let is_field = last > 0 && tokens[last - 1].text == ".";
    // A name that a closure gives: `message.is_some_and(|m| m.contains(…))`.
    let bar =
        (!is_field).then(|| (1..last).rev().take(12).find(|i| stands(tokens, *i, &[name, "|"]))).flatten();
    let Some(bar) = bar else { return Some(name.clone()) };
    let before = (0..bar).rev().take(3).find(|i| tokens[*i].text == "(")?;
    let is_method = before > 1 && tokens[before - 2].text == ".";
    let given = if is_method { receiver(tokens, before - 2) } else { None };
    if SENTENCES.contains(&name.as_str()) { Some(name.clone()) } else { given.or_else(|| Some(name.clone())) }
}

/// Whether a text between quotes, or a constant one, stands at `at`.
fn is_literal(tokens: &[Token], at: usize) -> bool {
    let at = at + usize::from(stands(tokens, at, &["&"]) || stands(tokens, at, &["*"]));
    let is_constant =
        |t: &Token| t.text.len() > 1 && t.text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    tokens.get(at).is_some_and(|t| t.text.starts_with("\"") && t.text != "\"\"" || is_constant(t))
}

/// Whether the arms of the `match` whose body opens at `open` are texts.
fn arms_are_texts(tokens: &[Token], open: usize) -> bool {
    let body = after_closing(tokens, open);
    (open + 1..body).any(|at| {
        is_literal(tokens, at) && (stands(tokens, at + 1, &["=", ">"]) || stands(tokens, at + 1, &["|"]))
    })
}

/// The judgements in `tokens`: the line, and what is judged how.
fn judgements(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text.as_str();
        let searches = SEARCHES.contains(&word) && at > 1 && stands(tokens, at - 1, &[".", word, "("]);
        let compares = stands(tokens, at, &["=", "="]) || stands(tokens, at, &["!", "="]);
        let judged = if searches {
            receiver(tokens, at - 1)
                .filter(|r| SENTENCES.contains(&r.as_str()) || WORDS.contains(&r.as_str()))
        } else if compares && is_literal(tokens, at + 2) {
            receiver(tokens, at).filter(|r| SENTENCES.contains(&r.as_str()))
        } else if word == "{" && arms_are_texts(tokens, at) {
            receiver(tokens, at).filter(|r| SENTENCES.contains(&r.as_str()))
        } else if word == "matches" && stands(tokens, at + 1, &["!", "("]) {
            let comma = (at + 3..after_closing(tokens, at + 2))
                .find(|i| stands(tokens, *i, &[","]) && is_literal(tokens, i + 1));
            comma.and_then(|comma| receiver(tokens, comma)).filter(|r| SENTENCES.contains(&r.as_str()))
        } else {
            None
        };
        let how = if searches { word } else { "==" };
        found.extend(judged.map(|judged| (token.line, format!("{judged} {how}"))));
    }
    found
}

#[test]
fn no_text_of_an_error_is_judged() {
    let (mut wrong, mut met) = (Vec::new(), Vec::new());
    for (file, text) in files(FLOORS).into_iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        for (line, what) in judgements(&production(&text)) {
            let is_this = |entry: &(&str, &str, &str)| entry.0 == file && entry.1 == what;
            let allowed = (0..ALLOWED.len()).find(|place| is_this(&ALLOWED[*place]) && !met.contains(place));
            match allowed {
                Some(place) => met.push(place),
                None => {
                    wrong.push(format!("{file}:{line}: {what}: decide by a type, not by words for people"))
                }
            }
        }
    }
    for (place, (file, what, _)) in ALLOWED.iter().enumerate().filter(|(place, _)| !met.contains(place)) {
        wrong.push(format!("{file}: {what} is listed and is not there any more ({place})"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn judgements_are_seen() {
    let judged =
        |text: &str| judgements(&production(text)).into_iter().map(|(_, what)| what).collect::<Vec<_>>();
    assert_eq!(judged(r#"error.to_string().contains("gone")"#), ["error contains"]);
    assert_eq!(judged(r#"c.message.as_str().starts_with(WHY)"#), ["message starts_with"]);
    assert_eq!(judged(r#"c.message.as_deref().is_some_and(|m| m.contains("x"))"#), ["message contains"]);
    assert_eq!(judged(r#"text(c, "/status/message").ends_with('.')"#), ["message ends_with"]);
    assert_eq!(judged(r#"if why == "gone" || e.to_string() != GONE {}"#), ["why ==", "e =="]);
    assert_eq!(judged(r#"match problem.to_string().as_str() { "gone" => 1, _ => 2 }"#), ["problem =="]);
    assert_eq!(judged(r#"matches!(c.message.as_str(), "gone" | "lost")"#), ["message =="]);
    assert_eq!(judged(r#"c.reason.starts_with("Roll")"#), ["reason starts_with"]);
    assert!(judged(r#"c.reason == "RolloutAborted" || c.kind == "Pod" || names.contains("web")"#).is_empty());
    assert!(judged(r#"match error.as_str() { "" => 1, _ => 2 }"#).is_empty());
    assert!(judged(r#"c.message == other.message || message.is_empty()"#).is_empty());
}
