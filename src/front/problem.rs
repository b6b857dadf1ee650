//! Decides how a mistake in a manifest is drawn: as the compiler of Rust draws its own.
//! It never decides what is a mistake.

use crate::logic::manifest::Problem;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// The mistakes as text. `source` gives the content of a file, where it is at hand.
#[must_use]
pub(crate) fn draw(problems: &[Problem], colour: bool, source: &dyn Fn(&str) -> Option<String>) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for problem in problems {
        out.push_str(&one(problem, &renderer, source));
        out.push_str("\n\n");
    }
    out
}

/// The bytes of `text` that the problem is about: from its place to the end of the word or line.
fn span(text: &str, line: usize, column: usize) -> Option<std::ops::Range<usize>> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(start..)?;
    let this = rest.lines().next()?;
    let from: usize = this.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let word = this.get(from..)?;
    let length = word.find([' ', '\t', '#']).unwrap_or(word.len()).max(1).min(word.len().max(1));
    Some(start + from..(start + from + length).min(text.len()))
}

/// Whether a text may be the manifest of a Secret, so that no line of it is shown; it need not even be YAML.
fn may_hold_secret(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.split(|c| !is_word(c)).any(|word| ["Secret", "SecretList"].contains(&word))
}

fn one(problem: &Problem, renderer: &Renderer, source: &dyn Fn(&str) -> Option<String>) -> String {
    let text = source(&problem.path).filter(|text| !problem.is_secret && !may_hold_secret(text));
    let drawn = problem.place.and_then(|place| {
        let text = text.as_deref()?;
        Some((text, span(text, place.line, place.column)?))
    });
    let mut help = Vec::new();
    if !problem.help.is_empty() {
        help.push(problem.help.as_str());
    }
    let Some((text, span)) = drawn else {
        let place = problem.place.map(|p| format!(":{}:{}", p.line, p.column)).unwrap_or_default();
        let mut words = format!("error: {}", problem.what);
        if !problem.path.is_empty() {
            words.push_str(&format!("\n  --> {}{place}", problem.path));
        }
        for line in help {
            words.push_str(&format!("\n  = help: {line}"));
        }
        return words;
    };
    let mut annotation = AnnotationKind::Primary.span(span);
    if !problem.label.is_empty() {
        annotation = annotation.label(&*problem.label);
    }
    let snippet = Snippet::source(text).path(&problem.path).annotation(annotation);
    let mut group: Group<'_> = Level::ERROR.primary_title(&problem.what).element(snippet);
    for line in help {
        group = group.element(Level::HELP.message(line));
    }
    renderer.render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::yaml::Place;

    #[test]
    fn a_mistake_is_drawn_with_its_line() {
        let problem = Problem::at(
            "web/rollout.yaml",
            Some(Place { line: 3, column: 5 }),
            "Rollout shop/web has both `canary` and `blueGreen`",
            "keep one of them",
        )
        .labelled("second strategy here");
        let file = "spec:\n  strategy:\n    blueGreen:\n      x: 1\n".to_owned();
        let text = draw(std::slice::from_ref(&problem), false, &|_| Some(file.clone()));
        for words in [
            "error: Rollout shop/web has both",
            "--> web/rollout.yaml:3:5",
            "^^^^^^^^^^ second strategy here",
            "help: keep one of them",
        ] {
            assert!(text.contains(words), "{text}");
        }
        let secret = format!("{file}---\nkind: Secret\nstringData: {{password: hunter2\n");
        let masked = draw(std::slice::from_ref(&problem), false, &|_| Some(secret.clone()));
        assert!(masked.contains("--> web/rollout.yaml:3:5") && !masked.contains("blueGreen:"), "{masked}");
        let hidden = draw(&[problem.clone().in_secret()], false, &|_| Some(file.clone()));
        assert!(hidden.contains("--> web/rollout.yaml:3:5") && !hidden.contains("blueGreen:"), "{hidden}");
        let bare = draw(&[problem], false, &|_| None);
        assert!(bare.contains("--> web/rollout.yaml:3:5") && bare.contains("= help: keep one"), "{bare}");
    }
}
