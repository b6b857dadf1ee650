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

/// The first column of every kind.
pub(super) const NAME: Column =
    Column { name: "Name", kind: "string", format: "name", wide: false, about: "Name of the object." };
/// The age in words.
pub(super) const AGE: Column = text("Age", "Time since the object was created.");
/// The age as a date, which kubectl turns into words.
pub(super) const AGE_DATE: Column = Column {
    name: "Age",
    kind: "date",
    format: "",
    wide: false,
    about: "Time since the object was created.",
};
/// The time of creation, for kinds without columns of their own.
pub(super) const CREATED: Column = Column {
    name: "Created At",
    kind: "date",
    format: "",
    wide: false,
    about: "When the object was created.",
};
pub(super) const CONTAINERS: Column = text("Containers", "Names of the template's containers.").wide();
pub(super) const IMAGES: Column = text("Images", "Images of the template's containers.").wide();
pub(super) const SELECTOR: Column = text("Selector", "Labels by which the object finds its pods.").wide();

/// A column of texts.
pub(super) const fn text(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: "string", format: "", wide: false, about }
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
