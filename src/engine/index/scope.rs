//! Decides which objects a controller looks after: those of its instance and, if it is limited to them, only those of
//! certain deliveries. It never decides what is done about them.

use crate::api::meta::Meta;
use crate::api::names;
use std::collections::BTreeSet;

/// Which objects a controller looks after.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    instance: Option<String>,
    is_every: bool,
    deliveries: Option<BTreeSet<String>>,
}

impl Scope {
    /// Objects of one instance: those labelled with it, or those without the label.
    #[must_use]
    pub(crate) fn of_instance(instance: Option<String>) -> Self {
        Self { instance, ..Self::default() }
    }

    /// Objects of every instance.
    #[must_use]
    pub(crate) fn every() -> Self {
        Self { is_every: true, ..Self::default() }
    }

    /// Of these only what one of `deliveries` has brought.
    #[must_use]
    pub(crate) fn within(self, deliveries: BTreeSet<String>) -> Self {
        Self { deliveries: Some(deliveries), ..self }
    }

    /// Whether an object is of our instance, whoever has brought it.
    #[must_use]
    pub(crate) fn is_instance_of(&self, meta: &Meta) -> bool {
        self.is_every || meta.labels.get(names::INSTANCE_ID) == self.instance.as_ref()
    }

    /// Whether an object that nothing else of ours owns is ours.
    #[must_use]
    pub(crate) fn holds(&self, meta: &Meta) -> bool {
        let is_delivered = |all: &BTreeSet<String>| {
            meta.annotation(names::SOURCE).is_some_and(|source| all.contains(source))
        };
        self.is_instance_of(meta) && self.deliveries.as_ref().is_none_or(is_delivered)
    }

    /// Whether only what certain deliveries have brought is ours.
    #[must_use]
    pub(crate) fn is_limited(&self) -> bool {
        self.deliveries.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_ours_by_its_instance_and_by_who_has_brought_it() {
        let meta = |instance: Option<&str>, source: Option<&str>| {
            let text = json!({"name": "web", "labels": {names::INSTANCE_ID: instance},
                "annotations": {names::SOURCE: source}});
            let mut text = text;
            for (map, value) in [("labels", instance), ("annotations", source)] {
                if value.is_none() {
                    text[map] = json!({});
                }
            }
            Meta::of(&text).unwrap()
        };
        let all = Scope::of_instance(None);
        assert!(all.holds(&meta(None, None)) && all.holds(&meta(None, Some("shop"))));
        assert!(!all.holds(&meta(Some("a"), None)) && !all.is_limited());
        assert!(Scope::every().holds(&meta(Some("a"), None)) && Scope::every().holds(&meta(None, None)));
        let ours = Scope::of_instance(Some("a".to_owned())).within(["shop".to_owned()].into());
        assert!(ours.holds(&meta(Some("a"), Some("shop"))) && ours.is_limited());
        assert!(!ours.holds(&meta(Some("a"), Some("bank"))) && !ours.holds(&meta(Some("a"), None)));
        assert!(!ours.holds(&meta(None, Some("shop"))));
    }
}
