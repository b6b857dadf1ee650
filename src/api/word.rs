//! Decides how a field whose values are words becomes a type: one variant a word, and one for words of others.
//! It never decides which words a field has.

/// Makes an enum of the words of one field. A variant is called as the wire has it; a word that is none of them
/// survives in `Other`, because other controllers and later versions write into the same fields.
macro_rules! words {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $word:ident,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $word,)+
            /// A word of somebody else, kept as it came.
            Other(String),
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$word => stringify!($word),)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $(stringify!($word) => Self::$word,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                Ok(Self::from(word.as_ref()))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                String::schema_name()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub)] // the macro makes types for the wire

    words! {
        /// A word.
        pub enum Light {
            /// Go.
            Green,
            /// Stop.
            Red,
        }
    }

    #[test]
    fn own_words_are_variants_and_words_of_others_survive() {
        for (wire, light) in [
            ("\"Green\"", Light::Green),
            ("\"Red\"", Light::Red),
            ("\"Blue\"", Light::Other("Blue".to_owned())),
        ] {
            let read: Light = serde_json::from_str(wire).unwrap();
            assert_eq!(read, light);
            assert_eq!(serde_json::to_string(&read).unwrap(), wire);
        }
        assert_eq!(format!("{:>6}", Light::Red), "   Red");
    }
}
