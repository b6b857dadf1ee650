//! Decides in which words a text that is no YAML is refused: what is wrong for whoever wrote it, in one line.
//! It never repeats a value of the text, which may be secret, nor what only a caller of the reader could change.

use serde_yaml::{Error, MessageFormatter, UserMessageFormatter};

/// What is wrong with the text that the reader refused with `error`.
#[must_use]
pub(crate) fn words(error: &Error) -> String {
    let own = match error {
        Error::AliasError { error, .. } => return words(error),
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "too large or too deeply nested, aliases counted as often as they are used; split it"
        }
        Error::UnknownAnchor { .. } => "the alias names an anchor that is not above it",
        Error::RecursiveReferencesRequireWeakTypes { .. } => "the alias stands inside its own anchor",
        Error::NonFiniteFloat { .. } => "the number is not finite; put it in quotes",
        Error::UnsupportedTag { .. } => "the tag means nothing here; remove it",
        Error::MergeValueNotMapOrSeqOfMaps { .. } => "what `<<` merges is neither a map nor a list of maps",
        Error::InvalidBinaryBase64 { .. } | Error::BinaryNotUtf8 { .. } => {
            "`!!binary` is followed by no text in base64"
        }
        Error::InvalidScalar { .. }
        | Error::SerdeInvalidType { .. }
        | Error::SerdeInvalidValue { .. }
        | Error::SerdeInvalidLength { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::NullIntoString { .. }
        | Error::QuotingRequired { .. } => "this cannot stand here; put it in quotes if it is a text",
        other => {
            let said = UserMessageFormatter.format_message(other);
            return said.lines().next().unwrap_or("not YAML").to_owned();
        }
    };
    own.to_owned()
}
