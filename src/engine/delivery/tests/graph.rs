//! Commits, merged branches and pulls in a real repository, each with the state of the model.
//! It decides which of them may go back on their own, from how it made them.

use super::model::{BAD, Edits, Op, State, same_field};
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository, Signature, Time};
use std::path::Path;

/// One step of the branch.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Commit(Edits),
    /// A branch from so many steps back, merged as a pull request is.
    Request {
        back: usize,
        commits: Vec<Edits>,
    },
    /// Commits on a state of so many steps back, whose author pulls before pushing.
    Pull {
        back: usize,
        commits: Vec<Edits>,
    },
}

impl Step {
    /// What it does, commit by commit.
    pub(super) fn commits_mut(&mut self) -> Vec<&mut Edits> {
        match self {
            Self::Commit(edits) => vec![edits],
            Self::Request { commits, .. } | Self::Pull { commits, .. } => commits.iter_mut().collect(),
        }
    }
}

/// A step as it stands in the repository.
struct Made {
    id: Oid,
    state: State,
    /// All that it did.
    edits: Edits,
    how: How,
}

enum How {
    Line,
    /// From the step of this number; the commits of the side, with the state before each.
    Pull(usize, Vec<Unit>),
}

/// What may go back as one.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) before: State,
    pub(super) edits: Edits,
    /// What others had done meanwhile that it did not know of.
    pub(super) beside: Edits,
}

/// The repository.
pub(super) struct Graph {
    repo: Repository,
    steps: Vec<Made>,
}

impl Graph {
    pub(super) fn new(at: &Path, folder: &'static str) -> Self {
        let repo = Repository::init_bare(at).unwrap();
        repo.set_head("refs/heads/main").unwrap();
        let mut graph = Self { repo, steps: Vec::new() };
        let state = State::new(folder);
        let id = graph.commit(&state, &[]);
        graph.steps.push(Made { id, state, edits: Vec::new(), how: How::Line });
        graph
    }

    fn commit(&self, state: &State, parents: &[Oid]) -> Oid {
        let empty = self.repo.find_tree(self.repo.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let mut update = TreeUpdateBuilder::new();
        for (path, text) in state.render() {
            update.upsert(path, self.repo.blob(text.as_bytes()).unwrap(), FileMode::Blob);
        }
        let tree = update.create_updated(&self.repo, &empty).unwrap();
        let tree = self.repo.find_tree(tree).unwrap();
        let parents: Vec<git2::Commit<'_>> =
            parents.iter().map(|id| self.repo.find_commit(*id).unwrap()).collect();
        let by = Signature::new("Ada", "ada@example.com", &Time::new(1_700_000_000, 0)).unwrap();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let id = self.repo.commit(None, &by, &by, "a change", &tree, &parents).unwrap();
        self.repo.reference("refs/heads/main", id, true, "").unwrap();
        id
    }

    /// The number of the newest step.
    pub(super) fn last(&self) -> usize {
        self.steps.len() - 1
    }

    pub(super) fn step(&mut self, step: &Step) {
        let (head, before) = (self.steps[self.last()].id, self.steps[self.last()].state.clone());
        let (edits, id, how) = match step {
            Step::Commit(edits) => {
                let id = self.commit(&before.clone().after(edits), &[head]);
                (edits.clone(), id, How::Line)
            }
            Step::Request { back, commits } | Step::Pull { back, commits } => {
                let from = self.last().saturating_sub(*back);
                let (mut tip, mut state) = (self.steps[from].id, self.steps[from].state.clone());
                let meanwhile: Edits = self.steps[from + 1..].iter().flat_map(|s| s.edits.clone()).collect();
                let mut units = Vec::new();
                for edits in commits {
                    let beside = meanwhile.clone();
                    units.push(Unit { before: state.clone(), edits: edits.clone(), beside });
                    state = state.after(edits);
                    tip = self.commit(&state, &[tip]);
                }
                let edits: Edits = commits.concat();
                let merged = before.clone().after(&edits);
                match step {
                    Step::Pull { .. } => (edits, self.commit(&merged, &[tip, head]), How::Pull(from, units)),
                    _ => (edits, self.commit(&merged, &[head, tip]), How::Line),
                }
            }
        };
        let state = before.after(&edits);
        self.steps.push(Made { id, state, edits, how });
    }

    /// What may go back as one, from the step `good` up to the step `to`, oldest first.
    fn units_to(&self, good: usize, to: usize) -> Vec<Unit> {
        if to <= good {
            return Vec::new();
        }
        let step = &self.steps[to];
        match &step.how {
            How::Line => {
                let before = self.steps[to - 1].state.clone();
                let mut all = self.units_to(good, to - 1);
                all.push(Unit { before, edits: step.edits.clone(), beside: Vec::new() });
                all
            }
            How::Pull(from, side) if *from < good => {
                let mut all = self.units_to(good, to - 1);
                all.extend(side.iter().cloned());
                all
            }
            How::Pull(from, side) => {
                let mut all = self.units_to(good, *from);
                all.extend(side.iter().cloned().map(|unit| Unit { beside: Vec::new(), ..unit }));
                let before = side.last().map(|u| u.before.clone().after(&u.edits)).unwrap();
                let meanwhile = self.steps[from + 1..to].iter().flat_map(|s| s.edits.clone());
                let is_kept = |op: &Op| !step.edits.iter().any(|other| same_field(op, other)); // the side's word counts
                let edits: Edits = meanwhile.filter(is_kept).collect();
                all.push(Unit { before, edits, beside: Vec::new() });
                all
            }
        }
    }

    pub(super) fn id(&self, step: usize) -> String {
        self.steps[step].id.to_string()
    }

    pub(super) fn state(&self, step: usize) -> &State {
        &self.steps[step].state
    }

    pub(super) fn units(&self, good: usize) -> Vec<Unit> {
        self.units_to(good, self.last())
    }
}

/// Gives every change a value, and every new file a name, of its own.
pub(super) fn number(steps: &mut [Step]) {
    let ops = steps.iter_mut().flat_map(Step::commits_mut).flatten();
    for (n, op) in ops.enumerate() {
        match op {
            Op::Edit(_, _, BAD) | Op::Join(..) => {}
            Op::Rename(_, value) | Op::Split(_, value) | Op::Edit(_, _, value) | Op::Readme(value) => {
                *value = u32::try_from(n).unwrap() + 1;
            }
        }
    }
}
