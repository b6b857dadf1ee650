//! Decides under which names the ConfigMaps and Secrets of versioned Rollouts are applied: with the hash of their content,
//! and their pod templates follow. It never decides when an older one is pruned.

use crate::api::config_policy::ConfigPolicy;
use crate::api::key::Key;
use crate::api::names;
use crate::base::digest;
use crate::logic::manifest::object::{annotate, annotation, is_config, pod_template, template_place};
use crate::logic::manifest::references::{config_names, of_template};
use crate::logic::manifest::{Manifest, Manifests, Problem, by_name};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Digits of the hash in a name.
const HASH: usize = 10;
/// The longest name that a cluster takes.
const LONGEST: usize = 253;
/// The fields that a ConfigMap or a Secret is made of.
const CONTENT: [&str; 5] = ["binaryData", "data", "immutable", "stringData", "type"];

/// Names by which objects go, and under which they are applied.
type Renames = BTreeMap<Key, Key>;

/// Lets the configuration of versioned Rollouts travel with their revisions: what their templates use is in `manifests`
/// under a name with its hash, the templates name it so, and what nobody else uses is there no longer under its own name.
/// What is so already stays so. `usual` is the way of Rollouts that say nothing. Answers what stands in the way.
#[must_use]
pub(crate) fn apply(manifests: &mut Manifests, usual: ConfigPolicy) -> Vec<Problem> {
    let get = |key: &Key| manifests.objects.get(key).map(|m| &*m.value);
    let mut places: BTreeMap<Key, &'static str> = BTreeMap::new();
    let mut all = Renames::new();
    for (key, manifest) in &manifests.objects {
        if !is_rollout(key) || policy(&manifest.value, usual) == ConfigPolicy::Plain {
            continue;
        }
        let Some((holder, pointer)) = template_place(key, get) else { continue };
        let template = get(&holder).and_then(|value| value.pointer(pointer));
        all.extend(template.map(|t| renames(t, &key.namespace, &get)).unwrap_or_default());
        places.insert(holder, pointer);
    }
    if all.is_empty() {
        return Vec::new();
    }
    for (holder, pointer) in &places {
        let manifest = manifests.objects.get_mut(holder);
        if let Some(template) = manifest.and_then(|m| Arc::make_mut(&mut m.value).pointer_mut(pointer)) {
            rename(template, &holder.namespace, &all);
        }
    }
    let stay = by_name::used(manifests, all.keys());
    let mut problems = Vec::new();
    for (git, applied) in &all {
        let Some(plain) = manifests.objects.get(git) else { continue };
        match manifests.objects.get(applied) {
            None => drop(manifests.objects.insert(applied.clone(), named(plain, applied))),
            Some(other) if applied_name(&git.name, &other.value) == applied.name => {}
            Some(other) => problems.push(Problem::at(
                &other.path,
                Some(other.place),
                format!("{other_key} has the name under which {git} is applied", other_key = other.key),
                format!("give it another name, or annotate {git} with {}: plain", names::CONFIG),
            )),
        }
    }
    manifests.objects.retain(|key, _| !all.contains_key(key) || stay.contains(key));
    problems
}

/// Lets the templates in `rest`, which a commit with mistakes holds, name what cannot be read there as it was `applied` last:
/// a slip in the file of a ConfigMap changes no template.
pub(crate) fn assume(rest: &mut Manifests, applied: &BTreeMap<Key, Arc<Value>>) {
    let applied = |key: &Key| applied.get(key).map(|value| &**value);
    let mut all: BTreeMap<(Key, &'static str), Renames> = BTreeMap::new();
    for rollout in rest.objects.keys().filter(|key| is_rollout(key)) {
        let Some(place) = template_place(rollout, |key| rest.get(key).map(|m| &*m.value)) else { continue };
        let before = pod_template(rollout, applied);
        let used = before.map(|t| of_template(t, &rollout.namespace)).unwrap_or_default();
        let known = used.into_iter().filter_map(|key| Some((git_key(&key, applied(&key)?)?, key)));
        all.insert(place, known.filter(|(git, _)| rest.get(git).is_none()).collect());
    }
    for ((holder, pointer), known) in all {
        let manifest = rest.objects.get_mut(&holder);
        if let Some(template) = manifest.and_then(|m| Arc::make_mut(&mut m.value).pointer_mut(pointer)) {
            rename(template, &holder.namespace, &known);
        }
    }
}

/// The pod template of a Rollout among the objects that `get` finds as they are in Git, as it is applied.
#[must_use]
pub(crate) fn template<'v>(
    rollout: &Key,
    usual: ConfigPolicy,
    get: &dyn Fn(&Key) -> Option<&'v Value>,
) -> Option<Value> {
    let mut template = pod_template(rollout, get)?.clone();
    if policy(get(rollout)?, usual) == ConfigPolicy::Versioned {
        let renames = renames(&template, &rollout.namespace, get);
        rename(&mut template, &rollout.namespace, &renames);
    }
    Some(template)
}

/// Those of `manifests` that Git knows by one of `keys`, as they are in Git.
#[must_use]
pub(crate) fn as_in_git(manifests: &Manifests, keys: &BTreeSet<Key>) -> BTreeMap<Key, Value> {
    let mut back = Renames::new();
    for (applied, manifest) in &manifests.objects {
        back.extend(git_key(applied, &manifest.value).map(|git| (applied.clone(), git)));
    }
    let as_in_git = |(key, manifest): (&Key, &Manifest)| {
        let git = back.get(key).unwrap_or(key);
        let mut value = keys.contains(git).then(|| Value::clone(&manifest.value))?;
        if let Some(annotations) = value.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            annotations.remove(names::CONFIG_OF);
        }
        for pointer in ["/spec/template", "/template"] {
            if let Some(template) = value.pointer_mut(pointer) {
                rename(template, &key.namespace, &back);
            }
        }
        Some((git.clone(), value))
    };
    manifests.objects.iter().filter_map(as_in_git).collect()
}

/// The key in Git of what is applied at `key` under a name with its hash; none of what is not.
#[must_use]
pub(crate) fn git_key(key: &Key, value: &Value) -> Option<Key> {
    let name = is_config(key).then(|| annotation(value, names::CONFIG_OF))??;
    Some(Key { name: name.to_owned(), ..key.clone() })
}

/// The keys in Git of what is applied under a name with its hash.
#[must_use]
pub(crate) fn git_keys(manifests: &Manifests) -> BTreeSet<Key> {
    manifests.objects.iter().filter_map(|(key, m)| git_key(key, &m.value)).collect()
}

/// What the annotation of `manifest` says that is no policy.
#[must_use]
pub(crate) fn wrong(manifest: &Manifest) -> Option<&str> {
    let is_read = is_rollout(&manifest.key) || is_config(&manifest.key);
    let said = is_read.then(|| annotation(&manifest.value, names::CONFIG))??;
    said.parse::<ConfigPolicy>().is_err().then_some(said)
}

fn is_rollout(key: &Key) -> bool {
    key.kind == "Rollout" && key.group == "argoproj.io"
}

/// What an object itself says.
fn own(value: &Value) -> Option<ConfigPolicy> {
    annotation(value, names::CONFIG)?.parse().ok()
}

fn policy(rollout: &Value, usual: ConfigPolicy) -> ConfigPolicy {
    own(rollout).unwrap_or(usual)
}

/// The names under which what `template` uses is applied.
fn renames<'v>(template: &Value, namespace: &str, get: &dyn Fn(&Key) -> Option<&'v Value>) -> Renames {
    let renamed = |(kind, pointer): (&str, String)| {
        let git = Key::core(kind, namespace, template.pointer(&pointer)?.as_str()?);
        let value = get(&git)?;
        let stays = own(value) == Some(ConfigPolicy::Plain) || git_key(&git, value).is_some();
        let applied = Key { name: applied_name(&git.name, value), ..git.clone() };
        (!stays).then_some((git, applied))
    };
    config_names(template).into_iter().filter_map(renamed).collect()
}

/// Lets the references of `template` follow.
fn rename(template: &mut Value, namespace: &str, renames: &Renames) {
    for (kind, pointer) in config_names(template) {
        let Some(slot) = template.pointer_mut(&pointer) else { continue };
        let applied = slot.as_str().and_then(|name| renames.get(&Key::core(kind, namespace, name)));
        if let Some(applied) = applied {
            *slot = Value::from(applied.name.as_str());
        }
    }
}

/// The name with the hash of the content. One that is too long for it is cut, and is in the hash.
fn applied_name(name: &str, value: &Value) -> String {
    let field = |word: &&'static str| Some((*word, value.get(*word).filter(|v| !v.is_null())?));
    let content: BTreeMap<&str, &Value> = CONTENT.iter().filter_map(field).collect();
    let room = LONGEST - HASH - 1;
    let kept: String = name.chars().take(room).collect();
    let cut = (kept.len() < name.len()).then_some(name);
    let bytes = serde_json::to_vec(&(content, cut)).unwrap_or_default(); // maps of texts never fail
    let hash: String = digest::sha256_hex(&bytes).chars().take(HASH).collect();
    format!("{}-{hash}", kept.trim_end_matches(['.', '-']))
}

/// The same object under another name.
fn named(plain: &Manifest, applied: &Key) -> Manifest {
    let mut renamed = plain.clone();
    renamed.key.clone_from(applied);
    renamed.target.name.clone_from(&applied.name);
    let value = Arc::make_mut(&mut renamed.value);
    annotate(value, names::CONFIG_OF, &plain.key.name);
    if let Some(slot) = value.pointer_mut("/metadata/name") {
        *slot = Value::from(applied.name.as_str());
    }
    renamed
}
