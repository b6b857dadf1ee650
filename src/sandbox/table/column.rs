//! Decides what a column is: its heading and how it is announced.
//! It never decides what stands in it.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A column of a kind's table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    /// Shown only by `-o wide`.
    wide: bool,
    about: &'static str,
}

impl Column {
    /// What the table says about its column.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format, "priority": i32::from(self.wide),
            "description": self.about,
        })
    }
}

const NAMED: &str = "Name must be unique within a namespace. Is required when creating resources, although some \
    resources may allow a client to request the generation of an appropriate name automatically. Name is primarily \
    intended for creation idempotence and configuration definition. Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const BORN: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It \
    is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It \
    is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The first column of every kind.
pub(super) const NAME: Column = text("Name", NAMED).named();
/// The age in words.
pub(super) const AGE: Column = text("Age", BORN);
/// The age as a date, which kubectl turns into words.
pub(super) const AGE_DATE: Column = date("Age", BORN);
/// The time of creation, for kinds without columns of their own.
pub(super) const CREATED: Column = date("Created At", BORN);
pub(super) const CONTAINERS: Column = text("Containers", "Names of the template's containers.").wide();
pub(super) const IMAGES: Column = text("Images", "Images of the template's containers.").wide();
pub(super) const SELECTOR: Column = text("Selector", "Labels by which the object finds its pods.").wide();

/// A column of texts.
pub(super) const fn text(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: "string", format: "", wide: false, about }
}

/// A column of moments.
const fn date(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: "date", format: "", wide: false, about }
}

/// A column of whole numbers.
pub(super) const fn number(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: "integer", format: "", wide: false, about }
}

/// A column of truth values.
pub(super) const fn truth(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: "boolean", format: "", wide: false, about }
}

impl Column {
    /// The same column, shown only by `-o wide`.
    pub(super) const fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// The same column as the one that holds names.
    pub(super) const fn named(mut self) -> Self {
        self.format = "name";
        self
    }
}

/// What a kind's table is made of.
#[derive(Clone, Copy)]
pub(super) struct Sheet {
    pub columns: &'static [Column],
    pub cells: fn(&Value, Timestamp) -> Vec<Value>,
}
