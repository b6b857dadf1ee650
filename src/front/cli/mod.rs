//! The command line: which words are understood, what each verb does, and with which exit code it ends.
//! Nothing here decides what becomes of a Rollout; the floors below do. Arrows point downwards:
//!
//! - [`program`]: the whole program: reads the command line and starts the verb it names
//! - [`called`]: as which program it was called
//! - [`verbs`]: one file for each verb, and the list of all
//! - [`act`]: how a user's word about a Rollout is carried out and told
//! - [`showing`]: one Rollout shown once or watched, for `get`
//! - [`listing`]: many objects of a kind, listed once or watched, for `get` and `list`
//! - [`preview`]: what `plan` and `diff` share
//! - [`working`]: what `run` and `controller` share
//! - [`files`]: files of this machine, for `lint`
//! - [`named`]: the Rollout that a verb names
//! - [`setup`], [`cache`]: a cluster and a repository from the flags; where its mirror is kept
//! - [`verb`]: what a verb is
//! - [`logs`]: where log lines go, and how many
//! - [`print`](mod@print): results for programs
//! - [`output`]: the forms of results, `-o`
//! - [`flags`]: the flags that several verbs share
//! - [`election`]: the flags by which several processes elect the one that acts
//! - [`upstream`]: the flags of Argo Rollouts' controller that mean nothing here
pub(crate) mod act;
pub(crate) mod cache;
pub(crate) mod called;
pub(crate) mod election;
pub(crate) mod files;
pub(crate) mod flags;
pub(crate) mod listing;
pub(crate) mod logs;
pub(crate) mod named;
pub(crate) mod output;
pub(crate) mod preview;
pub(crate) mod print;
pub mod program;
pub(crate) mod setup;
pub(crate) mod showing;
pub(crate) mod upstream;
pub(crate) mod verb;
pub(crate) mod verbs;
pub(crate) mod working;
