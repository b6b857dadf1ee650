//! What a repository of the random histories says, as objects, and the files that are written of it.
//! It knows nothing of Git, and decides by itself what must be left when something is taken back.

use std::collections::{BTreeMap, BTreeSet};

/// The objects of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Web,
    WebConfig,
    WebService,
    WebCheck,
    Api,
    Jobs,
    Misc,
}

pub(super) const ALL: [Id; 7] =
    [Id::Web, Id::WebConfig, Id::WebService, Id::WebCheck, Id::Api, Id::Jobs, Id::Misc];

/// The value of the bad template.
pub(super) const BAD: u32 = 999;

/// What `web` is made of or judged by.
pub(super) const OURS: [Id; 4] = [Id::Web, Id::WebConfig, Id::WebService, Id::WebCheck];

/// What may be changed of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// What makes a revision, or judges one.
    Made,
    /// What makes none: replicas, labels.
    Beside,
    /// A comment.
    Comment,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Edit(Id, Part, u32),
    /// The file that holds the object gets another name.
    Rename(Id, u32),
    /// The object moves to a file of its own.
    Split(Id, u32),
    /// The file that holds the first object is joined to the file that holds the second.
    Join(Id, Id),
    /// A file that is no manifest.
    Readme(u32),
}

/// What one commit does.
pub(super) type Edits = Vec<Op>;

/// A state of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    parts: BTreeMap<(Id, Part), u32>,
    files: BTreeMap<String, Vec<Id>>,
    readme: u32,
    folder: &'static str,
}

impl State {
    pub(super) fn new(folder: &'static str) -> Self {
        let file = |name: &str, ids: &[Id]| (name.to_owned(), ids.to_vec());
        Self {
            folder,
            parts: BTreeMap::new(),
            files: [
                file("web.yaml", &[Id::Web]),
                file("around.yaml", &[Id::WebConfig, Id::WebService, Id::Misc]),
                file("apps.yaml", &[Id::Api, Id::WebCheck, Id::Jobs]),
            ]
            .into(),
            readme: 0,
        }
    }

    fn holder(&self, id: Id) -> String {
        self.files.iter().find(|(_, ids)| ids.contains(&id)).map(|(path, _)| path.clone()).unwrap()
    }

    pub(super) fn apply(&mut self, op: &Op) {
        match op {
            Op::Edit(id, part, value) => drop(self.parts.insert((*id, *part), *value)),
            Op::Rename(id, n) => {
                let ids = self.files.remove(&self.holder(*id)).unwrap();
                self.files.insert(format!("moved/{n}.yaml"), ids);
            }
            Op::Split(id, n) => {
                let from = self.holder(*id);
                let ids = self.files.get_mut(&from).unwrap();
                if ids.len() > 1 {
                    ids.retain(|one| one != id);
                    self.files.insert(format!("split/{n}.yaml"), vec![*id]);
                }
            }
            Op::Join(id, to) => {
                let (from, to) = (self.holder(*id), self.holder(*to));
                if from != to {
                    let ids = self.files.remove(&from).unwrap();
                    self.files.get_mut(&to).unwrap().extend(ids);
                }
            }
            Op::Readme(n) => self.readme = *n,
        }
    }

    pub(super) fn after(mut self, edits: &[Op]) -> Self {
        edits.iter().for_each(|op| self.apply(op));
        self
    }

    pub(super) fn render(&self) -> BTreeMap<String, String> {
        let text = |ids: &Vec<Id>| ids.iter().map(|id| self.text(*id)).collect::<Vec<_>>().join("---\n");
        let place =
            |path: &str| if self.folder == "." { path.to_owned() } else { format!("{}/{path}", self.folder) };
        let mut files: BTreeMap<String, String> =
            self.files.iter().map(|(path, ids)| (place(path), text(ids))).collect();
        files.insert("README.md".to_owned(), format!("# Shop\n\nWords: {}\n", self.readme));
        files
    }

    /// The files that are manifests, and the text of each object, wherever it stands.
    pub(super) fn texts(&self) -> BTreeSet<String> {
        ALL.iter().map(|id| self.text(*id)).collect()
    }

    fn text(&self, id: Id) -> String {
        let end: String = (1..=5).map(|n| format!("# end, line {n}\n")).collect();
        self.object(id) + &end
    }

    fn object(&self, id: Id) -> String {
        let part = |part: Part| self.parts.get(&(id, part)).copied().unwrap_or(0);
        let (made, beside, comment) = (part(Part::Made), part(Part::Beside), part(Part::Comment));
        let meta = |version: &str, kind: &str, name: &str| {
            format!(
                "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n    example.com/a: a\n    \
                 example.com/b: b\n    example.com/c: c\n    example.com/owner: team-{name}\n"
            )
        };
        // What changes stands apart, as far as a text merge needs it.
        let far = |name: &str| (1..=5).map(|n| format!("    # {name}, line {n}\n")).collect::<String>();
        let note = |name: &str| format!("{}    # note {name} {comment}\n{}", far("before"), far("after"));
        let template = |name: &str| {
            format!(
                "  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: {name}\n        \
                 image: example/{name}:v{made}\n        envFrom:\n        - configMapRef: {{name: {name}-config}}\n"
            )
        };
        let pods = |kind: &str, version: &str, name: &str, strategy: &str| {
            format!(
                "{}spec:\n{}  replicas: {beside}\n{}  selector:\n    matchLabels: {{app: {name}}}\n{strategy}{}{}",
                meta(version, kind, name),
                far("size"),
                far("selector"),
                note(name),
                template(name),
            )
        };
        let canary = "  strategy:\n    canary:\n      canaryService: web\n      analysis: {templates: [{templateName: web-check}]}\n      \
                      steps: [{setWeight: 20}, {pause: {}}]\n";
        match id {
            Id::Web => pods("Rollout", "argoproj.io/v1alpha1", "web", canary),
            Id::Api => pods("Rollout", "argoproj.io/v1alpha1", "api", "  strategy: {canary: {}}\n"),
            Id::Jobs => pods("Deployment", "apps/v1", "jobs", ""),
            Id::WebService => format!(
                "{}{}  labels: {{n: \"{beside}\"}}\nspec:\n{}  ports:\n  - port: {}\n",
                meta("v1", "Service", "web"),
                far("labels"),
                note("web"),
                8000 + made
            ),
            Id::WebCheck => format!(
                "{}{}  labels: {{n: \"{beside}\"}}\nspec:\n{}  metrics:\n  - name: errors\n    count: {made}\n",
                meta("argoproj.io/v1alpha1", "AnalysisTemplate", "web-check"),
                far("labels"),
                note("check")
            ),
            Id::WebConfig | Id::Misc => {
                let name = if id == Id::Misc { "misc" } else { "web-config" };
                format!(
                    "{}{}  labels: {{n: \"{beside}\"}}\n{}data:\n  a: a\n  value: \"{made}\"\n",
                    meta("v1", "ConfigMap", name),
                    far("labels"),
                    note(name)
                )
            }
        }
    }
}

/// What is left of `edits`, made to `before`, once what they did to `web` is taken back; the same when nothing is.
pub(super) fn without(before: &State, edits: &[Op], is_folder: bool) -> Edits {
    let after = before.clone().after(edits);
    let part = |state: &State, id: Id, part: Part| state.parts.get(&(id, part)).copied().unwrap_or(0);
    let changed = |id: Id, of: Part| part(before, id, of) != part(&after, id, of);
    let ours: Vec<Id> = OURS.into_iter().filter(|id| changed(*id, Part::Made)).collect();
    if ours.is_empty() {
        return edits.to_vec();
    }
    let others = [Id::Api, Id::Jobs];
    let is_shared = others.into_iter().any(|id| changed(id, Part::Made) || changed(id, Part::Beside))
        || is_folder && before.readme != after.readme;
    if !is_shared {
        return Vec::new(); // it goes back whole
    }
    let is_left = |op: &&Op| !matches!(op, Op::Edit(id, _, _) if ours.contains(id));
    edits.iter().filter(is_left).cloned().collect()
}

/// Whether two changes set the same thing.
pub(super) fn same_field(one: &Op, other: &Op) -> bool {
    match (one, other) {
        (Op::Edit(id, part, _), Op::Edit(other, beside, _)) => (id, part) == (other, beside),
        (Op::Readme(_), Op::Readme(_)) => true,
        _ => false,
    }
}

/// Whether two sets of edits cannot both be had: they set the same thing, or both move files about.
pub(super) fn clash(one: &[Op], other: &[Op]) -> bool {
    moves(one) && moves(other) || one.iter().any(|op| other.iter().any(|other| same_field(op, other)))
}

/// Whether files are moved, split or joined.
pub(super) fn moves(edits: &[Op]) -> bool {
    edits.iter().any(|op| matches!(op, Op::Rename(..) | Op::Split(..) | Op::Join(..)))
}
