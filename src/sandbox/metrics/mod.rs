//! A metrics server for the sandbox: it answers Prometheus' instant and range queries from the pods' annotations.
//! Nothing here remembers anything: a query sees the present, and a range repeats it.
//!
//! - [`lex`], [`parse`], [`grammar`], [`tree`]: from the text of a query to its tree and types
//! - [`series`]: the series that the annotations give
//! - [`evaluate`], [`binary`]: the worth of a query
//! - [`number`]: how numbers and durations are read and shown
//! - [`answer`]: the status code and JSON of an answer
//!
//! Every ready pod with the annotation `metrics.switchback.dev/<name>: "<number>"` is a series
//! `<name>{namespace=…, pod=…, <the pod's labels>}`; characters that a name may not have become `_`.
//!
//! | PromQL | here |
//! |---|---|
//! | selectors with `=` `!=` `=~` `!~`, `offset` | yes; an offset changes nothing |
//! | `sum` `avg` `min` `max` `count` `group`, `by`, `without` | yes |
//! | `+ - * / % ^`, comparisons, `bool`, `and` `or` `unless`, `on`, `ignoring` | yes |
//! | `group_left`, `group_right`, subqueries, `@` | refused, with a reason |
//! | `vector` `scalar` `absent` `time` `abs` `ceil` `floor` `round` `clamp_min` `clamp_max` `sgn` `sqrt` `ln` `exp` | yes |
//! | `rate` `irate` `increase` `delta` `…_over_time` over `x[5m]` | the present value: the annotation *is* the rate |

mod answer;
mod binary;
mod evaluate;
mod grammar;
mod lex;
mod number;
mod parse;
mod series;
mod tree;

pub(crate) use answer::query_range;
pub use answer::{Answer, query};

#[cfg(test)]
mod tests;
