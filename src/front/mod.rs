//! Speaking to people: the command line and the live view.
//! Nothing here decides or writes; it asks the floors below.

pub mod cli;
pub mod demo;
pub mod embedded;
pub mod problem;
pub mod screen;
pub mod view;
