//! Rule conditions: `if a !b or { path /x }` (manual 7.2).
//!
//! Terms that stand side by side are joined by "and"; `or`, `OR` and `||` begin the next alternative.
//! Braces are words of their own, quoted or not.

use super::line::Word;

/// `if` or `unless`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// The rule applies when the condition holds.
    If,
    /// The rule applies when it doesn't.
    Unless,
}

/// A condition in disjunctive form.
///
/// An alternative without terms can't hold and is left out, so is a `!` that no term follows: `if` alone
/// is never true, `if or a` means `if a`, `if a !` means `if a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What the condition begins with.
    pub polarity: Polarity,
    /// Any of these makes it true.
    pub alternatives: Vec<Vec<Term>>,
    /// Set where a `{` isn't closed: its place. All terms before it are there; the reference would
    /// complain about those first.
    pub unclosed: Option<Word>,
}

/// The reference's message for [`Condition::unclosed`].
pub const UNCLOSED: &str = "missing closing '}' in condition.";

/// Something that holds or doesn't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether its result is turned round.
    pub negated: bool,
    /// What is tested.
    pub test: Test,
}

/// What a term tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// An ACL by its name, with the `!` taken off.
    Named(Word),
    /// The words between `{` and `}`.
    Anonymous(Vec<Word>),
}

impl Condition {
    /// Reads a condition to the end of `words` or to the first empty word. None if the first one is
    /// neither `if` nor `unless`.
    #[must_use]
    pub fn of(words: &[Word]) -> Option<Self> {
        let polarity = match words.first()? {
            first if *first == "if" => Polarity::If,
            first if *first == "unless" => Polarity::Unless,
            _ => return None,
        };
        let end = words.iter().position(Word::is_empty).unwrap_or(words.len());
        let mut condition = Self {
            polarity,
            alternatives: Vec::new(),
            unclosed: None,
        };
        condition.read(&words[1..end]);
        condition.alternatives.retain(|terms| !terms.is_empty());
        Some(condition)
    }

    fn read(&mut self, words: &[Word]) {
        let mut terms = Vec::new();
        let mut negated = false;
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let marks = word.text.iter().take_while(|byte| **byte == b'!').count();
            negated ^= marks % 2 == 1;
            let test = match &word.text[marks..] {
                b"" => continue,
                b"or" | b"OR" | b"||" => {
                    self.alternatives.push(std::mem::take(&mut terms));
                    negated = false;
                    continue;
                }
                b"{" => {
                    let Some(length) = words[at..].iter().position(|word| *word == "}") else {
                        self.unclosed = Some(word.clone());
                        break;
                    };
                    let inner = words[at..at + length].to_vec();
                    at += length + 1;
                    Test::Anonymous(inner)
                }
                name => Test::Named(Word {
                    text: name.to_vec(),
                    column: word
                        .column
                        .saturating_add(u32::try_from(marks).unwrap_or(0)),
                    quoted: word.quoted,
                }),
            };
            terms.push(Term { negated, test });
            negated = false;
        }
        self.alternatives.push(terms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        let mut column = 1;
        let mut words = Vec::new();
        for word in text.split(' ') {
            words.push(Word::new(word.trim_matches('"'), column));
            column += u32::try_from(word.len()).unwrap() + 1;
        }
        Condition::of(&words).unwrap()
    }

    /// The condition in one line: alternatives by `|`, terms by `&`.
    fn shown(text: &str) -> String {
        let word = |word: &Word| word.as_str().into_owned();
        let test = |test: &Test| match test {
            Test::Named(name) => word(name),
            Test::Anonymous(words) => format!(
                "{{{}}}",
                words.iter().map(word).collect::<Vec<_>>().join(" ")
            ),
        };
        let term = |term: &Term| {
            format!(
                "{}{}",
                if term.negated { "!" } else { "" },
                test(&term.test)
            )
        };
        let alternatives = condition(text).alternatives;
        let alternative = |terms: &Vec<Term>| terms.iter().map(term).collect::<Vec<_>>().join("&");
        alternatives
            .iter()
            .map(alternative)
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn terms_side_by_side_are_anded_and_or_separates() {
        assert_eq!(shown("if a b or !c || ! d OR e"), "a&b|!c|!d|e");
    }

    #[test]
    fn negations_cancel_each_other() {
        assert_eq!(shown("unless !!a ! ! b !!!c ! !d"), "a&b&!c&d");
    }

    #[test]
    fn anonymous_acls_reach_to_the_first_closing_brace() {
        assert_eq!(
            shown("if !{ path { } a ! { src 1 }"),
            "!{path {}&a&!{src 1}"
        );
        assert_eq!(shown("if { path /x} }"), "{path /x}}");
    }

    #[test]
    fn empty_alternatives_and_dangling_negations_mean_nothing() {
        assert_eq!(shown("if"), "");
        assert_eq!(shown("if or a or or !"), "a");
        assert_eq!(shown("if a ! or b"), "a|b");
        assert_eq!(shown("if a \"\" or b"), "a");
    }

    #[test]
    fn an_open_brace_keeps_the_terms_before_it() {
        let condition = condition("if a !{ path /x");
        assert_eq!(condition.unclosed.as_ref().map(|word| word.column), Some(6));
        assert_eq!(condition.alternatives.len(), 1);
        assert_eq!(condition.alternatives[0].len(), 1);
    }

    #[test]
    fn names_lose_their_mark_and_keep_their_column() {
        let condition = condition("if !abc");
        assert_eq!(
            condition.alternatives[0][0].test,
            Test::Named(Word::new("abc", 5))
        );
    }

    #[test]
    fn what_does_not_begin_with_if_or_unless_is_no_condition() {
        assert_eq!(Condition::of(&[Word::new("foo", 1)]), None);
        assert_eq!(Condition::of(&[]), None);
    }
}
