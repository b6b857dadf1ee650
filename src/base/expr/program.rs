//! Decides in which order an expression is read, checked, rewritten and evaluated.
//! It never decides what a part of it means.

use super::env::Env;
use super::error::ExprError;
use super::fault::FaultAt;
use super::fault::run::RunFault;
use super::value::Value;
use super::{ast, budget, check, eval, parse, rewrite};
use std::collections::BTreeMap;

/// An expression that has been read.
///
/// ```
/// use switchback_base::expr::{Env, Program, Value};
///
/// let condition = Program::compile("len(result) > 0 && all(result, # < 0.05)")?;
/// let now = "2026-01-31T12:00:00Z".parse().unwrap_or_default();
/// assert!(condition.eval_bool(&Env::new(Value::floats(&[0.01, 0.02]), now))?);
/// assert!(!condition.eval_bool(&Env::new(Value::floats(&[]), now))?);
///
/// let fault = Program::compile("result <")
///     .expect_err("there is no right side");
/// assert_eq!(fault.message(), "unexpected token EOF");
/// # Ok::<(), switchback_base::expr::ExprError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    source: String,
    read: Box<ast::Node>,
    /// The tree as it is evaluated, or the fault that rewriting it met.
    rewritten: Result<Box<ast::Node>, FaultAt>,
}

impl Program {
    /// Reads `text`. Names and types are checked by [`Program::eval`], which knows the values.
    ///
    /// # Errors
    /// What is no expression, with the place; more than 10,000 nodes; more than 100 open
    /// brackets and operands, or chains of more than 200 operators.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        let read = parse::parse(text).map_err(|fault| ExprError::placed(&fault, text))?;
        let mut tree = read.clone();
        let rewritten = rewrite::rewrite(&mut tree).map(|()| tree);
        Ok(Self { source: text.to_owned(), read, rewritten })
    }

    /// The value of the expression in `env`. The same program and environment always give the same answer.
    ///
    /// # Errors
    /// Unknown names, types that do not fit, faults while evaluating (such as an index out of range), and more than
    /// ten million steps or a million elements made.
    pub fn eval(&self, env: &Env) -> Result<Value, ExprError> {
        let place = |fault: &FaultAt| ExprError::placed(fault, &self.source);
        let facts = check::check(&self.read, &env.names).map_err(|fault| place(&fault))?;
        let tree = self.rewritten.as_ref().map_err(place)?;
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
            Err(eval::Stop::Fault(fault)) => Err(place(&fault)),
        }
    }

    /// Whether the condition holds in `env` (source: utils/evaluate/evaluate.go, `EvalCondition`).
    ///
    /// # Errors
    /// As [`Program::eval`], and `expected bool, but got float64` for a value that is neither true nor false.
    pub fn eval_bool(&self, env: &Env) -> Result<bool, ExprError> {
        match self.eval(env)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(ExprError::unplaced(RunFault::NotTheAnswer(other.go_type()))),
        }
    }
}
