//! Decides whether a CustomResourceDefinition is well formed and may change.
//! It never serves anything.

use crate::api::check::at::At;
use crate::field::FieldError;
use crate::names;
use crate::object::meta;
use serde_json::Value;

/// The faults of a definition.
#[must_use]
pub(crate) fn check(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let mut errors = Vec::new();
    let (group, names_at) = (spec.field("group"), spec.field("names"));
    let wanted = format!("{}.{}", names_at.field("plural").text(), group.text());
    if meta(object, "name") != wanted {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid("metadata.name", meta(object, "name"), detail));
    }
    errors.extend(group.named_always(names::subdomain));
    if !group.text().is_empty() && !group.text().contains('.') {
        errors.push(group.invalid("should be a domain with at least one dot"));
    }
    let scopes = ["Cluster", "Namespaced"];
    if spec.field("scope").text().is_empty() {
        errors.push(spec.field("scope").required(""));
    } else {
        errors.extend(spec.field("scope").one_of(&scopes));
    }
    errors.extend(versions(&spec.field("versions")));
    errors.extend(kind_names(&names_at));
    errors
}

fn versions(versions: &At<'_>) -> Vec<FieldError> {
    let items = versions.items();
    let mut errors = Vec::new();
    if items.is_empty() {
        errors.push(versions.invalid("must have at least one version"));
    }
    for version in &items {
        let name = version.field("name");
        errors.extend(name.named(names::label_1035));
        let schema = version.at(&["schema", "openAPIV3Schema"]);
        if !schema.is_set() {
            errors.push(schema.required("schemas are required"));
        } else if schema.field("type").text() != "object" {
            errors.push(structural_root(&schema));
        }
        errors.extend(columns(&version.field("additionalPrinterColumns")));
        errors.extend(scale(&version.at(&["subresources", "scale"])));
    }
    let stored = items.iter().filter(|v| v.field("storage").is_true()).count();
    if stored != 1 {
        errors.push(versions.invalid("must have exactly one version marked as storage version"));
    }
    errors
}

fn structural_root(schema: &At<'_>) -> FieldError {
    let kind = schema.field("type");
    if kind.text().is_empty() {
        kind.required("must not be empty at the root")
    } else {
        kind.invalid("must be object at the root")
    }
}

fn columns(columns: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for column in columns.items() {
        for field in ["name", "type", "jsonPath"] {
            if column.field(field).text().is_empty() {
                errors.push(column.field(field).required(""));
            }
        }
        let types = ["boolean", "date", "integer", "number", "string"];
        if !column.field("type").text().is_empty() && !types.contains(&column.field("type").text()) {
            errors.push(column.field("type").invalid(&format!("must be one of {}", types.join(","))));
        }
    }
    errors
}

fn scale(scale: &At<'_>) -> Vec<FieldError> {
    if !scale.is_set() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    for (field, root) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        let path = scale.field(field);
        if path.text().is_empty() {
            errors.push(path.required(""));
        } else if !path.text().starts_with(root) {
            errors.push(path.invalid(&format!("should be a json path under {}", root.trim_end_matches('.'))));
        }
    }
    errors
}

fn kind_names(names_at: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (field, lower) in [("plural", false), ("singular", false), ("kind", true), ("listKind", true)] {
        let name = names_at.field(field);
        if name.text().is_empty() {
            if matches!(field, "plural" | "kind") {
                errors.push(name.required(""));
            }
            continue;
        }
        let text = if lower { name.text().to_lowercase() } else { name.text().to_owned() };
        let prefix = if lower { "may have mixed case, but should otherwise match: " } else { "" };
        let wrong = names::label_1035(&text);
        errors.extend(wrong.iter().map(|m| name.invalid(&format!("{prefix}{m}"))));
    }
    for short in names_at.field("shortNames").items() {
        errors.extend(short.named(names::label_1035));
    }
    let (kind, list) = (names_at.field("kind"), names_at.field("listKind"));
    if list.is_set() && kind.text() == list.text() {
        errors.push(list.invalid("kind and listKind may not be the same"));
    }
    errors
}

/// The faults of a changed definition that is established.
#[must_use]
pub(crate) fn change(object: &Value, live: &Value) -> Vec<FieldError> {
    let (new, old) = (At::root(object).field("spec"), At::root(live).field("spec"));
    let mut errors = Vec::new();
    for path in [&["group"][..], &["names", "plural"], &["scope"], &["names", "kind"]] {
        errors.extend(new.at(path).immutable(&old.at(path)));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definition() -> Value {
        json!({"metadata": {"name": "as.x.io"}, "spec": {"group": "x.io", "scope": "Namespaced",
            "names": {"plural": "as", "kind": "A", "listKind": "AList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]}})
    }

    #[test]
    fn faults() {
        assert!(check(&definition()).is_empty());
        let with = |change: &dyn Fn(&mut Value)| -> Vec<String> {
            let mut object = definition();
            change(&mut object);
            check(&object).iter().map(FieldError::text).collect()
        };
        assert_eq!(
            with(&|d| d["metadata"]["name"] = "b.x.io".into()),
            ["metadata.name: Invalid value: \"b.x.io\": must be spec.names.plural+\".\"+spec.group"]
        );
        assert_eq!(
            with(&|d| d["spec"]["versions"][0]["schema"] = Value::Null),
            ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"]
        );
        assert!(
            with(&|d| d["spec"]["versions"][0]["storage"] = false.into())[0].ends_with("storage version")
        );
        let mut moved = definition();
        moved["spec"]["scope"] = "Cluster".into();
        assert_eq!(
            change(&moved, &definition())[0].text(),
            "spec.scope: Invalid value: \"Cluster\": field is immutable"
        );
    }
}
