//! Tools that know no Kubernetes: time, text, YAML, hashing, expressions.
//! Nothing here reads a file, a socket or an environment variable.
//!
//! - [`clock`]: what time it is
//! - [`duration`]: durations as texts
//! - [`digest`]: short hashes and SHA-256
//! - [`go_text`]: numbers and quoted texts as Go writes them
//! - [`json`]: values of a JSON document by their pointers
//! - [`readable`](mod@readable): what fits of a JSON document that does not fit whole
//! - [`yaml`], [`yaml_words`]: YAML as kubectl reads it; in which words it is refused
//! - [`jsonpath`]: kubectl's JSONPath
//! - [`percent`]: texts in URLs
//! - [`template`]: `{{args.x}}` in texts
//! - [`expr`]: Argo's expression language

#![warn(unreachable_pub)]

pub mod clock;
pub mod digest;
pub mod duration;
pub mod expr;
pub mod go_text;
pub mod json;
pub mod jsonpath;
pub mod percent;
pub mod readable;
pub mod template;
pub mod yaml;
mod yaml_words;
