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
//! The flow: `lex` -> `parse`, `operand` -> `check`, `check_calls` -> `eval`, `loops`, `functions`.

mod ast;
mod budget;
mod check;
mod check_calls;
mod date;
mod error;
mod escape;
mod eval;
mod functions;
mod lex;
mod lists;
mod loops;
mod methods;
mod operand;
mod ops;
mod parse;
mod pattern;
mod rewrite;
mod signature;
mod texts;
mod time;
mod types;
mod value;

pub use error::ExprError;
pub use value::{Elements, Entries, Key, List, Map, Value};

use error::Fault;
use jiff::{Timestamp, Zoned};
use std::collections::BTreeMap;

/// What an expression can see: Argo's functions, the measured `result`, and the time that `now()` gives.
#[derive(Debug, Clone)]
pub struct Env {
    names: BTreeMap<&'static str, Value>,
    now: Timestamp,
}

impl Env {
    /// The environment of a success or failure condition: `result`, `asInt`, `asFloat`, `isNaN`, `isInf`, `isNil`, `default`.
    ///
    /// ```text
    /// Env::new(Value::from(&json), now)      a web metric: every JSON number is a float64
    /// Env::new(Value::floats(&[0.99]), now)  a Prometheus vector: []float64
    /// Env::new(Value::Float(0.99), now)      a Prometheus scalar
    /// ```
    #[must_use]
    pub fn new(result: Value, now: Timestamp) -> Self {
        let mut env = Self::bare(now);
        env.names.extend(signature::OF_ARGO.iter().map(|name| (*name, Value::Function(name))));
        env.names.insert("result", result);
        env
    }

    /// The environment of an expression that is to give a time: only `isNaN` and `isInf` besides the built-in functions.
    #[must_use]
    pub fn bare(now: Timestamp) -> Self {
        let names = ["isNaN", "isInf"].map(|name| (name, Value::Function(name)));
        Self { names: names.into_iter().collect(), now }
    }
}

/// An expression that has been read.
#[derive(Debug, Clone)]
pub struct Program {
    source: String,
    read: Box<ast::Node>,
    /// The tree as it is evaluated, or the fault that rewriting it met.
    rewritten: Result<Box<ast::Node>, Fault>,
}

impl Program {
    /// Reads `text`. Names and types are checked by [`Program::eval`], which knows the values.
    ///
    /// # Errors
    /// What is no expression, with the place; more than 10,000 nodes; more than 100 open
    /// brackets and operands, or chains of more than 200 operators.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        let read = parse::parse(text).map_err(|fault| fault.bind(text))?;
        let mut tree = read.clone();
        let rewritten = rewrite::rewrite(&mut tree).map(|()| tree);
        Ok(Self { source: text.to_owned(), read, rewritten })
    }

    /// The text that was read.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The value of the expression in `env`. The same program and environment always give the same answer.
    ///
    /// # Errors
    /// Unknown names, types that do not fit, faults while evaluating (such as an index out of range), and more than
    /// ten million steps or a million elements made.
    pub fn eval(&self, env: &Env) -> Result<Value, ExprError> {
        let bind = |fault: Fault| fault.bind(&self.source);
        let facts = check::check(&self.read, &env.names).map_err(bind)?;
        let tree = self.rewritten.as_ref().map_err(|fault| bind(fault.clone()))?;
        let mut machine = eval::Machine {
            names: &env.names,
            facts: &facts,
            now: env.now,
            budget: budget::Budget::default(),
            scopes: Vec::new(),
            variables: Vec::new(),
            patterns: BTreeMap::new(),
        };
        match machine.eval(tree) {
            Ok(value) => Ok(value),
            Err(eval::Stop::Nil) => Ok(Value::Nil),
            Err(eval::Stop::Fault(fault)) => Err(bind(*fault)),
        }
    }

    /// Whether the condition holds in `env`.
    ///
    /// # Errors
    /// As [`Program::eval`], and `expected bool, but got float64` for a value that is neither true nor false.
    pub fn eval_bool(&self, env: &Env) -> Result<bool, ExprError> {
        match self.eval(env)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(ExprError::unplaced(format!("expected bool, but got {}", other.go_type()))),
        }
    }

    /// The time that the expression gives at `now`, without any `result`.
    ///
    /// # Errors
    /// As [`Program::eval`], and `expected time.Time, but got string` for a value that is no time.
    pub fn eval_time(&self, now: Timestamp) -> Result<Zoned, ExprError> {
        match self.eval(&Env::bare(now))? {
            Value::Time(at) => Ok(*at),
            other => Err(ExprError::unplaced(format!("expected time.Time, but got {}", other.go_type()))),
        }
    }
}
