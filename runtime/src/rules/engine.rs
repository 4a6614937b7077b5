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
    for (at, rule) in rules.iter().enumerate().skip(from.0) {
        if view.resumed.is_none() {
            let truth = match &rule.condition {
                Some(condition) => condition.test(&view.view(), view.arena),
                None => Truth::True,
            };
            match truth {
                Truth::True => {}
                Truth::False => continue,
                Truth::NotYet => return Run::NeedMore,
            }
        }
        let outcome = (rule.def.run)(view, &rule.args);
        view.resumed = None;
        view.hints.after_rule();
        match outcome {
            Outcome::Next => {}
            Outcome::Final(verdict) => return Run::Final(verdict, RuleIndex(at)),
            Outcome::NeedMore => return Run::NeedMore,
            Outcome::Suspend(wait) => return Run::Suspend(wait, RuleIndex(at)),
        }
    }
    Run::Done
}
