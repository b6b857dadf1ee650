//! Decides whether calls fit: of functions, methods, built-in functions and those that take a predicate.
//! It never decides what a call gives at run time.

use super::ast::{Builtin, Kind, Node};
use super::check::{Checker, Scope};
use super::fault::FaultAt;
use super::fault::argument::ArgumentFault;
use super::fault::types::TypeFault;
use super::infer::inferred;
use super::methods;
use super::signature::{overloads, takes_predicate};
use super::types::Type;
use super::value::Entries;

impl<'a> Checker<'a> {
    /// The type of a call of a function of the environment or of a method.
    pub(super) fn call(
        &mut self,
        node: &'a Node,
        callee: &'a Node,
        args: &'a [Node],
    ) -> Result<Type, FaultAt> {
        let called = match &callee.kind {
            Kind::Name(name) => name.as_str(),
            Kind::Member { property, .. } => property.as_text().unwrap_or("function"),
            _ => "function",
        };
        if called == "$env" {
            return Err(FaultAt::new(node.at, TypeFault::NotCallable(Entries::TextToAny.go_type())));
        }
        let name = match self.visit(callee)? {
            known if known.is_unknown() => return Ok(Type::Unknown),
            Type::Nil => {
                return Err(FaultAt::new(node.at, TypeFault::NilCalled(called.to_owned())));
            }
            Type::Function(name) => name,
            other => return Err(FaultAt::new(node.at, TypeFault::NotCallable(other.name()))),
        };
        if let Some(method) = methods::by_name(name) {
            self.arguments(node, called, method.takes, args)?;
            return Ok(method.gives.clone());
        }
        self.overloaded(node, called, name, args)
    }

    /// The type of a call of a built-in function.
    pub(super) fn builtin(&mut self, node: &'a Node, builtin: &'a Builtin) -> Result<Type, FaultAt> {
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
            Some(gives) => gives.map_err(|fault| FaultAt::new(node.at, fault)),
            None => Err(FaultAt::new(node.at, ArgumentFault::UnknownBuiltin(name.to_owned()))),
        }
    }

    fn overloaded(
        &mut self,
        node: &'a Node,
        called: &str,
        name: &str,
        args: &'a [Node],
    ) -> Result<Type, FaultAt> {
        let mut last = FaultAt::new(node.at, TypeFault::NoOverload(called.to_owned()));
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
    ) -> Result<(), FaultAt> {
        if args.len() != takes.len() {
            for arg in args {
                self.visit(arg)?;
            }
            let called = called.to_owned();
            return Err(if args.len() > takes.len() {
                FaultAt::new(node.at, TypeFault::TooMany(called))
            } else {
                FaultAt::new(node.at, ArgumentFault::TooFew(called))
            });
        }
        for (arg, wanted) in args.iter().zip(takes) {
            let found = self.visit(arg)?;
            let widened = found.is_integer() && (*wanted == Type::Float || wanted.is_integer());
            if widened || found.is_unknown() || (found == Type::Nil && *wanted == Type::Any) {
                continue;
            }
            if found == Type::Nil {
                let fault = TypeFault::NilArgument { wanted: wanted.name(), called: called.to_owned() };
                return Err(FaultAt::new(arg.at, fault));
            }
            if !found.assignable_to(wanted) {
                let (found, wanted, called) = (found.name(), wanted.name(), called.to_owned());
                return Err(FaultAt::new(arg.at, TypeFault::Argument { found, wanted, called }));
            }
        }
        Ok(())
    }

    fn get(&mut self, node: &'a Node, args: &'a [Node]) -> Result<Type, FaultAt> {
        let [from, key] = args else {
            return Err(FaultAt::new(node.at, ArgumentFault::Count { expected: "2", got: args.len() }));
        };
        let (base, found) = (self.visit(from)?, self.visit(key)?);
        if base.is_unknown() {
            return Ok(Type::Unknown);
        }
        if base.is_list() {
            if !found.is_integer() && !found.is_unknown() {
                return Err(FaultAt::new(key.at, TypeFault::Bound(found.name())));
            }
            return Ok(base.element());
        }
        if let Type::Map(_) = base {
            if !found.assignable_to(&base.key()) && !found.is_unknown() {
                return Err(FaultAt::new(key.at, TypeFault::Key { key: found.name(), of: base.name() }));
            }
            return Ok(base.element());
        }
        Err(FaultAt::new(from.at, TypeFault::NoIndexing(base.name())))
    }

    fn with_predicate(&mut self, name: &str, args: &'a [Node]) -> Result<Type, FaultAt> {
        let Some(first) = args.first() else { return Ok(Type::Unknown) };
        let collection = self.visit(first)?;
        if !collection.is_list() && !collection.is_unknown() {
            let fault = TypeFault::NotAList { builtin: name.to_owned(), found: collection.name() };
            return Err(FaultAt::new(first.at, fault));
        }
        let element = if collection.is_unknown() { Type::Unknown } else { collection.element() };
        let Some(second) = args.get(1) else {
            return Ok(if name == "count" { Type::Int } else { element });
        };
        let gives = self.predicate(name, collection.clone(), second)?;
        if let Some(third) = args.get(2) {
            let found = self.visit(third)?;
            if name == "sortBy" && found != Type::Text && !found.is_unknown() {
                return Err(FaultAt::new(third.at, TypeFault::SortByOrder(found.name())));
            }
        }
        if gives == Type::Nil {
            let inputs = if name == "reduce" { "two" } else { "one" };
            return Err(FaultAt::new(second.at, TypeFault::PredicateGivesNil(inputs)));
        }
        let judges = !matches!(name, "map" | "sum" | "groupBy" | "sortBy" | "reduce");
        if judges && gives != Type::Bool && !gives.is_unknown() {
            return Err(FaultAt::new(second.at, TypeFault::PredicateGives(gives.name())));
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

    fn predicate(&mut self, name: &str, collection: Type, body: &'a Node) -> Result<Type, FaultAt> {
        let index = matches!(name, "map" | "reduce");
        self.scopes.push(Scope { collection, index, acc: name == "reduce" });
        let gives = self.visit(body)?;
        self.scopes.pop();
        Ok(gives)
    }
}
