//! Holds the laws of the house, one file for each family; each law is a test that names what breaks it.
//! Nothing here looks at what the program does.
//!
//! - [`floors`]: which floor may use which
//! - [`circles`]: no files that need each other
//! - [`maps`]: every folder has a map that names all its files
//! - [`rooms`]: what files are called, and that none is forgotten
//! - [`sizes`]: how long files and functions may be, and how they open
//! - [`errors`]: failures are types
//! - [`types`]: one name for one type
//! - [`texts`]: no text for people is judged
//!
//! What the laws read with:
//! - [`source`]: the files, line by line
//! - [`text`]: the tokens of a file
//! - [`names`]: which file a path means

mod circles;
mod errors;
mod floors;
mod maps;
mod names;
mod rooms;
mod sizes;
mod source;
mod text;
mod texts;
mod types;
