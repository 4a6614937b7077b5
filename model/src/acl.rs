//! Access lists and the conditions that combine them (manual 7).

use serde::{Deserialize, Serialize};

use crate::{Located, expr::Expr, pattern::PatternRef};

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
    /// The lists it matches against: those of its files, then that of its line.
    pub lists: Vec<PatternRef>,
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
