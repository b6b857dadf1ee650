//! Decides what all deliveries that are objects of the cluster have in common.
//! It never decides what one of them says itself.

use std::path::PathBuf;
use std::time::Duration;

/// What all deliveries that are objects of the cluster have in common.
#[derive(Clone, Debug)]
pub struct DeliveryObjects {
    /// Folder in which mirrors live.
    pub cache: PathBuf,
    /// Who makes revert commits: name and address.
    pub author: (String, String),
    /// How often a repository is asked when its Delivery does not say.
    pub interval: Duration,
    /// The ServiceAccount, in the namespace of each, in whose name those act that name none; our own rights without.
    pub default_account: Option<String>,
    /// How long what cannot be deleted keeps a Delivery whose objects go with it.
    pub patience: Duration,
    /// Whether repositories may be folders of this machine.
    pub local: bool,
}
