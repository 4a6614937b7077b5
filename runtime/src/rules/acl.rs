//! Compiled access lists: an expression and the patterns it is matched against.

use crate::sample::expr::Expr;

/// One `acl` line, or an anonymous list.
pub struct Acl {
    /// Its name; empty for an anonymous one.
    pub name: Box<str>,
    /// What is looked at.
    pub expr: Expr,
}
