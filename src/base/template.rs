//! Decides how `{{ … }}` tags in a JSON text are replaced so that it stays one.
//! It never decides which arguments there are.

use super::go_text::quote;
use thiserror::Error;

/// Why a text could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A tag that nothing resolves, as it was written between the braces.
    #[error("failed to resolve {{{{{0}}}}}")]
    Unresolved(String),
    /// An argument that was declared and has no value.
    #[error("argument \"{0}\" was not supplied")]
    NotSupplied(String),
    /// A `{{` without `}}`.
    #[error("Cannot find end tag=\"}}}}\" in the template={template} starting from {rest}")]
    Unclosed {
        /// The whole text, in Go's quotes.
        template: String,
        /// What follows the open `{{`, in Go's quotes.
        rest: String,
    },
}

/// Replaces each tag of `text` by what `resolve` gives for it. White space at the ends of a tag is not part of it.
///
/// # Errors
/// A tag that `resolve` does not know (the last one, if several), and a `{{` without `}}`.
fn render(text: &str, resolve: impl Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(text.len());
    let mut unresolved = None;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((tag, tail)) = after.split_once("}}") else {
            return Err(TemplateError::Unclosed { template: quote(text), rest: quote(after) });
        };
        match resolve(tag.trim()) {
            Some(value) => out.push_str(&value),
            None => unresolved = Some(tag.to_owned()),
        }
        rest = tail;
    }
    out.push_str(rest);
    unresolved.map_or(Ok(out), |tag| Err(TemplateError::Unresolved(tag)))
}

/// Replaces `{{args.NAME}}` inside a JSON text by the value of the argument `NAME`, escaped as a JSON string
/// without its quotes (source: utils/template/template.go, `ResolveQuotedArgs`).
///
/// ```
/// use switchback_base::template::render_args_quoted;
/// let args = [("host", Some("a \"b\""))];
/// let rendered = render_args_quoted(r#"{"url": "http://{{ args.host }}/"}"#, &args)?;
/// assert_eq!(rendered, r#"{"url": "http://a \"b\"/"}"#);
/// # Ok::<(), switchback_base::template::TemplateError>(())
/// ```
///
/// # Errors
/// An argument without a value, used or not; a tag that names no argument (the last one, if several); a `{{`
/// without `}}`.
pub fn render_args_quoted(text: &str, args: &[(&str, Option<&str>)]) -> Result<String, TemplateError> {
    let values = supplied(args)?;
    render(text, |tag| argument(&values, tag).map(escaped))
}

fn supplied<'a>(args: &[(&'a str, Option<&'a str>)]) -> Result<Vec<(&'a str, &'a str)>, TemplateError> {
    let value = |(name, value): &(&'a str, Option<&'a str>)| match value {
        Some(value) => Ok((*name, *value)),
        None => Err(TemplateError::NotSupplied((*name).to_owned())),
    };
    args.iter().map(value).collect()
}

/// Of two arguments with one name the later one counts.
fn argument<'a>(values: &[(&str, &'a str)], tag: &str) -> Option<&'a str> {
    let name = tag.strip_prefix("args.")?;
    values.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| *value)
}

/// Argo escapes as Go source does. Where that is no JSON (`\a`, `\x01`, `\U0001f600`) this writes JSON instead, so
/// that the text can still be read.
fn escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    for c in inner.chars() {
        let go = quote(&c.to_string());
        if c.is_ascii() || !go.contains("\\") {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As [`render_args_quoted`], for a text that is no JSON.
    fn render_args(text: &str, args: &[(&str, Option<&str>)]) -> Result<String, TemplateError> {
        let values = supplied(args)?;
        render(text, |tag| argument(&values, tag).map(str::to_owned))
    }

    #[test]
    fn argos_own_cases() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/argo/resolve_args.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        for case in cases {
            let args: Vec<(&str, Option<&str>)> = case["args"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| (a["name"].as_str().unwrap(), a["value"].as_str()))
                .collect();
            let text = case["template"].as_str().unwrap();
            let got = match case["fn"].as_str().unwrap() {
                "ResolveQuotedArgs" => render_args_quoted(text, &args),
                _ => render_args(text, &args),
            };
            match case["error"].as_str() {
                Some(error) => assert_eq!(got.unwrap_err().to_string(), error),
                None => assert_eq!(got.unwrap(), case["expect"].as_str().unwrap()),
            }
        }
        assert_eq!(cases.len(), 4);
    }

    #[test]
    fn tags_may_have_white_space_and_values_may_look_like_tags() {
        let args = [("a", Some("{{args.b}}")), ("b", Some("1")), ("a.b", Some("2"))];
        assert_eq!(render_args("x{{ args.a }}y{{\targs.a.b\n}}", &args).unwrap(), "x{{args.b}}y2");
        assert_eq!(render_args("}} {args.a}", &args).unwrap(), "}} {args.a}");
    }

    #[test]
    fn faults_name_the_tag_as_written() {
        let said = |text, args: &[(&str, Option<&str>)]| render_args(text, args).unwrap_err().to_string();
        assert_eq!(said("{{ x }}{{args.y }}", &[]), "failed to resolve {{args.y }}");
        assert_eq!(said("unused", &[("x", None)]), "argument \"x\" was not supplied");
        let unclosed = "Cannot find end tag=\"}}\" in the template=\"a{{b\" starting from \"b\"";
        assert_eq!(said("a{{b", &[]), unclosed);
        assert_eq!(said("{{{a}}", &[]), "failed to resolve {{{a}}");
    }

    proptest! {
        #[test]
        fn a_quoted_value_survives_json(value in any::<String>()) {
            let text = render_args_quoted("{\"k\":\"{{args.v}}\"}", &[("v", Some(&value))]).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read["k"].as_str(), Some(value.as_str()));
        }

        #[test]
        fn text_without_tags_is_kept(text in "[^{]*") {
            prop_assert_eq!(render(&text, |_| None), Ok(text));
        }
    }
}
