//! Requests to a real kube-apiserver 1.35 and its answers, answered again by our functions.
//!
//! The files of `tests/vectors/merge` hold one story each: requests in order, with the answer of the server, without
//! uids and resource versions, and with times that count the requests. Every step starts from the server's answer to
//! the step before. What defaulting adds after merging is the server's alone, so an answer may hold more fields than
//! we do, but never fewer, and lists must agree item by item; owners must agree to the letter.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use switchback::api::listkeys::Schema;
use switchback::merge::apply::{self, ApplyError, Write, reset_fields, scale};
use switchback::merge::fields::FieldSet;
use switchback::merge::{MergeError, json as merge_patch, smp, three};

/// Fields that get their default back as soon as nobody sets them, so that giving them up cannot be seen.
const DEFAULTED: &[&str] = &[
    "dnsPolicy",
    "progressDeadlineSeconds",
    "replicas",
    "restartPolicy",
    "revisionHistoryLimit",
    "schedulerName",
    "securityContext",
    "size",
    "terminationGracePeriodSeconds",
    "type",
];

struct Story {
    schema: Option<Schema>,
    /// Whether the custom resource of the story has a status subresource.
    status: bool,
    live: BTreeMap<(String, String), Value>,
    wrong: Vec<String>,
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn owners(object: &Value) -> Value {
    object.pointer("/metadata/managedFields").cloned().unwrap_or(Value::Null)
}

fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

/// Where `ours` and the server's answer differ other than by fields that defaulting added.
fn differ(ours: &Value, answer: &Value, path: &str, found: &mut Vec<String>) {
    match (ours, answer) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a.iter().filter(|(key, _)| *key != "stringData") {
                differ(value, b.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (x, y)) in a.iter().zip(b).enumerate() {
                differ(x, y, &format!("{path}[{at}]"), found);
            }
        }
        (Value::Object(a), Value::Null) if a.is_empty() => {} // typed objects do not write empty maps and lists
        (Value::Array(a), Value::Null) if a.is_empty() => {}
        _ if ours == answer => {}
        _ if path.contains(".resources.") => {} // quantities are rewritten when they are decoded
        _ => found.push(format!("{path}: ours {ours}, the server's {answer}")),
    }
}

/// Fields that the server removed although we kept nothing there, or the other way round: a field of `live` that is
/// gone for us must be gone, or have another value, for the server.
fn survived(live: &Value, ours: &Value, answer: &Value, path: &str, found: &mut Vec<String>) {
    let (Value::Object(before), Value::Object(after)) = (live, answer) else { return };
    let none = Map::new();
    let mine = ours.as_object().unwrap_or(&none);
    for (key, value) in before {
        match (mine.get(key), after.get(key)) {
            (None, Some(kept)) if kept == value && !DEFAULTED.contains(&key.as_str()) => {
                found.push(format!("{path}.{key}: we dropped {value}"))
            }
            (Some(ours), Some(kept)) => survived(value, ours, kept, &format!("{path}.{key}"), found),
            _ => {}
        }
    }
}

impl Story {
    fn schema_of(&self, api_version: &str, kind: &str) -> Schema {
        let known = Schema::of(api_version, kind).or_else(|| self.schema.clone());
        known.unwrap_or_else(Schema::deduced)
    }

    fn patched(&self, step: &Value, live: &Value, schema: &Schema) -> Result<Value, MergeError> {
        match text(step, "verb") {
            "merge" => Ok(merge_patch::apply(live, &step["body"])),
            "strategic" => smp::apply(live, &step["body"], schema),
            "json" => {
                let mut patched = live.clone();
                let patch: json_patch::Patch = serde_json::from_value(step["body"].clone()).unwrap();
                json_patch::patch(&mut patched, &patch).unwrap();
                Ok(patched)
            }
            _ => Ok(step["body"].clone()),
        }
    }

    fn play(&mut self, at: usize, step: &Value) {
        let key = (text(step, "kind").to_owned(), text(step, "name").to_owned());
        let live = self.live.get(&key).cloned();
        let answer = &step["answer"];
        let code = step["code"].as_u64().unwrap();
        let named = live.as_ref().or(step["body"].get("kind").map(|_| &step["body"])).unwrap_or(answer);
        let (api_version, kind) = (text(named, "apiVersion").to_owned(), text(named, "kind").to_owned());
        let schema = self.schema_of(&api_version, &kind);
        let subresource = text(step, "subresource");
        let custom = Schema::of(&api_version, &kind).is_none();
        let reset = if custom && !self.status {
            FieldSet::default()
        } else {
            reset_fields(&api_version, &kind, subresource)
        };
        let manager = text(step, "manager");
        let time = format!("2026-01-01T00:00:{at:02}Z").parse().unwrap();
        let write = Write { manager, subresource, time, schema: &schema, reset: &reset };
        let label = format!("step {at} ({} by {manager}, {})", text(step, "verb"), text(step, "note"));
        if matches!(code, 415 | 422) {
            return; // validation and decoding are not merging's business
        }
        let mut found = Vec::new();
        match text(step, "verb") {
            _ if subresource == "scale" => play_scale(step, live.as_ref().unwrap(), &write, &mut found),
            "apply" => self.apply(step, live.as_ref(), &write, &mut found),
            _ => self.write(step, live.as_ref(), &write, &mut found),
        }
        self.wrong.extend(found.into_iter().map(|what| format!("{label}: {what}")));
        if code < 300 {
            self.live.insert(key, step.get("parent").unwrap_or(answer).clone());
        }
    }

    fn apply(&self, step: &Value, live: Option<&Value>, write: &Write<'_>, found: &mut Vec<String>) {
        let (answer, code) = (&step["answer"], step["code"].as_u64().unwrap());
        let force = step["force"] == true;
        match apply::apply(live, &step["body"], write, force) {
            Ok(object) if code < 300 => {
                let settled = apply::keep_times(live.unwrap_or(&Value::Null), &object);
                self.compare(live, &settled, answer, write, found);
            }
            Err(error) if code >= 300 => {
                let causes = match &error {
                    ApplyError::Conflicts(conflicts) => conflicts.list(),
                    _ => &[],
                };
                let cause = |c: &apply::Conflict| json!({"reason": "FieldManagerConflict", "message": c.message(), "field": c.field()});
                let ours: Vec<Value> = causes.iter().map(cause).collect();
                let mut theirs = answer.pointer("/details/causes").cloned().unwrap_or(json!([]));
                if causes.is_empty() {
                    theirs = json!([]); // an internal error repeats its text as a cause
                }
                let sorted = |list: &Value| {
                    let mut texts: Vec<String> =
                        list.as_array().into_iter().flatten().map(Value::to_string).collect();
                    texts.sort();
                    texts
                };
                if sorted(&json!(ours)) != sorted(&theirs) {
                    found.push(format!("causes: ours {}, the server's {theirs}", json!(ours)));
                }
                if error.to_string() != text(answer, "message") || u64::from(error.status()) != code {
                    found.push(format!(
                        "refused with {} {error:?}, the server with {code} {:?}",
                        error.status(),
                        text(answer, "message")
                    ));
                }
            }
            Ok(_) => found.push(format!("applied, the server refused: {}", text(answer, "message"))),
            Err(error) => found.push(format!("refused ({error}), the server applied")),
        }
    }

    /// What `kubectl apply` sends is what our three-way merge of the same three states says.
    fn compare_with_kubectl(step: &Value, live: &Value, schema: &Schema, found: &mut Vec<String>) {
        const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";
        let annotation = |o: &Value| o.pointer("/metadata/annotations").and_then(|a| a.get(LAST)).cloned();
        let base = annotation(live).map_or(json!({}), |t| serde_json::from_str(t.as_str().unwrap()).unwrap());
        let mut desired = step["manifest"].clone();
        if let Some(text) = annotation(&step["body"]) {
            desired["metadata"]["annotations"][LAST] = text;
        }
        let ours = three::strategic(&base, &desired, live, schema).unwrap();
        if ours != step["body"] {
            found.push(format!("patch:\n  ours      {ours}\n  kubectl's {}", step["body"]));
        }
    }

    fn write(&self, step: &Value, live: Option<&Value>, write: &Write<'_>, found: &mut Vec<String>) {
        let (mut answer, code) = (step["answer"].clone(), step["code"].as_u64().unwrap());
        if let (Some(live), true) =
            (live, step.get("manifest").is_some() && text(step, "verb") == "strategic")
        {
            Self::compare_with_kubectl(step, live, write.schema, found);
        }
        let patched = self.patched(step, live.unwrap_or(&Value::Null), write.schema);
        let patched = match patched {
            Ok(patched) if code < 300 => patched,
            Err(error) if code >= 300 => {
                if error.to_string() != text(&answer, "message") || u64::from(error.status()) != code {
                    found.push(format!(
                        "refused with {} {error:?}, the server {code} {answer}",
                        error.status()
                    ));
                }
                return;
            }
            Ok(_) => return found.push(format!("patched, the server refused: {answer}")),
            Err(error) => return found.push(format!("refused ({error}), the server patched")),
        };
        for pointer in step["admission"].as_array().into_iter().flatten() {
            admitted(&mut answer, pointer.as_str().unwrap());
        }
        // Owners follow from the object that is stored, defaults included; who wrote the list is in the request.
        let mut stored = bare(&answer);
        if let Some(list) = patched.pointer("/metadata/managedFields") {
            stored["metadata"]["managedFields"] = list.clone();
        }
        let tracked = apply::track_update(live, &stored, write);
        let settled = apply::keep_times(live.unwrap_or(&Value::Null), &tracked);
        if owners(&settled) != owners(&answer) {
            found.push(format!("owners:\n  ours   {}\n  theirs {}", owners(&settled), owners(&answer)));
        }
        if write.subresource.is_empty() {
            self.compare_objects(live, &patched, &answer, found);
        }
    }

    fn compare(
        &self,
        live: Option<&Value>,
        ours: &Value,
        answer: &Value,
        write: &Write<'_>,
        found: &mut Vec<String>,
    ) {
        if owners(ours) != owners(answer) {
            found.push(format!("owners:\n  ours   {}\n  theirs {}", owners(ours), owners(answer)));
        }
        if write.subresource.is_empty() {
            self.compare_objects(live, ours, answer, found);
        }
    }

    fn compare_objects(&self, live: Option<&Value>, ours: &Value, answer: &Value, found: &mut Vec<String>) {
        let mut ours = bare(ours);
        if let Some(map) = ours.as_object_mut() {
            map.remove("status"); // a door of its own
        }
        differ(&ours, &bare(answer), "", found);
        let mut before = bare(live.unwrap_or(&Value::Null));
        if let Some(map) = before.as_object_mut() {
            map.remove("status");
        }
        survived(&before, &ours, &bare(answer), "", found);
    }
}

/// Takes out what an admission plugin put in: that comes after merging, and nobody owns it.
fn admitted(object: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
}

/// The Scale of an object. A Scale of none does not write its replicas.
fn scale_of(object: &Value, replicas: &Value) -> Value {
    let mut scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {}, "spec": {}});
    scale["metadata"]["managedFields"] = scale::to_scale(object, &["spec", "replicas"]);
    if *replicas != json!(0) {
        scale["spec"]["replicas"] = replicas.clone();
    }
    scale
}

/// A write through the scale subresource.
fn play_scale(step: &Value, live: &Value, write: &Write<'_>, found: &mut Vec<String>) {
    let schema = Schema::of("autoscaling/v1", "Scale").unwrap();
    let none = FieldSet::default();
    let write = Write { schema: &schema, reset: &none, ..write.clone() };
    let before = scale_of(live, &live["spec"]["replicas"]);
    let after = scale_of(live, &step["body"]["spec"]["replicas"]);
    let tracked = apply::track_update(Some(&before), &after, &write);
    let ours = scale::to_parent(live, &tracked, &["spec", "replicas"]);
    if ours != owners(&step["parent"]) {
        found.push(format!("owners:\n  ours   {ours}\n  theirs {}", owners(&step["parent"])));
    }
}

fn replay(file: &str) -> (usize, Vec<String>) {
    let story = crate::merge::read(&format!("merge/{file}"));
    let mut played = Story {
        schema: story.get("schema").map(Schema::from_openapi),
        status: story["status"] != false,
        live: BTreeMap::new(),
        wrong: Vec::new(),
    };
    let steps = story["steps"].as_array().unwrap();
    for (at, step) in steps.iter().enumerate() {
        played.play(at, step);
    }
    (steps.len(), played.wrong)
}

#[test]
fn every_story_ends_as_on_the_server() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/merge");
    let mut files: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let (mut steps, mut wrong) = (0, Vec::new());
    for file in &files {
        let (played, mistakes) = replay(file);
        steps += played;
        wrong.extend(mistakes.into_iter().map(|m| format!("{file} {m}")));
    }
    assert!(wrong.is_empty(), "{} mistakes in {steps} steps\n{}", wrong.len(), wrong.join("\n"));
}
