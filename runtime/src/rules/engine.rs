//! Runs a rule set: conditions in order, actions that apply, until one decides, waits, or all are done.

use super::{ActionView, Outcome, Rule, Verdict, Wait, acl::Truth};

/// Where a rule set stands: the rule it goes on with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleIndex(pub usize);

/// How a run ended.
pub enum Run<'a> {
    /// All rules were looked at and none decided.
    Done,
    /// A rule decided.
    Final(Verdict<'a>, RuleIndex),
    /// An action waits; go on at this rule with [`ActionView::resumed`] set.
    Suspend(Wait, RuleIndex),
    /// A condition depends on bytes that have not come: begin again when there are more, or with
    /// [`ActionView::last_look`] when no more will come.
    NeedMore,
}

/// Runs the rules from `from` on. [`ActionView::resumed`] is for the first of them, whose condition was true before.
pub fn run<'a>(rules: &'a [Rule], view: &mut ActionView<'a>, from: RuleIndex) -> Run<'a> {
    let mut next = from.0;
    loop {
        if view.resumed.is_none() {
            match first_that_applies(rules, view, next) {
                Next::Rule(at) => next = at,
                Next::NeedMore => return Run::NeedMore,
                Next::None => return Run::Done,
            }
        }
        let Some(rule) = rules.get(next) else {
            return Run::Done;
        };
        let outcome = (rule.def.run)(view, &rule.args);
        view.resumed = None;
        view.hints.after_rule();
        match outcome {
            Outcome::Next => next += 1,
            Outcome::Final(verdict) => return Run::Final(verdict, RuleIndex(next)),
            Outcome::NeedMore => return Run::NeedMore,
            Outcome::Suspend(wait) => return Run::Suspend(wait, RuleIndex(next)),
        }
    }
}

/// Which rule acts next.
enum Next {
    Rule(usize),
    None,
    NeedMore,
}

/// Nothing changes until a rule applies, so that all conditions up to there look at one view.
fn first_that_applies(rules: &[Rule], view: &ActionView<'_>, from: usize) -> Next {
    let seen = view.view();
    for (at, rule) in rules.iter().enumerate().skip(from) {
        let truth = match &rule.condition {
            Some(condition) => condition.test(&seen, view.arena),
            None => Truth::True,
        };
        match truth {
            Truth::True => return Next::Rule(at),
            Truth::False => {}
            Truth::NotYet => return Next::NeedMore,
        }
    }
    Next::None
}
