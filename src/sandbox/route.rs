//! Decides which resource, or which other page, a path means, and which verb is asked of it.
//! It never looks at objects.

use super::refuse::Refusal;
use super::request::Call;
use super::served::{Kinds, Served};
use http::Method;
use std::sync::Arc;

/// What is asked of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// One object.
    Get,
    /// Many objects.
    List,
    /// What changes.
    Watch,
    /// A new object.
    Create,
    /// A replaced object.
    Update,
    /// A changed object.
    Patch,
    /// An object less.
    Delete,
    /// Many objects less.
    DeleteCollection,
}

impl Ask {
    /// The verb's name, as audit logs and access rules write it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// Whether it may change something.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// The objects a request is about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// How the kind is served.
    pub served: Arc<Served>,
    /// The namespace, empty for cluster-wide kinds and for all namespaces.
    pub namespace: String,
    /// The object, empty for a collection.
    pub name: String,
    /// The subresource, empty for the object itself.
    pub sub: String,
    /// The verb.
    pub ask: Ask,
}

/// What a path means.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// Objects of a served kind.
    Objects(Target),
    /// Any other page.
    Page,
}

/// Finds what `call` is about.
///
/// # Errors
/// 404 for a kind that is not served, 405 for a method that the path does not know.
pub(crate) fn route(kinds: &Kinds, call: &Call) -> Result<Route, Refusal> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let (group, version, rest) = match segments.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Ok(Route::Page),
    };
    let rest = if rest.first() == Some(&"watch") { rest.get(1..).unwrap_or_default() } else { rest };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, plural, tail @ ..] if !is_of_namespace(plural) => {
            (*namespace, [&[*plural], tail].concat())
        }
        other => ("", other.to_vec()),
    };
    let (plural, name, sub) = match rest.as_slice() {
        [plural] => (*plural, "", ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, sub] => (*plural, *name, *sub),
        _ => return Err(Refusal::no_resource()),
    };
    let served = kinds.at(group, version, plural).ok_or_else(Refusal::no_resource)?;
    let wrong_scope =
        if served.kind.namespaced { namespace.is_empty() && !name.is_empty() } else { !namespace.is_empty() };
    if wrong_scope {
        return Err(Refusal::no_resource());
    }
    let ask = verb(call, !name.is_empty(), !sub.is_empty(), served.kind.namespaced && namespace.is_empty())?;
    if sub.is_empty() && !served.verbs.contains(&ask.name()) {
        return Err(Refusal::method_not_allowed());
    }
    Ok(Route::Objects(Target {
        served,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        sub: sub.to_owned(),
        ask,
    }))
}

fn is_of_namespace(plural: &str) -> bool {
    matches!(plural, "status" | "finalize")
}

fn verb(call: &Call, named: bool, sub: bool, across: bool) -> Result<Ask, Refusal> {
    let watch =
        call.query.flag("watch").unwrap_or(false) || call.segments.get(2).is_some_and(|s| s == "watch");
    Ok(match (&call.method, named) {
        (&Method::GET | &Method::HEAD, true) if watch && !sub => Ask::Watch,
        (&Method::GET | &Method::HEAD, true) => Ask::Get,
        (&Method::GET | &Method::HEAD, false) if watch => Ask::Watch,
        (&Method::GET | &Method::HEAD, false) => Ask::List,
        (&Method::POST, false) if !across => Ask::Create,
        (&Method::POST, true) if sub => Ask::Create,
        (&Method::PUT, true) => Ask::Update,
        (&Method::PATCH, true) => Ask::Patch,
        (&Method::DELETE, true) => Ask::Delete,
        (&Method::DELETE, false) if !across => Ask::DeleteCollection,
        _ => return Err(Refusal::method_not_allowed()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn find(method: &str, uri: &str) -> Result<Route, Refusal> {
        let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        route(&Kinds::built_in(), &Call::new(&request.into_parts().0, Bytes::new()))
    }

    fn told(method: &str, uri: &str) -> String {
        match find(method, uri) {
            Ok(Route::Objects(t)) => {
                format!("{} {} {}/{} {}", t.ask.name(), t.served.kind.plural, t.namespace, t.name, t.sub)
            }
            Ok(Route::Page) => "page".to_owned(),
            Err(refusal) => refusal.code.to_string(),
        }
    }

    #[test]
    fn paths_and_verbs() {
        assert_eq!(told("GET", "/api/v1/namespaces/a/pods/p/log"), "get pods a/p log");
        assert_eq!(told("GET", "/api/v1/pods?watch=true"), "watch pods / ");
        assert_eq!(told("GET", "/api/v1/namespaces/a"), "get namespaces /a ");
        assert_eq!(told("PUT", "/api/v1/namespaces/a/finalize"), "update namespaces /a finalize");
        assert_eq!(
            told("DELETE", "/apis/apps/v1/namespaces/a/deployments"),
            "deletecollection deployments a/ "
        );
        assert_eq!(
            told("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale"),
            "patch deployments a/d scale"
        );
        assert_eq!(told("GET", "/apis/apps/v1"), "page");
        assert_eq!(told("POST", "/apis/apps/v1/deployments"), "405");
        assert_eq!(told("GET", "/apis/none.io/v1/things"), "404");
        assert_eq!(told("GET", "/api/v1/namespaces/a/nodes/n"), "404");
    }
}
