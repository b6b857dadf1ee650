//! Decides what a path is made of.
//! It never decides what any of it leads to.

/// One part of a path (source: k8s.io/client-go, util/jsonpath/node.go).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// What stands in one pair of braces.
    List(Vec<Node>),
    /// A text outside of braces, or in quotes.
    Text(String),
    /// `.name`
    Field(String),
    /// `[start:end:step]`; one index is a slice of one item.
    Slice(Slice),
    /// `[?(left operator right)]`
    Filter(Box<Filter>),
    /// `[a,b]`
    Union(Vec<Vec<Node>>),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `.*`
    Wildcard,
    /// `..`
    Recursive,
    /// A word such as `range`.
    Word(String),
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Slice {
    /// Where it begins.
    pub(super) start: Option<i64>,
    /// Before which item it ends.
    pub(super) end: Option<i64>,
    /// Whether the end was not written but follows from the start.
    pub(super) is_one: bool,
    /// From one item to the next.
    pub(super) step: Option<i64>,
}

/// A filter of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    /// What is compared.
    pub(super) left: Vec<Node>,
    /// How, and with what; none when it only has to be there.
    pub(super) right: Option<(String, Vec<Node>)>,
}
