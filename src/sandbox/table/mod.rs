//! The tables that kubectl prints: which columns a kind has and what an object shows in them.
//! Nothing here reads a request or a store; the server gives the objects and the moment.
//!
//! - [`render`]: columns, rows, and what of an object goes along
//! - [`column`](mod@column): what a column is
//! - [`show`], [`path`]: how values look, and where a printer column finds them
//! - The kinds: [`pod`], [`workload`], [`network`], [`storage`], [`policy`], [`cluster`], [`custom`]
//!
//! | kinds | columns |
//! |---|---|
//! | those of `api::kinds` | as kube-apiserver 1.35 prints them, wide ones included |
//! | custom ones | their `additionalPrinterColumns`, or name and age |
//! | built-in ones without columns of their own | name and time of creation |
//!
//! Column descriptions are the sandbox's own words, save those of names, ages and custom columns.

mod cluster;
mod column;
mod custom;
mod network;
mod path;
mod pod;
mod policy;
mod render;
mod show;
mod storage;
mod workload;

pub(crate) use render::{Include, table};

#[cfg(test)]
mod tests;
