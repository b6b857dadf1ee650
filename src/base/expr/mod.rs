//! Decides what a condition means: Argo Rollouts' expression language (expr-lang 1.17.8 and Argo's functions).
//! It never reads a clock, the network or a file of its own, and never takes unbounded time or memory.
//!
//! ```text
//! all(result, # < 1000) && default(result, 0) != nil
//! result.service_apdex.values | filter(.value > 3) | len() == 0
//! ```
//!
//! Read once, evaluated often. Each evaluation first checks the expression against the types of the actual values,
//! as Argo does: `asFloat(result) == "1.1"` is a fault whatever `result` is, on a branch that is not taken as well.
//!
//! - The door: [`program`] with what it sees ([`env`](mod@env)) and how it fails ([`error`], [`fault`])
//! - Reading: [`lex`] and [`escape`] -> [`parse`], [`operand`] -> [`ast`]
//! - Checking: [`types`], [`signature`], [`infer`] -> [`check`], [`check_calls`]; then [`rewrite`]
//! - Evaluating: [`eval`], [`loops`], bounded by [`budget`]
//! - What functions give: [`functions`], [`lists`], [`texts`], [`methods`], [`date`], [`time`], [`pattern`]
//! - Values: [`value`], [`go_names`], [`convert`], [`access`], [`ops`]

mod access;
mod ast;
mod budget;
mod check;
mod check_calls;
mod convert;
mod date;
mod env;
mod error;
mod escape;
mod eval;
mod fault;
mod functions;
mod go_names;
mod infer;
mod lex;
mod lists;
mod loops;
mod methods;
mod operand;
mod ops;
mod parse;
mod pattern;
mod program;
mod rewrite;
mod signature;
mod texts;
mod time;
mod types;
mod value;

pub use env::Env;
pub use error::ExprError;
pub use program::Program;
pub use value::{Elements, Entries, List, Map, MapKey, Value};
