//! Rules: an action with its arguments and a condition.
//!
//! An action's file has one [`ActionWord`] row: what it is called and where it may stand (the runtime's definition), and
//! how its words become arguments. The condition is read here.

use locum_model::{
    Located,
    expr::{Arg, Expr, LogFormat},
    rule::Rule,
};
use locum_parser::haproxy::Word;
use locum_runtime::vocab::{ActionDef, RuleSets};

use super::{
    Place, Points,
    condition::{ConditionError, lower_condition},
    expr::lower_expr_words,
    format::lower_rule_format,
    known::{Kind, known_action},
};

/// An action as the configuration spells it.
pub struct ActionWord {
    /// Its name, where it may stand, what it does.
    pub def: &'static ActionDef,
    /// Takes the words behind the action's name up to the condition.
    pub parse: ParseAction,
}

/// Takes an action's words and gives its arguments; an error is the reference's wording without the place and without
/// its closing full stop.
pub type ParseAction = fn(&mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String>;

/// The words of a rule behind its action, read from left to right.
pub struct RuleWords<'w, 'p> {
    words: &'w [Word],
    at: usize,
    /// The rule set.
    pub set: RuleSets,
    /// Where the rule stands.
    pub place: &'w mut Place<'p>,
}

impl<'w, 'p> RuleWords<'w, 'p> {
    /// The words of a line that isn't a rule but holds a reply as rules do.
    pub fn of_reply(words: &'w [Word], place: &'w mut Place<'p>) -> Self {
        Self {
            words,
            at: 1,
            set: RuleSets::empty(),
            place,
        }
    }

    /// The action as written, with its parentheses: `set-var(txn.a)`.
    pub fn action(&self) -> &'w [u8] {
        self.words.first().map_or(&[], |word| &word.text)
    }

    /// What stands between the action's parentheses; `None` without them.
    pub fn parenthesised(&self) -> Option<&'w [u8]> {
        let action = self.action();
        let open = action.iter().position(|byte| *byte == b'(')?;
        let close = action.iter().rposition(|byte| *byte == b')')?;
        action.get(open + 1..close)
    }

    /// The next word without taking it; empty at the end.
    pub fn peek(&self) -> &'w [u8] {
        self.words.get(self.at).map_or(&[], |word| &word.text)
    }

    /// The n-th word from the next one on, without taking it; empty behind the end.
    pub fn peek_at(&self, offset: usize) -> &'w [u8] {
        self.words
            .get(self.at + offset)
            .map_or(&[], |word| &word.text)
    }

    /// Takes the next word; empty at the end.
    pub fn take(&mut self) -> &'w [u8] {
        let word = self.peek();
        self.at = (self.at + 1).min(self.words.len());
        word
    }

    /// Whether no argument is left: the end, or a condition.
    pub fn at_end(&self) -> bool {
        matches!(self.peek(), b"" | b"if" | b"unless")
    }

    /// Takes an expression, which may stretch over several words.
    ///
    /// # Errors
    /// The reference's wording.
    pub fn expr(&mut self) -> Result<Located<Expr>, String> {
        // What `capture` complains about is the expression itself (observed).
        if self.action() == b"capture" {
            return self.typed_expr().map(|(expr, ..)| expr);
        }
        let (lowered, taken) =
            lower_expr_words(&self.words[self.at.min(self.words.len())..], self.place)?;
        self.at += taken;
        if !lowered.fetch.points.intersects(self.place.points) {
            return Err(format!(
                "fetch method '{}' extracts information from '{}', none of which is available here",
                String::from_utf8_lossy(self.action()),
                lowered.fetch.needs
            ));
        }
        Ok(Located::new(lowered.expr, self.place.at.clone()))
    }

    /// Takes an expression that may also look at what is there at other points.
    ///
    /// # Errors
    /// As [`Self::typed_expr`].
    pub fn expr_of(&mut self, others: Points) -> Result<Located<Expr>, String> {
        self.expr_at(self.place.points.or(others))
            .map(|(expr, ..)| expr)
    }

    /// Takes an expression as [`Self::expr`] does, and tells its type; a complaint about where it stands shows the
    /// expression instead of the action.
    ///
    /// # Errors
    /// The reference's wording.
    pub fn typed_expr(&mut self) -> Result<(Located<Expr>, Kind, Points), String> {
        self.expr_at(self.place.points)
    }

    /// The same wherever its value may be.
    ///
    /// # Errors
    /// The reference's wording.
    pub fn expr_anywhere(&mut self) -> Result<(Located<Expr>, Kind, Points), String> {
        self.expr_at(Points::ALL)
    }

    fn expr_at(&mut self, allowed: Points) -> Result<(Located<Expr>, Kind, Points), String> {
        let written = String::from_utf8_lossy(self.peek()).into_owned();
        let (lowered, taken) =
            lower_expr_words(&self.words[self.at.min(self.words.len())..], self.place)?;
        self.at += taken;
        let points = lowered.fetch.points;
        if !points.intersects(allowed) {
            return Err(format!(
                "fetch method '{written}' extracts information from '{}', none of which is available here",
                lowered.fetch.needs
            ));
        }
        let expr = Located::new(lowered.expr, self.place.at.clone());
        Ok((expr, lowered.output, points))
    }

    /// Takes a word that is a log format.
    ///
    /// # Errors
    /// The reference's wording.
    pub fn format(&mut self) -> Result<LogFormat, String> {
        /// Their lines aren't remembered (observed).
        const OF_TARGETS: &[&[u8]] = &[
            b"replace-path",
            b"replace-pathq",
            b"replace-uri",
            b"set-method",
            b"set-path",
            b"set-pathq",
            b"set-query",
            b"set-uri",
        ];
        let of_target = OF_TARGETS.contains(&self.action());
        let format = lower_rule_format(self.take(), self.place)?;
        if of_target && let Some(noted) = self.place.notes.rule_formats.last_mut() {
            noted.at = None;
        }
        Ok(format)
    }
}

/// Why a rule can't be lowered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// The reference has no such action in this rule set (the word as written; empty if there is none).
    UnknownAction(String),
    /// The action's arguments are wrong.
    Arguments(String),
    /// The condition begins with something else than `if` and `unless`.
    Trailing(String),
    /// Something in the condition is wrong.
    Condition(String),
}

/// Lowers `ACTION ARGUMENTS [if|unless CONDITION]`. `Ok(None)` is an action that the reference has and we don't: it was
/// noted as not executed.
///
/// # Errors
/// See [`RuleError`]; the caller words the place.
pub fn lower_rule(
    set: RuleSets,
    words: &[Word],
    place: &mut Place<'_>,
) -> Result<Option<Rule>, RuleError> {
    let written = words
        .first()
        .map(|word| word.as_str().into_owned())
        .unwrap_or_default();
    let stem = written.split('(').next().unwrap_or_default();
    let row = crate::action::ACTIONS.iter().find(|row| {
        row.def.rule_sets.contains(set)
            && (row.def.name == stem
                || (row.def.name == "track-sc" && stem.starts_with("track-sc")))
    });
    let Some(row) = row else {
        if !known_action(set, &written) {
            return Err(RuleError::UnknownAction(written));
        }
        place
            .notes
            .unexecuted
            .push((stem.to_owned(), place.at.clone()));
        return Ok(None);
    };
    let mut reader = RuleWords {
        words,
        at: 1,
        set,
        place,
    };
    let args = (row.parse)(&mut reader).map_err(RuleError::Arguments)?;
    let at = reader.at.min(words.len());
    let condition = lower_condition(&words[at..], place).map_err(|error| match error {
        ConditionError::Unexpected(found) => RuleError::Trailing(found),
        ConditionError::Wrong(reason) => RuleError::Condition(reason),
    })?;
    Ok(Some(Rule {
        action: row.def.name.to_owned(),
        args,
        condition,
    }))
}
