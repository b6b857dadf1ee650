//! Decides in which order the nodes of a path are walked: one after the other, and those of a range again for each value.
//! It never decides what a node leads to.

use super::error::PathStuck;
use super::found::Found;
use super::nodes::Node;
use super::walk::State;
use serde_json::Value;

/// Ranges that may stand in each other.
const DEEPEST: usize = 16;

/// Everything that `nodes` lead to from `document` (source: k8s.io/client-go, util/jsonpath/jsonpath.go, `FindResults`).
pub(super) fn find(document: &Value, nodes: &[Node]) -> Result<Vec<Value>, PathStuck> {
    let mut walk = Walk { nodes, state: State::default(), last_end: None, depth: 0 };
    let found = walk.from(&Found::There(document), 0)?;
    Ok(found.into_iter().map(Found::into_value).collect())
}

struct Walk<'n> {
    nodes: &'n [Node],
    state: State,
    /// Where the `{end}` stands that was read last.
    last_end: Option<usize>,
    depth: usize,
}

impl Walk<'_> {
    /// Walks the nodes from `first` on, up to the end of the range they are in.
    fn from<'d>(&mut self, value: &Found<'d>, first: usize) -> Result<Vec<Found<'d>>, PathStuck> {
        if self.depth > DEEPEST {
            return Err(PathStuck::TooDeep(DEEPEST));
        }
        let mut found = Vec::new();
        let mut at = first;
        while let Some(node) = self.nodes.get(at) {
            let came = self.state.walk(vec![value.clone()], node).map_err(|(_, why)| why)?;
            if self.state.ended > 0 && self.state.ended <= self.state.open {
                self.state.ended -= 1;
                self.last_end = Some(at);
                break;
            }
            if self.state.begun == 0 {
                found.extend(came);
            } else {
                self.state.begun -= 1;
                self.state.open += 1;
                self.depth += 1;
                // Without a value the nodes are walked all the same, to find the end.
                if came.is_empty() {
                    self.from(&Found::There(&Value::Null), at + 1)?;
                }
                for each in &came {
                    found.extend(self.from(each, at + 1)?);
                }
                self.depth -= 1;
                self.state.open -= 1;
                at = self.last_end.filter(|end| *end > at).unwrap_or(at);
            }
            at += 1;
        }
        Ok(found)
    }
}
