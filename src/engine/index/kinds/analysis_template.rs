//! Decides what is kept of templates of analyses, and that a change of one concerns every Rollout that may refer to it.
//! It never merges templates.

use crate::api::analysis::AnalysisTemplate;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::rows::TemplateRow;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::Table;
use std::sync::Arc;

/// Templates of one namespace.
pub(crate) static NAMESPACED: Followed = followed("AnalysisTemplate");
/// Templates of the cluster.
pub(crate) static CLUSTER: Followed = followed("ClusterAnalysisTemplate");

const fn followed(kind: &'static str) -> Followed {
    Followed::of::<TemplateRow>(kind, names::ARGO, kind, Picked::All, Presence::Optional)
}

impl Row for TemplateRow {
    /// None when it cannot be read; it then counts as missing.
    fn of(object: RawObject, _before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        let spec = object.spec.read().ok()?;
        Some(Self(Arc::new(AnalysisTemplate { metadata: object.metadata, spec })))
    }

    fn table<'i>(index: &'i mut Index, followed: &Followed) -> &'i mut Table<Self> {
        if *followed == CLUSTER { &mut index.cluster_templates } else { &mut index.templates }
    }

    fn effects(
        index: &mut Index,
        followed: &'static Followed,
        name: &ObjectName,
        _: Option<&Self>,
    ) -> Effects {
        let all = *followed == CLUSTER;
        let to = To::Analyses(name.namespace.clone());
        let keys = if all { index.rollouts_with_analyses() } else { index.rollouts_to(&to) };
        Effects { analyses: [(followed.name, name.clone())].into(), ..Effects::keys(keys) }
    }
}
