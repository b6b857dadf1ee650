//! Decides what the built-in functions that take a predicate give: they walk a list and ask of each element.
//! It never decides what the other built-in functions give.

use super::ast::{Builtin, Kind, Node};
use super::eval::{Machine, Outcome, Scope, Stop, stop, truth};
use super::fault::run::RunFault;
use super::functions;
use super::lists;
use super::ops;
use super::signature::takes_predicate;
use super::value::{Elements, Entries, List, MapKey, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

impl<'a> Machine<'a> {
    /// The value of a call of a built-in function.
    pub(super) fn builtin(&mut self, node: &'a Node, builtin: &'a Builtin) -> Outcome {
        if takes_predicate(&builtin.name) {
            return self.walk(node, builtin);
        }
        let mut values = Vec::with_capacity(builtin.args.len());
        for arg in &builtin.args {
            values.push(self.eval(arg)?);
        }
        functions::builtin(&builtin.name, &values, self.now, &mut self.budget)
            .map_err(|fault| stop(node, fault))
    }

    /// Opens the list that the first argument is.
    fn open(&mut self, node: &Node, collection: &Value) -> Result<usize, Stop> {
        let (list, length) = match collection {
            Value::List(list) => (Some(list.clone()), list.items.len()),
            Value::Text(text) => {
                let items: Vec<Value> = text.bytes().map(|b| Value::Int(b.into())).collect();
                let length = items.len();
                self.budget.memory(length).map_err(|fault| stop(node, fault))?;
                (Some(Arc::new(List { kind: Elements::Any, items })), length)
            }
            Value::Map(map) => (None, map.entries.len()),
            other => {
                return Err(stop(node, RunFault::NoLength(other.reflect_kind())));
            }
        };
        self.scopes.push(Scope { list, index: 0, acc: Value::Nil });
        Ok(length)
    }

    fn seek(&mut self, index: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.index = index;
        }
    }

    fn accumulate(&mut self, value: Value) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.acc = value;
        }
    }

    fn item(&mut self, node: &Node) -> Outcome {
        let scope = self.scopes.last();
        match scope.map(|s| (s.list.as_ref(), s.index)) {
            Some((Some(list), index)) => Ok(list.items.get(index).cloned().unwrap_or_default()),
            _ => Err(stop(node, RunFault::IndexOfMap)),
        }
    }

    fn walk(&mut self, node: &'a Node, builtin: &'a Builtin) -> Outcome {
        let Some(first) = builtin.args.first() else { return Ok(Value::Nil) };
        if let (Kind::Array(nodes), "sum", 2.., 1) =
            (&first.kind, builtin.name.as_str(), array_len(first), builtin.args.len())
        {
            return self.sum_of_array(node, nodes);
        }
        let collection = self.eval(first)?;
        let length = self.open(node, &collection)?;
        let answer = match builtin.name.as_str() {
            "all" | "none" | "any" => self.quantified(node, builtin, length),
            "one" | "count" => self.counted(node, builtin, length),
            "filter" | "map" => self.listed(node, builtin, length),
            "find" | "findLast" | "findIndex" | "findLastIndex" => self.found(node, builtin, length),
            "sum" => self.summed(node, builtin, length),
            "groupBy" => self.grouped(node, builtin, length),
            "sortBy" => self.sorted(node, builtin, length),
            _ => self.reduced(node, builtin, length),
        };
        self.scopes.pop();
        answer
    }

    /// The predicate's answer for the current element, or the element where there is none.
    fn ask(&mut self, node: &'a Node, builtin: &'a Builtin) -> Outcome {
        self.budget.steps(1).map_err(|fault| stop(node, fault))?;
        match builtin.args.get(1) {
            Some(predicate) => self.eval(predicate),
            None => self.item(node),
        }
    }

    fn ask_truth(&mut self, node: &'a Node, builtin: &'a Builtin) -> Result<bool, Stop> {
        let answer = self.ask(node, builtin)?;
        truth(node, &answer)
    }

    fn quantified(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let ends_at = builtin.name != "all";
        for index in 0..length {
            self.seek(index);
            if self.ask_truth(node, builtin)? == ends_at {
                return Ok(Value::Bool(builtin.name == "any"));
            }
        }
        Ok(Value::Bool(builtin.name != "any"))
    }

    fn counted(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let mut count: i64 = 0;
        for index in 0..length {
            self.seek(index);
            if self.ask_truth(node, builtin)? {
                count += 1;
                if builtin.threshold.is_some_and(|enough| count >= enough) {
                    break;
                }
            }
        }
        Ok(if builtin.name == "one" { Value::Bool(count == 1) } else { Value::Int(count) })
    }

    fn listed(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let mut items = Vec::new();
        for index in 0..length {
            self.seek(index);
            if builtin.name == "map" {
                items.push(self.ask(node, builtin)?);
            } else if self.ask_truth(node, builtin)? {
                items.push(self.handed_out(node, builtin)?);
            }
        }
        self.budget.memory(items.len()).map_err(|fault| stop(node, fault))?;
        Ok(Value::list(Elements::Any, items))
    }

    fn handed_out(&mut self, node: &Node, builtin: &'a Builtin) -> Outcome {
        match &builtin.map {
            Some(mapped) => self.eval(mapped),
            None => self.item(node),
        }
    }

    fn found(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let backwards = builtin.name.starts_with("findLast");
        for step in 0..length {
            let index = if backwards { length - 1 - step } else { step };
            self.seek(index);
            if self.ask_truth(node, builtin)? {
                return if builtin.name.ends_with("Index") {
                    Ok(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)))
                } else {
                    self.handed_out(node, builtin)
                };
            }
        }
        if builtin.throws { Err(stop(node, RunFault::NothingFound)) } else { Ok(Value::Nil) }
    }

    fn summed(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let mut total = Value::Int(0);
        for index in 0..length {
            self.seek(index);
            let next = self.ask(node, builtin)?;
            total = ops::arithmetic(&next, "+", &total).map_err(|fault| stop(node, fault))?;
        }
        Ok(total)
    }

    /// The sum of an array that is written out: it is added from the right.
    fn sum_of_array(&mut self, node: &Node, nodes: &'a [Node]) -> Outcome {
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(self.eval(node)?);
        }
        let mut total = values.pop().unwrap_or_default();
        while let Some(next) = values.pop() {
            total = ops::arithmetic(&next, "+", &total).map_err(|fault| stop(node, fault))?;
        }
        Ok(total)
    }

    fn grouped(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let mut groups: BTreeMap<MapKey, Vec<Value>> = BTreeMap::new();
        for index in 0..length {
            self.seek(index);
            let by = self.ask(node, builtin)?;
            let unhashable = || stop(node, RunFault::Unhashable(by.go_type()));
            let key = MapKey::from_value(&by).ok_or_else(unhashable)?;
            let item = self.item(node)?;
            groups.entry(key).or_default().push(item);
        }
        let entry = |(k, items)| (k, Value::list(Elements::Any, items));
        Ok(Value::map(Entries::AnyToList, groups.into_iter().map(entry).collect()))
    }

    fn sorted(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let order = builtin.args.get(2).map(|n| self.eval(n)).transpose()?;
        let descending = match &order {
            None => false,
            Some(Value::Text(text)) if &**text == "asc" => false,
            Some(Value::Text(text)) if &**text == "desc" => true,
            Some(Value::Text(_)) => return Err(stop(node, RunFault::SortByOrder)),
            Some(_) => return Err(stop(node, RunFault::SortByOrderType)),
        };
        let mut items = Vec::with_capacity(length);
        for index in 0..length {
            self.seek(index);
            let by = self.ask(node, builtin)?;
            items.push((by, self.item(node)?));
        }
        self.budget.memory(length).map_err(|fault| stop(node, fault))?;
        let sorted = lists::sort(items, descending).map_err(|fault| stop(node, fault))?;
        Ok(Value::list(Elements::Any, sorted))
    }

    fn reduced(&mut self, node: &'a Node, builtin: &'a Builtin, length: usize) -> Outcome {
        let start = match builtin.args.get(2) {
            Some(initial) => {
                let initial = self.eval(initial)?;
                self.accumulate(initial);
                0
            }
            None if length == 0 => return Err(stop(node, RunFault::NothingToReduce)),
            None => {
                let first = self.item(node)?;
                self.accumulate(first);
                1
            }
        };
        for index in start..length {
            self.seek(index);
            let next = self.ask(node, builtin)?;
            self.accumulate(next);
        }
        Ok(self.scopes.last().map(|s| s.acc.clone()).unwrap_or_default())
    }
}

fn array_len(node: &Node) -> usize {
    if let Kind::Array(nodes) = &node.kind { nodes.len() } else { 0 }
}
