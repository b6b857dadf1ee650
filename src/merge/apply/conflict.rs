//! Decides how conflicts between appliers are reported: who owns which fields that a configuration would change.
//! It never decides whether there is a conflict.

use super::{Manager, Operation};
use crate::fields::FieldSet;
use crate::fields::{Path, path_text};
use std::collections::BTreeMap;
use std::fmt;

/// One field that somebody else owns and that the configuration would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who owns it.
    pub manager: Manager,
    /// The field.
    pub path: Path,
}

impl Conflict {
    /// The text of the cause in an API server's answer: `conflict with "a" using v1`.
    #[must_use]
    pub fn message(&self) -> String {
        format!("conflict with {}", named(&self.manager))
    }

    /// The field as the cause names it: `.data.x`.
    #[must_use]
    pub fn field(&self) -> String {
        path_text(&self.path)
    }
}

/// All fields that others own and that a configuration would change. Prints as an API server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts(Vec<Conflict>);

impl Conflicts {
    pub(super) fn of(contested: &BTreeMap<Manager, FieldSet>) -> Self {
        let one = |(manager, set): (&Manager, &FieldSet)| {
            let manager = manager.clone();
            set.paths().into_iter().map(move |path| Conflict { manager: manager.clone(), path })
        };
        Self(contested.iter().flat_map(one).collect())
    }

    /// The conflicts on fields that are not in `allowed`.
    pub(super) fn beyond(&self, allowed: &FieldSet) -> Self {
        Self(self.0.iter().filter(|conflict| !allowed.has(&conflict.path)).cloned().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each conflict, by manager: the causes of the answer, whose type is `FieldManagerConflict`.
    #[must_use]
    pub fn list(&self) -> &[Conflict] {
        &self.0
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(f, "Apply failed with 1 conflict: {}: {}", only.message(), only.field());
        }
        write!(f, "Apply failed with {} conflicts: ", self.0.len())?;
        let mut last: Option<&Manager> = None;
        for conflict in &self.0 {
            if last != Some(&conflict.manager) {
                let line = if last.is_some() { "\n" } else { "" };
                write!(f, "{line}conflicts with {}:", named(&conflict.manager))?;
                last = Some(&conflict.manager);
            }
            write!(f, "\n- {}", conflict.field())?;
        }
        Ok(())
    }
}

/// A manager as API servers name it: `"a"`, `"a" using v1`, `"a" with subresource "status" using apps/v1`.
fn named(manager: &Manager) -> String {
    let mut named = crate::base::go_text::quote(&manager.name);
    if !manager.subresource.is_empty() {
        named = format!("{named} with subresource {}", crate::base::go_text::quote(&manager.subresource));
    }
    if manager.operation == Operation::Update {
        named = format!("{named} using {}", manager.api_version);
    }
    named
}
