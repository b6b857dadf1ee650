//! Decides which verbs there are, and their order in the help.
//! It never decides what one does.

use crate::front::cli::verb::Verb;
use crate::front::cli::verbs::{
    abort, completion, controller, demo, diff, explain, get, install_crds, lint, list, man, pause, plan,
    promote, reconcile, restart, retry, run, sandbox, set, status, terminate, undo, version,
};

/// All verbs, in the order of the help.
pub(crate) const ALL: &[Verb] = &[
    demo::VERB,
    run::VERB,
    controller::VERB,
    plan::VERB,
    diff::VERB,
    lint::VERB,
    get::VERB,
    list::VERB,
    status::VERB,
    promote::VERB,
    abort::VERB,
    retry::VERB,
    pause::VERB,
    undo::VERB,
    restart::VERB,
    set::VERB,
    terminate::VERB,
    reconcile::VERB,
    install_crds::VERB,
    sandbox::VERB,
    explain::VERB,
    completion::VERB,
    man::VERB,
    version::VERB,
];
