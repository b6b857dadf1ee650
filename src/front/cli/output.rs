//! Decides in which forms results can be written (`-o`), and refuses a form that a verb has not.
//! It never writes a result.

use crate::front::exit::Failure;
use clap::ValueEnum;
use clap::builder::PossibleValue;

/// How results are written instead of for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// As data.
    Data(DataFormat),
    /// As a table with more columns.
    Wide,
    /// Only what the objects are called, as kubectl takes it.
    Name,
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Output {
    /// The format of data, if that is asked for.
    #[must_use]
    pub(crate) fn data(self) -> Option<DataFormat> {
        match self {
            Self::Data(format) => Some(format),
            Self::Wide | Self::Name => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Data(DataFormat::Json) => "json",
            Self::Data(DataFormat::Yaml) => "yaml",
            Self::Wide => "wide",
            Self::Name => "name",
        }
    }
}

impl ValueEnum for Output {
    fn value_variants<'a>() -> &'a [Self] {
        ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Data(DataFormat::Json) => "JSON",
            Self::Data(DataFormat::Yaml) => "YAML",
            Self::Wide => "A table with more columns",
            Self::Name => "Only names, such as rollout.argoproj.io/web",
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

/// For verbs that have no result to write.
pub(crate) const NONE: &[Output] = &[];
/// For verbs whose result is about no object.
pub(crate) const DATA: &[Output] = &[Output::Data(DataFormat::Json), Output::Data(DataFormat::Yaml)];
/// For verbs whose result is about one object.
pub(crate) const NAMES: &[Output] =
    &[Output::Data(DataFormat::Json), Output::Data(DataFormat::Yaml), Output::Name];
/// For verbs that show tables.
pub(crate) const ALL: &[Output] =
    &[Output::Data(DataFormat::Json), Output::Data(DataFormat::Yaml), Output::Wide, Output::Name];

/// Refuses a form in which `verb` cannot write its result; `possible` are those in which it can.
///
/// # Errors
/// It is none of them.
pub(crate) fn check(verb: &str, asked: Option<Output>, possible: &[Output]) -> Result<(), Failure> {
    let Some(asked) = asked.filter(|asked| !possible.contains(asked)) else { return Ok(()) };
    let words: Vec<&str> = possible.iter().map(|form| form.word()).collect();
    let help = if words.is_empty() {
        "it has no result to write; leave -o out".to_owned()
    } else {
        format!("possible here: {}", words.join(", "))
    };
    Err(Failure::usage(format!("`{verb}` knows no -o {}; {help}", asked.word())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_a_verb_has_not_is_refused_with_those_that_it_has() {
        assert!(check("get", Some(Output::Wide), ALL).is_ok() && check("run", None, NONE).is_ok());
        let told = |asked, possible| check("status", Some(asked), possible).unwrap_err().text;
        assert_eq!(told(Output::Wide, NAMES), "`status` knows no -o wide; possible here: json, yaml, name");
        assert!(told(Output::Data(DataFormat::Json), NONE).ends_with("leave -o out"));
    }
}
