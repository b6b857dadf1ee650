//! Tools that know no Kubernetes: time, text, YAML, hashing, expressions.
//! Nothing here reads a file, a socket or an environment variable.

pub mod clock;
pub mod digest;
pub mod duration;
pub mod expr;
pub mod go_text;
pub mod jsonpath;
pub mod template;
pub mod yaml;
