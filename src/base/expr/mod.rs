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
//! - [`program`], [`env`](mod@env): the door, and what an expression sees
//! - [`error`], [`fault`]: how it fails
//! - [`lex`], [`escape`], [`parse`], [`operand`], [`ast`]: how it is read
//! - [`types`], [`signature`], [`infer`], [`check`], [`check_calls`]: whether it fits the types of the values
//! - [`rewrite`]: which parts are computed once, or in another way
//! - [`eval`], [`loops`], [`budget`]: what it gives, within bounds
//! - [`functions`], [`lists`], [`texts`], [`methods`], [`date`], [`time`], [`pattern`]: what functions give
//! - [`value`], [`go_names`], [`convert`], [`access`], [`ops`]: values, and what is done with them

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
