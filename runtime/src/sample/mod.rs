//! The sample engine: takes pieces of the traffic, converts them, writes them into formats.

pub mod expr;
pub mod format;
pub mod initial;
pub mod regex;
pub mod value;
pub mod variables;
pub mod view;
