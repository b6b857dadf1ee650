//! Makes records comparable: what differs between two runs of one server becomes a placeholder that still shows
//! which occurrences were equal. It never drops a value that a server is free to get wrong.

use crate::differential::play::Record;
use crate::differential::transcript::{Extent, Script, look};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const COLLECTIONS: [&str; 3] = ["items", "rows", "resources"];
/// Objects that controllers put into every namespace some time after it was made.
const FURNITURE: [&str; 2] = ["kube-root-ca.crt", "default"];
/// Table columns that tell how long ago something was.
const AGES: [&str; 4] = ["Age", "Last Seen", "First Seen", "Duration"];

struct Forms {
    uid: Regex,
    time: Regex,
    ip: Regex,
    rv_in_text: Regex,
    current_rv: Regex,
    quoted_rv: Regex,
    precondition_rv: Regex,
    event_name: Regex,
    /// Names that the server made from a stem in the transcript, also those of objects it then refused.
    generated: Option<Regex>,
}

impl Forms {
    fn new(source: &str) -> Self {
        let form = |text: &str| Regex::new(text).unwrap();
        let stems = form(r"generateName: ([^\s,}]+)");
        let stems: Vec<String> = stems.captures_iter(source).map(|c| regex::escape(&c[1])).collect();
        let suffix = "[bcdfghjklmnpqrstvwxz2456789]{5}";
        Self {
            uid: form("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            // Times that a transcript sends lie before 2020 and stay as they are.
            time: form(r"20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
            ip: form(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"),
            rv_in_text: form(r"(resource version: )(\d+) \(\d+\)"),
            current_rv: form(r"(current: )\d+"),
            quoted_rv: form(r#"(\\?"resourceVersion\\?":\\?")\d+"#),
            precondition_rv: form(r"(ResourceVersion in (?:the precondition|record) )\(\d+\)"),
            event_name: form(r"\.[0-9a-f]{16}$"),
            generated: (!stems.is_empty()).then(|| form(&format!(r"\b({}){suffix}\b", stems.join("|")))),
        }
    }
}

/// The numbers behind the placeholders, given in the order in which values are met.
struct Numbers {
    forms: Forms,
    source: String,
    namespace: String,
    uids: BTreeMap<String, usize>,
    ips: BTreeMap<String, usize>,
    ports: BTreeMap<u64, usize>,
    /// Texts to replace wherever they occur, with what stands for them.
    names: Vec<(String, String)>,
    /// Resource versions by the uid of the object that had them.
    versions: BTreeMap<String, BTreeSet<u64>>,
}

/// The canonical form of a record: what a golden file holds.
pub fn canonical(script: &Script, record: &Record) -> Value {
    let mut numbers = Numbers {
        forms: Forms::new(&script.text),
        source: script.text.clone(),
        namespace: record.namespace.clone(),
        uids: BTreeMap::new(),
        ips: BTreeMap::new(),
        ports: BTreeMap::new(),
        names: Vec::new(),
        versions: BTreeMap::new(),
    };
    let prepared = |list: &[Value]| -> Vec<Value> { list.iter().map(|v| prepare(script, v)).collect() };
    let (answers, watches) = (prepared(&record.answers), prepared(&record.watches));
    for value in answers.iter().chain(&watches) {
        numbers.meet(value, "");
    }
    numbers.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let write = |list: &[Value]| -> Vec<Value> { list.iter().map(|v| numbers.write(v, "", None)).collect() };
    json!({"about": script.transcript.about, "answers": write(&answers), "watches": write(&watches)})
}

/// What needs the answer's structure: furniture, ages, managed fields, and the extent the transcript asks for.
fn prepare(script: &Script, answer: &Value) -> Value {
    let request =
        script.transcript.requests.iter().find(|r| Some(r.name.as_str()) == answer["name"].as_str());
    let mut answer = answer.clone();
    tidy(&mut answer);
    // A server sends bookmarks at will; only the one that ends the initial events is a promise.
    if let Some(Value::Array(events)) = answer.get_mut("events") {
        events.retain(|e| e["type"] != "BOOKMARK" || ends_initial_events(&e["object"]));
    }
    let Some(request) = request else { return answer };
    if !request.pick.is_empty() && answer.get("body").is_some() {
        let picked =
            request.pick.iter().map(|path| (path.clone(), Value::Array(look(&answer["body"], path))));
        answer["body"] = Value::Object(picked.collect());
    }
    match request.record {
        Extent::All => {}
        Extent::Shape => answer["body"] = shape(&answer["body"]),
        Extent::Code => {
            let map = answer.as_object_mut().unwrap();
            map.retain(|key, _| !matches!(key.as_str(), "body" | "text"));
        }
    }
    answer
}

fn ends_initial_events(bookmark: &Value) -> bool {
    let annotations = ["/metadata/annotations", "/rows/0/object/metadata/annotations"];
    annotations
        .iter()
        .any(|at| bookmark.pointer(at).is_some_and(|a| a["k8s.io/initial-events-end"] == "true"))
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), shape(v))).collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => json!("<string>"),
        Value::Number(_) => json!("<number>"),
        Value::Bool(_) => json!("<boolean>"),
        Value::Null => Value::Null,
    }
}

fn tidy(value: &mut Value) {
    hide_ages(value);
    match value {
        Value::Object(map) => {
            for key in COLLECTIONS {
                if let Some(Value::Array(items)) = map.get_mut(key) {
                    items.retain(|item| !is_furniture(item));
                }
            }
            if let Some(Value::Array(events)) = map.get_mut("events") {
                events.retain(|event| !is_furniture(&event["object"]));
            }
            sort_causes(map);
            if let Some(hash) = map.get_mut("storageVersionHash") {
                // Made from the group's name, which is another one each time.
                *hash = json!("<hash>");
            }
            if let Some(Value::Array(managers)) = map.get_mut("managedFields") {
                managers.iter_mut().for_each(flatten_fields);
                // Servers order managers by time; within one second that is chance.
                managers.sort_by_key(|m| {
                    ["operation", "manager", "apiVersion", "subresource"].map(|k| m[k].to_string())
                });
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn is_furniture(item: &Value) -> bool {
    let name = item.pointer("/metadata/name").or_else(|| item.pointer("/object/metadata/name"));
    let namespaced =
        item.pointer("/metadata/namespace").or_else(|| item.pointer("/object/metadata/namespace"));
    namespaced.is_some() && name.and_then(Value::as_str).is_some_and(|n| FURNITURE.contains(&n))
}

/// Field sets as a list of paths: `{"f:data":{".":{},"f:a":{}}}` becomes `["f:data/.", "f:data/f:a"]`.
fn flatten_fields(manager: &mut Value) {
    fn walk(value: &Value, path: &str, out: &mut Vec<Value>) {
        match value.as_object() {
            Some(map) if !map.is_empty() => {
                for (key, inner) in map {
                    walk(inner, &if path.is_empty() { key.clone() } else { format!("{path}/{key}") }, out);
                }
            }
            _ => out.push(json!(path)),
        }
    }
    if let Some(fields @ Value::Object(_)) = manager.get("fieldsV1") {
        let mut paths = Vec::new();
        walk(fields, "", &mut paths);
        manager["fieldsV1"] = Value::Array(paths);
    }
}

fn hide_ages(value: &mut Value) {
    if value["kind"] != "Table" {
        return;
    }
    let columns = value["columnDefinitions"].as_array().cloned().unwrap_or_default();
    let old: Vec<usize> = (0..columns.len())
        .filter(|i| {
            columns[*i]["type"] == "date" || columns[*i]["name"].as_str().is_some_and(|n| AGES.contains(&n))
        })
        .collect();
    for row in value["rows"].as_array_mut().into_iter().flatten() {
        for (index, cell) in row["cells"].as_array_mut().into_iter().flatten().enumerate() {
            // Tables in a watch name their columns only once, so the look of a cell must do.
            if cell.as_str().is_some_and(|text| old.contains(&index) || is_age(text)) {
                *cell = json!("<age>");
            }
        }
    }
}

/// Some validations walk through a hash map, so the order of their complaints is chance. Sorts them, also in a
/// message that is nothing but the causes in a row.
fn sort_causes(status: &mut Map<String, Value>) {
    let Some(Value::Array(causes)) = status.get_mut("details").and_then(|d| d.get_mut("causes")) else {
        return;
    };
    causes.sort_by_key(|c| ["field", "reason", "message"].map(|k| c[k].to_string()));
    let text = |c: &Value, key: &str| c[key].as_str().unwrap_or_default().to_owned();
    let parts: Vec<String> =
        causes.iter().map(|c| format!("{}: {}", text(c, "field"), text(c, "message"))).collect();
    let joined = parts.join(", ");
    let message = status.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some((head, list)) = message.split_once(" is invalid: [") else { return };
    let list = list.strip_suffix(']').unwrap_or(list);
    if list.len() == joined.len() && parts.iter().all(|p| list.contains(p.as_str())) {
        status.insert("message".to_owned(), json!(format!("{head} is invalid: [{joined}]")));
    }
}

fn is_age(text: &str) -> bool {
    let units = |c: char| "smhdy".contains(c);
    text.ends_with(units)
        && text.split_terminator(units).all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

impl Numbers {
    /// First pass: gives numbers to values in the order in which they are met.
    fn meet(&mut self, value: &Value, key: &str) {
        match value {
            Value::Object(map) => {
                self.meet_object(map);
                for (key, inner) in map {
                    self.meet_text(key);
                    self.meet(inner, key);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.meet(item, key)),
            Value::String(text) => self.meet_text(text),
            Value::Number(number) if key == "nodePort" => {
                let port = number.as_u64().unwrap_or_default();
                if !self.source.contains(&port.to_string()) {
                    let next = self.ports.len() + 1;
                    self.ports.entry(port).or_insert(next);
                }
            }
            _ => {}
        }
    }

    fn meet_object(&mut self, map: &Map<String, Value>) {
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        if let (Some(uid), Some(rv)) = (text("uid"), text("resourceVersion")) {
            let rv = rv.parse().unwrap_or_default();
            self.versions.entry(uid.to_owned()).or_default().insert(rv);
        }
        if let (Some(stem), Some(name)) = (text("generateName"), text("name"))
            && name.starts_with(stem)
            && name.len() > stem.len()
        {
            self.stand_for(name, stem, "gen");
        }
        for label in ["pod-template-hash", "controller-revision-hash"] {
            if let Some(hash) = text(label) {
                self.stand_for(hash, "", "hash");
            }
        }
    }

    fn stand_for(&mut self, name: &str, stem: &str, kind: &str) {
        if self.names.iter().any(|(known, _)| known == name) {
            return;
        }
        let mark = format!("<{kind}-");
        let next = self.names.iter().filter(|(_, stands)| stands.contains(&mark)).count() + 1;
        self.names.push((name.to_owned(), format!("{stem}{mark}{next}>")));
    }

    fn meet_text(&mut self, text: &str) {
        let generated = self.forms.generated.as_ref().and_then(|form| form.captures(text));
        if let Some((name, stem)) = generated.map(|c| (c[0].to_owned(), c[1].to_owned())) {
            self.stand_for(&name, &stem, "gen");
        }
        for found in self.forms.uid.find_iter(text) {
            if !self.source.contains(found.as_str()) {
                let next = self.uids.len() + 1;
                self.uids.entry(found.as_str().to_owned()).or_insert(next);
            }
        }
        for found in self.forms.ip.find_iter(text) {
            if !self.source.contains(found.as_str()) {
                let next = self.ips.len() + 1;
                self.ips.entry(found.as_str().to_owned()).or_insert(next);
            }
        }
    }

    /// Second pass: writes placeholders. `parent` is the object that holds `key`.
    fn write(&self, value: &Value, key: &str, parent: Option<&Map<String, Value>>) -> Value {
        match value {
            Value::Object(map) => {
                map.iter().map(|(k, v)| (self.write_text(k), self.write(v, k, Some(map)))).collect()
            }
            Value::Array(items) => items.iter().map(|v| self.write(v, key, parent)).collect(),
            Value::String(text) => Value::String(self.write_string(text, key, parent)),
            Value::Number(number) if key == "nodePort" => {
                match self.ports.get(&number.as_u64().unwrap_or_default()) {
                    Some(index) => json!(format!("<node-port-{index}>")),
                    None => value.clone(),
                }
            }
            other => other.clone(),
        }
    }

    fn write_string(&self, text: &str, key: &str, parent: Option<&Map<String, Value>>) -> String {
        match key {
            "resourceVersion" if text.parse::<u64>().is_ok() => self.version(text, parent),
            "continue" if !text.is_empty() => "<continue>".to_owned(),
            "nodeName" if !self.source.contains(&format!("nodeName: {text}")) => "<node>".to_owned(),
            "name" => self.forms.event_name.replace(&self.write_text(text), ".<stamp>").into_owned(),
            _ => self.write_text(text),
        }
    }

    /// `<rv U.N>`: the N-th version seen of the object with uid U. A collection's version moves with everything
    /// the server does, so only its presence is kept.
    fn version(&self, text: &str, parent: Option<&Map<String, Value>>) -> String {
        let uid = parent.and_then(|p| p.get("uid")).and_then(Value::as_str);
        let Some(uid) = uid else { return "<rv>".to_owned() };
        let rv: u64 = text.parse().unwrap_or_default();
        let rank = self.versions.get(uid).map_or(0, |all| all.iter().take_while(|v| **v <= rv).count());
        format!("<rv {}.{rank}>", self.uids.get(uid).copied().unwrap_or_default())
    }

    fn write_text(&self, text: &str) -> String {
        let mut out = text.replace(&self.namespace, "<ns>");
        for (name, stands) in &self.names {
            if out.contains(name.as_str()) {
                out = out.replace(name.as_str(), stands);
            }
        }
        for (ip, index) in &self.ips {
            if out.contains(ip.as_str()) {
                let whole = Regex::new(&format!(r"\b{}\b", regex::escape(ip))).unwrap();
                out = whole.replace_all(&out, format!("<ip-{index}>")).into_owned();
            }
        }
        for (uid, index) in &self.uids {
            if out.contains(uid.as_str()) {
                out = out.replace(uid.as_str(), &format!("<uid-{index}>"));
            }
        }
        for (port, index) in &self.ports {
            if out.contains(&port.to_string()) {
                let whole = Regex::new(&format!(r"\b{port}\b")).unwrap();
                // The ends of the range of ports, which the server names, may be allocated, too.
                let written = |found: &regex::Captures<'_>| {
                    let place = found.get(0).unwrap();
                    let is_end = out[..place.start()].ends_with('-') || out[place.end()..].starts_with('-');
                    if is_end { place.as_str().to_owned() } else { format!("<node-port-{index}>") }
                };
                out = whole.replace_all(&out, written).into_owned();
            }
        }
        let out = self.forms.rv_in_text.replace_all(&out, "${1}<rv> (<rv>)");
        let out = self.forms.current_rv.replace_all(&out, "${1}<rv>");
        let out = self.forms.quoted_rv.replace_all(&out, "${1}<rv>");
        let out = self.forms.precondition_rv.replace_all(&out, "${1}(<rv>)");
        let stamp = |found: &regex::Captures<'_>| {
            if found.get(1).is_some() { "<microtime>" } else { "<time>" }.to_owned()
        };
        self.forms.time.replace_all(&out, stamp).into_owned()
    }
}
