//! Access lists and the conditions that combine them (manual 7).

use serde::{Deserialize, Serialize};

use crate::{Located, Text, expr::Expr};

/// A test: an expression, how to match, and what to match against. Several `acl` lines of one name are several of
/// these, any of which is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acl {
    /// Its name; empty for an anonymous one.
    pub name: String,
    /// What is looked at.
    pub expr: Located<Expr>,
    /// The canonical name of the match method (`str`, `beg`, `ip`, `int`, `reg`, `found` …).
    pub matcher: String,
    /// `-i`: letters match without regard to case.
    pub ignore_case: bool,
    /// `-n`: never resolve names.
    pub no_dns: bool,
    /// Patterns from the line.
    pub patterns: Vec<Text>,
    /// `-f`: pattern files, with the contents read at load time, one pattern a line.
    pub files: Vec<PatternFile>,
    /// `-u`: the identifier for the command line interface.
    pub id: Option<u32>,
}

/// A file of patterns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatternFile {
    /// Its name as written.
    pub path: String,
    /// `-M`: a map file, whose second column is a value.
    pub is_map: bool,
    /// Its patterns, comments and blank lines removed.
    pub patterns: Vec<Text>,
}

/// When a rule applies: `if` or `unless` a disjunction of conjunctions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// `unless`: the rule applies when the rest is false.
    pub unless: bool,
    /// Any of these must hold; in each, all terms must.
    pub any_of: Vec<Vec<Term>>,
}

/// One term of a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// `!`: the test must fail.
    pub negated: bool,
    /// The test.
    pub test: Test,
}

/// What a term refers to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// A named access list of the same proxy, or one of the predefined ones.
    Named(String),
    /// `{ … }`.
    Anonymous(Box<Acl>),
}
