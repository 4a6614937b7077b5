//! Tests of the crate from outside.

mod keywords;
mod machine;
mod samples;
