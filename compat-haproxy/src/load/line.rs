//! One line of a section on its way into the model: its words, its place, and how it complains.

use locum_model::Origin;
use locum_parser::haproxy::{
    Word,
    units::{self, SizeError, TimeError, TimeUnit},
};

use super::{Capability, Draft, Shared};
use crate::lowering::{Place, Points, shown_proxy};

/// The result of lowering a line.
pub type Lowered = Result<(), Fault>;

/// Why a line is wrong; the variants differ in what the reference puts in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `parsing [file:line] : …`, the usual form.
    Spaced(String),
    /// `parsing [file:line]: …`
    Tight(String),
    /// The text says it all.
    Whole(String),
    /// The same as the fault in it, and nothing more is read.
    Abort(Box<Fault>),
    /// Messages were given already.
    Reported,
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Fault::Spaced(text)
    }
}

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Fault::Spaced(text.to_owned())
    }
}

impl Fault {
    /// The `parsing [file:line]: …` form.
    pub fn tight(text: impl Into<String>) -> Self {
        Fault::Tight(text.into())
    }

    /// The same fault, after which nothing is read.
    #[must_use]
    pub fn aborting(self) -> Self {
        Fault::Abort(Box::new(self))
    }

    /// Reports it; true if nothing more may be read.
    pub fn report(self, shared: &mut Shared<'_>, at: &Origin) -> bool {
        match self {
            Fault::Spaced(text) => shared.alert(at, format!("parsing [{at}] : {text}")),
            Fault::Tight(text) => shared.alert(at, format!("parsing [{at}]: {text}")),
            Fault::Whole(text) => shared.alert(at, text),
            Fault::Abort(fault) => {
                fault.report(shared, at);
                return true;
            }
            Fault::Reported => shared.fatal = true,
        }
        false
    }
}

/// A line of a section that isn't a proxy's.
pub struct SectionLine<'l, 'o> {
    /// Its words; the first is the keyword.
    pub words: &'l [Word],
    /// Where it stands.
    pub at: Origin,
    /// What all lines share.
    pub shared: &'l mut Shared<'o>,
    /// It began with `no` (true) or `default`.
    pub negated: Option<Negation>,
}

/// A line of a proxy or of `defaults`.
pub struct ProxyLine<'l, 'o> {
    /// The line itself.
    pub line: SectionLine<'l, 'o>,
    /// The proxy.
    pub draft: &'l mut Draft,
}

/// What stood before the keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negation {
    /// `no`
    No,
    /// `default`
    Default,
}

impl SectionLine<'_, '_> {
    /// The n-th word (0 is the keyword); empty behind the end.
    pub fn bytes(&self, index: usize) -> &[u8] {
        self.words.get(index).map_or(&[], |word| &word.text)
    }

    /// The n-th word as text; empty behind the end.
    pub fn text(&self, index: usize) -> String {
        String::from_utf8_lossy(self.bytes(index)).into_owned()
    }

    /// Whether there is an n-th word that isn't empty.
    pub fn has(&self, index: usize) -> bool {
        !self.bytes(index).is_empty()
    }

    /// Where the n-th word stands.
    pub fn at_word(&self, index: usize) -> Origin {
        let mut at = self.at.clone();
        if let Some(word) = self.words.get(index) {
            at.column = word.column;
        }
        at
    }

    /// A warning in the usual form.
    pub fn warn(&mut self, text: &str) {
        let text = format!("parsing [{}] : {text}", self.at);
        self.shared.warn(&self.at, text);
    }

    /// Complains if there are more than so many arguments behind `shown`'s words; `skip` is how many words `shown` has.
    ///
    /// # Errors
    /// The reference's `cannot handle unexpected argument`.
    pub fn at_most(&self, count: usize, skip: usize) -> Lowered {
        let surplus = skip + count;
        if self.has(surplus) {
            let name: Vec<String> = (0..skip).map(|index| self.text(index)).collect();
            return Err(Fault::Spaced(format!(
                "'{}' cannot handle unexpected argument '{}'.",
                name.join(" "),
                self.text(surplus)
            )));
        }
        Ok(())
    }

    /// A time with the reference's complaints about `name`.
    ///
    /// # Errors
    /// `timer overflow …`, `unexpected character …`.
    pub fn time(&mut self, index: usize, unit: TimeUnit, name: &str) -> Result<u32, Fault> {
        let text = self.text(index);
        let (longest, shortest, limit) = match unit {
            TimeUnit::Milliseconds => {
                ("maximum value is 2147483647 ms or ~24.8 days", "1 ms", "ms")
            }
            _ => ("maximum value is 2147483647 s or ~68 years", "1 s", "s"),
        };
        let _ = (shortest, limit);
        match units::time(text.as_bytes(), unit) {
            Ok(time) => {
                if let Some(warning) = time.warning(&text) {
                    self.warn(&warning);
                }
                Ok(time.value)
            }
            Err(TimeError::Overflow) => Err(Fault::Spaced(format!(
                "timer overflow in argument '{text}' to {name} ({longest})"
            ))),
            Err(TimeError::Empty) => {
                Err(Fault::Spaced(format!("unexpected character '' in {name}")))
            }
            Err(TimeError::Unexpected(byte)) => Err(Fault::Spaced(format!(
                "unexpected character '{}' in {name}",
                char::from(byte)
            ))),
        }
    }

    /// A size, or the first byte that spoils it.
    ///
    /// # Errors
    /// What is wrong, for the caller to word.
    pub fn size(&self, index: usize) -> Result<u32, SizeError> {
        units::size(self.bytes(index))
    }

    /// A number as C's `atol` reads it: leading digits count, anything else is 0.
    pub fn lenient_number(&self, index: usize) -> i64 {
        lenient_number(self.bytes(index))
    }
}

/// A number as C's `atol` reads it.
pub fn lenient_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number: i64 = 0;
    for byte in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        number = number
            .saturating_mul(10)
            .saturating_add(i64::from(byte - b'0'));
    }
    if negative {
        number.saturating_neg()
    } else {
        number
    }
}

impl ProxyLine<'_, '_> {
    /// Warns if the proxy lacks a side; true if so. The line is read all the same, as the reference does.
    pub fn lacks(&mut self, capability: Capability, word: &str) -> bool {
        self.lacks_with(capability, word, "")
    }

    /// The same with a hint behind the warning.
    pub fn lacks_with(&mut self, capability: Capability, word: &str, hint: &str) -> bool {
        if self.draft.can(capability) {
            return false;
        }
        let text = format!(
            "'{word}' ignored because {} '{}' has no {} capability.{hint}",
            self.draft.section,
            self.draft.proxy.name.value,
            capability.word()
        );
        self.line.warn(&text);
        true
    }

    /// # Errors
    /// `'x' not allowed in 'defaults' section.`
    pub fn not_in_defaults(&self, word: &str) -> Lowered {
        if self.draft.is_defaults {
            return Err(Fault::Spaced(format!(
                "'{word}' not allowed in 'defaults' section."
            )));
        }
        Ok(())
    }

    /// A word of older versions: a warning that names the modern form.
    ///
    /// # Errors
    /// `error` under `--compat 2.6`.
    pub fn old_word(&mut self, modern: &str, error: impl FnOnce(&Self) -> Fault) -> Lowered {
        if self.line.shared.options.refuse_old_words {
            return Err(error(self));
        }
        let (at, word) = (self.line.at.clone(), self.line.text(0));
        let word = match word.as_str() {
            "option" | "mode" | "timeout" => format!("{word} {}", self.line.text(1)),
            _ => word,
        };
        self.line
            .shared
            .old_word(&at, &word, modern, || Fault::Reported)
    }

    /// The same as [`Self::warn_order`] for the rules over lines.
    pub fn warn_lines_order(&mut self, word: &str) {
        let family = match word {
            "reqadd" => "reqadd",
            word if word.starts_with("req") => "reqxxx",
            _ => return,
        };
        if let Some(later) = self.draft.seen_rule(family) {
            let text = format!(
                "a '{word}' rule placed after {later} rule will still be processed before."
            );
            self.line.warn(&text);
        }
    }

    /// Warns about a rule that stands behind one which is evaluated later.
    pub fn warn_order(&mut self, word: &str) {
        if let Some(later) = self.draft.seen_rule(word) {
            let shown = word
                .strip_prefix("tcp-request")
                .map_or(word, |_| "tcp-request");
            let text = format!(
                "a '{shown}' rule placed after {later} rule will still be processed before."
            );
            self.line.warn(&text);
        }
    }

    /// `frontend 'f'`, as messages name the proxy.
    pub fn proxy_shown(&self) -> String {
        shown_proxy(self.draft.section, &self.draft.proxy.name.value)
    }

    /// A place for expressions, conditions and formats of this line.
    pub fn place(&mut self, points: Points, surroundings: &'static str) -> Place<'_> {
        Place {
            section: self.draft.section,
            proxy: &self.draft.proxy.name.value,
            points,
            at: self.line.at.clone(),
            surroundings,
            acls: &self.draft.acls,
            notes: &mut self.line.shared.notes,
        }
    }
}
