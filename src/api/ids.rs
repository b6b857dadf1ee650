//! Names of things in Git, each a type of its own, so that a commit can never stand where a tree is meant.
//! Nothing here looks whether there is such a thing.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;

/// Declares an id: hexadecimal text inside, and a type of its own outside (source: jj, lib/src/object_id.rs,
/// `id_type!`). The text is taken as it is; whoever looks the id up says what is wrong with it.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id whose digits are `text`.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// All digits.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first seven digits, enough for people.
            #[must_use]
            pub fn short(&self) -> &str {
                super::commit::short(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        /// An id may always be read as text; text is never taken for an id without a word.
        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<$name> for String {
            fn eq(&self, other: &$name) -> bool {
                *self == other.0
            }
        }
    };
}

id_type! {
    /// The id of a commit: 40 lower-case hexadecimal digits.
    CommitId
}

id_type! {
    /// The id of a tree, which is what a commit holds: 40 lower-case hexadecimal digits.
    TreeId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_digits_to_people_and_on_the_wire() {
        let id = CommitId::new("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(id.short(), "4b825dc");
        assert_eq!(id.to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"4b825dc642cb6eb9a060e54bf8d69288fbee4904\"");
        assert_eq!(serde_json::from_str::<CommitId>("\"4b8\"").unwrap(), "4b8");
        assert_eq!(format!("{:?}", TreeId::new("4b8")), "TreeId(\"4b8\")");
        assert_eq!(CommitId::new("4b8").short(), "4b8");
    }
}
