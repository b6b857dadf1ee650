//! Decides which fields of a JSON text a kind does not have, and which occur twice, in the order of the text.
//! It never decides what follows from that.

use super::{Shape, Type, at};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// What a strict reader complains about in `text`: unknown fields of `ty` (with `None` nothing is unknown) and
/// duplicate ones. A text that is no JSON gives no complaints; it is refused elsewhere.
#[must_use]
pub(crate) fn complaints(text: &[u8], ty: Option<&Type>) -> Vec<String> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let root = ty.map(Known::Struct);
    let walk = Walk { known: root.unwrap_or(Known::Anything), path: String::new(), found: &mut found };
    // what is found up to a syntax error is no use without the object
    if walk.deserialize(&mut reader).is_err() {
        return Vec::new();
    }
    found
}

#[derive(Clone, Copy)]
enum Known<'a> {
    Struct(&'a Type),
    Shape(&'a Shape),
    Anything,
}

struct Walk<'a, 'f> {
    known: Known<'a>,
    path: String,
    found: &'f mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a> Known<'a> {
    /// What is known of the field `key`; `None` when there is no such field.
    fn field(self, key: &str) -> Option<Known<'a>> {
        match self {
            Known::Struct(ty) => ty.fields.get(key).map(|f| Known::Shape(&f.shape)),
            Known::Shape(Shape::Struct(id)) => at(*id).fields.get(key).map(|f| Known::Shape(&f.shape)),
            Known::Shape(Shape::Map(values)) => Some(Known::Shape(values)),
            _ => Some(Known::Anything),
        }
    }

    fn item(self) -> Known<'a> {
        match self {
            Known::Shape(Shape::List(items)) => Known::Shape(items),
            _ => Known::Anything,
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            let Some(known) = self.known.field(&key) else {
                self.found.push(format!("unknown field \"{path}\""));
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if !seen.insert(key) {
                self.found.push(format!("duplicate field \"{path}\""));
            }
            map.next_value_seed(Walk { known, path, found: &mut *self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut at = 0;
        let known = self.known.item();
        loop {
            let path = format!("{}[{at}]", self.path);
            if list.next_element_seed(Walk { known, path, found: &mut *self.found })?.is_none() {
                return Ok(());
            }
            at += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed;

    #[test]
    fn complaints_come_in_the_order_of_the_text() {
        let text = br#"{"metadata":{"name":"a"},"spec":{"foo":1,"replicas":1,"replicas":2,"template":{"spec":
            {"containers":[{"name":"c","imge":"x"}]}}},"bar":2}"#;
        assert_eq!(
            complaints(text, typed::of("apps/v1", "Deployment")),
            [
                "unknown field \"spec.foo\"",
                "duplicate field \"spec.replicas\"",
                "unknown field \"spec.template.spec.containers[0].imge\"",
                "unknown field \"bar\""
            ]
        );
        assert_eq!(
            complaints(br#"{"a":{"b":[1,{"c":null,"c":1.5}]}}"#, None),
            ["duplicate field \"a.b[1].c\""]
        );
        assert!(complaints(b"{\"a\":", None).is_empty());
    }
}
