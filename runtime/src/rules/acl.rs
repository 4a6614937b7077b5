//! Compiled access lists and conditions: three-valued, because what they look at may not have come yet.

use std::{ops::ControlFlow, sync::Arc};

use smallvec::SmallVec;

use super::pattern::Patterns;
use crate::sample::{
    expr::Expr,
    value::{Arena, Fetched, Value},
    view::View,
};

/// What a test says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// No.
    False,
    /// Yes.
    True,
    /// It depends on bytes that have not come (manual 7.3.5).
    NotYet,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Truth::True } else { Truth::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::True => Truth::False,
            Truth::NotYet => Truth::NotYet,
        }
    }
}

/// One `acl` line, or an anonymous list.
#[derive(Debug)]
pub struct Acl {
    /// Its name; empty for an anonymous one.
    pub name: Box<str>,
    /// What is looked at.
    pub expr: Expr,
    /// What it is matched against.
    pub patterns: Patterns,
}

impl Acl {
    /// Whether any value of the expression matches any pattern.
    pub fn test(&self, view: &View<'_>, arena: &Arena) -> Truth {
        let truth = match self.expr.fetch.each {
            Some(each) => {
                let mut found = false;
                let complete = each(view, &self.expr.args, arena, &mut |value| {
                    found = self.matches(&value, view, arena);
                    if found {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                match (found, complete) {
                    (true, _) => Truth::True,
                    (false, true) => Truth::False,
                    (false, false) => Truth::NotYet,
                }
            }
            None => match &self.expr.eval(view, arena) {
                Fetched::Value(value) => self.patterns.matches(value, arena).into(),
                Fetched::SoFar(value) if self.patterns.matches(value, arena) => Truth::True,
                Fetched::SoFar(_) => Truth::NotYet,
                Fetched::Absent => Truth::False,
                Fetched::NotYet => Truth::NotYet,
            },
        };
        match truth {
            Truth::NotYet if view.last_look => Truth::False,
            truth => truth,
        }
    }

    fn matches<'a>(&'a self, value: &Value<'a>, view: &View<'a>, arena: &'a Arena) -> bool {
        if self.expr.converters.is_empty() {
            return self.patterns.matches(value, arena);
        }
        match &self.expr.convert(*value, view, arena) {
            Fetched::Value(value) | Fetched::SoFar(value) => self.patterns.matches(value, arena),
            Fetched::Absent | Fetched::NotYet => false,
        }
    }
}

/// A compiled condition: a disjunction of conjunctions over access lists.
#[derive(Debug)]
pub struct Condition {
    /// `unless`.
    pub unless: bool,
    /// Any of these, in each all.
    pub any_of: SmallVec<[SmallVec<[Term; 1]>; 1]>,
}

/// One term of a condition: all access lists of a name, any of which is enough.
#[derive(Debug)]
pub struct Term {
    /// `!`.
    pub negated: bool,
    /// The lists.
    pub acls: SmallVec<[Arc<Acl>; 1]>,
}

impl Condition {
    /// Whether the rule applies. Terms are looked at from left to right until the answer is known.
    pub fn test(&self, view: &View<'_>, arena: &Arena) -> Truth {
        let truth = any(&self.any_of, |terms| {
            all(terms, |term| term.test(view, arena))
        });
        if self.unless { !truth } else { truth }
    }
}

impl Term {
    fn test(&self, view: &View<'_>, arena: &Arena) -> Truth {
        let truth = any(&self.acls, |acl| acl.test(view, arena));
        if self.negated { !truth } else { truth }
    }
}

/// True as soon as one is; false when all are.
fn any<T>(items: &[T], mut test: impl FnMut(&T) -> Truth) -> Truth {
    let mut truth = Truth::False;
    for item in items {
        match test(item) {
            Truth::True => return Truth::True,
            Truth::NotYet => truth = Truth::NotYet,
            Truth::False => {}
        }
    }
    truth
}

/// False as soon as one is; true when all are.
fn all<T>(items: &[T], mut test: impl FnMut(&T) -> Truth) -> Truth {
    let mut truth = Truth::True;
    for item in items {
        match test(item) {
            Truth::False => return Truth::False,
            Truth::NotYet => truth = Truth::NotYet,
            Truth::True => {}
        }
    }
    truth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_stays_unknown_unless_the_rest_decides() {
        use Truth::{False, NotYet, True};
        let or = |items: &[Truth]| any(items, |truth| *truth);
        let and = |items: &[Truth]| all(items, |truth| *truth);
        assert_eq!(or(&[NotYet, True]), True);
        assert_eq!(or(&[NotYet, False]), NotYet);
        assert_eq!(and(&[NotYet, False]), False);
        assert_eq!(and(&[True, NotYet]), NotYet);
        assert_eq!(!NotYet, NotYet);
    }
}
