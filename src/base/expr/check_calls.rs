//! Decides whether calls fit: of functions, methods, built-in functions and those that take a predicate.
//! It never decides what a call gives at run time.

use super::ast::{Builtin, Kind, Node};
use super::check::{Checker, Scope};
use super::error::Fault;
use super::methods;
use super::operand::takes_predicate;
use super::signature::{inferred, overloads};
use super::types::Type;
use super::value::Entries;

impl<'a> Checker<'a> {
    /// The type of a call of a function of the environment or of a method.
    pub(super) fn call(&mut self, node: &'a Node, callee: &'a Node, args: &'a [Node]) -> Result<Type, Fault> {
        let called = match &callee.kind {
            Kind::Name(name) => name.as_str(),
            Kind::Member { property, .. } => property.as_text().unwrap_or("function"),
            _ => "function",
        };
        if called == "$env" {
            return Err(Fault::at(node.at, "map[string]interface {} is not callable"));
        }
        let name = match self.visit(callee)? {
            known if known.is_unknown() => return Ok(Type::Unknown),
            Type::Nil => {
                let text = format!("{called} is nil; cannot call nil as function");
                return Err(Fault::at(node.at, text));
            }
            Type::Function(name) => name,
            other => return Err(Fault::at(node.at, format!("{} is not callable", other.name()))),
        };
        if let Some(method) = methods::by_name(name) {
            self.arguments(node, called, method.takes, args)?;
            return Ok(method.gives.clone());
        }
        self.overloaded(node, called, name, args)
    }

    /// The type of a call of a built-in function.
    pub(super) fn builtin(&mut self, node: &'a Node, builtin: &'a Builtin) -> Result<Type, Fault> {
        let name = builtin.name.as_str();
        if takes_predicate(name) {
            return self.with_predicate(name, &builtin.args);
        }
        if name == "get" {
            return self.get(node, &builtin.args);
        }
        if !overloads(name).is_empty() {
            return self.overloaded(node, name, name, &builtin.args);
        }
        let mut types = Vec::with_capacity(builtin.args.len());
        for arg in &builtin.args {
            types.push(self.visit(arg)?);
        }
        match inferred(name, &types) {
            Some(gives) => gives.map_err(|message| Fault::at(node.at, message)),
            None => Err(Fault::at(node.at, format!("unknown builtin {name}"))),
        }
    }

    fn overloaded(
        &mut self,
        node: &'a Node,
        called: &str,
        name: &str,
        args: &'a [Node],
    ) -> Result<Type, Fault> {
        let mut last = Fault::at(node.at, format!("no matching overload for {called}"));
        for overload in overloads(name) {
            let takes: Vec<Type> = overload.takes.iter().map(|p| p.ty()).collect();
            match self.arguments(node, called, &takes, args) {
                Ok(()) => return Ok(overload.gives),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    fn arguments(
        &mut self,
        node: &'a Node,
        called: &str,
        takes: &[Type],
        args: &'a [Node],
    ) -> Result<(), Fault> {
        if args.len() != takes.len() {
            for arg in args {
                self.visit(arg)?;
            }
            let what = if args.len() > takes.len() { "too many" } else { "not enough" };
            return Err(Fault::at(node.at, format!("{what} arguments to call {called}")));
        }
        for (arg, wanted) in args.iter().zip(takes) {
            let found = self.visit(arg)?;
            let widened = found.is_integer() && (*wanted == Type::Float || wanted.is_integer());
            if widened || found.is_unknown() || (found == Type::Nil && *wanted == Type::Any) {
                continue;
            }
            if found == Type::Nil {
                let text = format!("cannot use nil as argument (type {}) to call {called}", wanted.name());
                return Err(Fault::at(arg.at, text));
            }
            if !found.assignable_to(wanted) {
                let (found, wanted) = (found.name(), wanted.name());
                let text = format!("cannot use {found} as argument (type {wanted}) to call {called} ");
                return Err(Fault::at(arg.at, text));
            }
        }
        Ok(())
    }

    fn get(&mut self, node: &'a Node, args: &'a [Node]) -> Result<Type, Fault> {
        let [from, key] = args else {
            let text = format!("invalid number of arguments (expected 2, got {})", args.len());
            return Err(Fault::at(node.at, text));
        };
        let (base, found) = (self.visit(from)?, self.visit(key)?);
        if base.is_unknown() {
            return Ok(Type::Unknown);
        }
        if base.is_list() {
            if !found.is_integer() && !found.is_unknown() {
                return Err(Fault::at(key.at, format!("non-integer slice index {}", found.name())));
            }
            return Ok(base.element());
        }
        if let Type::Map(_) = base {
            if !found.assignable_to(&base.key()) && !found.is_unknown() {
                let text = format!("cannot use {} to get an element from {}", found.name(), base.name());
                return Err(Fault::at(key.at, text));
            }
            return Ok(base.element());
        }
        Err(Fault::at(from.at, format!("type {} does not support indexing", base.name())))
    }

    fn with_predicate(&mut self, name: &str, args: &'a [Node]) -> Result<Type, Fault> {
        let Some(first) = args.first() else { return Ok(Type::Unknown) };
        let collection = self.visit(first)?;
        if !collection.is_list() && !collection.is_unknown() {
            let text = format!("builtin {name} takes only array (got {})", collection.name());
            return Err(Fault::at(first.at, text));
        }
        let element = if collection.is_unknown() { Type::Unknown } else { collection.element() };
        let Some(second) = args.get(1) else {
            return Ok(if name == "count" { Type::Int } else { element });
        };
        let gives = self.predicate(name, collection.clone(), second)?;
        if let Some(third) = args.get(2) {
            let found = self.visit(third)?;
            if name == "sortBy" && found != Type::Text && !found.is_unknown() {
                let text = format!("sortBy order argument must be a string (got {})", found.name());
                return Err(Fault::at(third.at, text));
            }
        }
        if gives == Type::Nil {
            let inputs = if name == "reduce" { "two" } else { "one" };
            let text = format!("predicate should has {inputs} input and one output param");
            return Err(Fault::at(second.at, text));
        }
        let judges = !matches!(name, "map" | "sum" | "groupBy" | "sortBy" | "reduce");
        if judges && gives != Type::Bool && !gives.is_unknown() {
            let text = format!("predicate should return boolean (got {})", gives.name());
            return Err(Fault::at(second.at, text));
        }
        Ok(match name {
            "filter" if collection.is_unknown() => Type::any_list(),
            "filter" => Type::list_of(element),
            "map" => Type::list_of(gives),
            "count" | "findIndex" | "findLastIndex" => Type::Int,
            "sum" => gives.plain(),
            "find" | "findLast" => element,
            "groupBy" => Type::Map(Entries::AnyToList),
            "sortBy" => collection,
            "reduce" => gives,
            _ => Type::Bool,
        })
    }

    fn predicate(&mut self, name: &str, collection: Type, body: &'a Node) -> Result<Type, Fault> {
        let index = matches!(name, "map" | "reduce");
        self.scopes.push(Scope { collection, index, acc: name == "reduce" });
        let gives = self.visit(body)?;
        self.scopes.pop();
        Ok(gives)
    }
}
