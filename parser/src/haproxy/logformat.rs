//! Log-format strings: text, `%ci`, `%{+Q}ci`, `%[expression]`, `%%` (manual 8.2.4).
//!
//! Which aliases, fetches and converters exist is not known here. The reference checks them as it meets
//! them, so whoever words errors goes through the parts in order and comes to the problem last.

use super::expr::{Expr, ExprProblem};
use crate::span::Span;

/// A format taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFormat {
    /// The parts up to the end or to the problem.
    pub parts: Vec<Part>,
    /// Where reading stopped, and why.
    pub problem: Option<FormatProblem>,
}

/// A part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text to copy.
    Text(Vec<u8>),
    /// `%ci` or `%{+Q}ci`; `%{+Q}o` too, which sets the flags of what follows.
    Alias {
        /// Letters and digits.
        name: String,
        /// The flags between braces.
        flags: Vec<Flag>,
        /// Where the part stands, from its percent sign.
        span: Span,
    },
    /// `%[…]` or `%{+Q}[…]`.
    Expression {
        /// What stands between the brackets.
        expr: Box<Expr>,
        /// The flags between braces.
        flags: Vec<Flag>,
        /// Where the part stands, from its percent sign.
        span: Span,
        /// Offset behind the opening bracket: the reference's messages quote the format from here to its
        /// end (`failed to parse sample expression <src,nosuch]>`).
        inner: usize,
    },
}

/// A flag such as `+Q`. Unknown names are ignored by the reference, as are names without a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// `+` or `-`.
    pub on: bool,
    /// What follows up to the next sign or comma.
    pub name: String,
}

/// Why a format can't be read further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatProblem {
    /// It ends behind a percent sign or inside braces; holds what the reference shows of it.
    Truncated(String),
    /// Flags that no alias and no expression follows; holds the percent sign, the braces and the flags.
    FlagsWithoutName(String),
    /// White space or a digit behind a percent sign, at an offset of the format.
    UnexpectedName {
        /// The character.
        found: u8,
        /// Its offset.
        position: usize,
    },
    /// `%[` without its `]`; holds the expression.
    MissingBracket(String),
    /// Something else where `]` should be.
    ExpectedBracket {
        /// The expression.
        expression: String,
        /// What stands there.
        found: u8,
    },
    /// The last part's expression has a problem of its own, which is to be reported with its names.
    Expression(ExprProblem),
}

impl FormatProblem {
    /// The reference's message behind its `failed to parse log-format : `; None for
    /// [`FormatProblem::Expression`]. `format` is the whole format.
    #[must_use]
    pub fn message(&self, format: &[u8]) -> Option<String> {
        let shown = |byte: u8| String::from_utf8_lossy(&[byte]).into_owned();
        Some(match self {
            Self::Truncated(text) => format!("truncated line after '{text}'."),
            Self::FlagsWithoutName(text) => {
                format!("parse argument modifier without variable name near '{text}'.")
            }
            Self::UnexpectedName { found, position } => format!(
                "unexpected variable name near '{}' at position {position} line : '{}'. Maybe you want to write a single '%', use the syntax '%%'.",
                shown(*found),
                String::from_utf8_lossy(format)
            ),
            Self::MissingBracket(expression) => format!("missing ']' after '{expression}'."),
            Self::ExpectedBracket { expression, found } => {
                format!(
                    "expected ']' after '{expression}', but found '{}'.",
                    shown(*found)
                )
            }
            Self::Expression(_) => return None,
        })
    }
}

impl LogFormat {
    /// Takes a format apart.
    #[must_use]
    pub fn parse(format: &[u8]) -> Self {
        let mut reader = Reader {
            format,
            at: 0,
            text: Vec::new(),
            parts: Vec::new(),
        };
        let problem = reader.run().err();
        reader.end_text();
        Self {
            parts: reader.parts,
            problem,
        }
    }
}

struct Reader<'a> {
    format: &'a [u8],
    at: usize,
    text: Vec<u8>,
    parts: Vec<Part>,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), FormatProblem> {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                self.directive()?;
            } else {
                self.text.push(byte);
                self.at += 1;
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn shown(&self, span: Span) -> String {
        String::from_utf8_lossy(self.format.get(span.range()).unwrap_or_default()).into_owned()
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    fn directive(&mut self) -> Result<(), FormatProblem> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            None => Err(FormatProblem::Truncated(
                self.shown(Span::new(start, self.at)),
            )),
            Some(b'{') => self.flags(start),
            Some(b'[') => self.expression(start, Vec::new()),
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.alias(start, Vec::new());
                Ok(())
            }
            Some(found) if found.is_ascii_digit() || found.is_ascii_whitespace() => {
                Err(FormatProblem::UnexpectedName {
                    found,
                    position: self.at,
                })
            }
            // The percent sign vanishes and the character is text: `%%` is only one case of it.
            Some(byte) => {
                self.text.push(byte);
                self.at += 1;
                Ok(())
            }
        }
    }

    fn flags(&mut self, start: usize) -> Result<(), FormatProblem> {
        let open = self.at + 1;
        let Some(length) = self.format[open..].iter().position(|byte| *byte == b'}') else {
            return Err(FormatProblem::Truncated(
                self.shown(Span::new(open, self.format.len())),
            ));
        };
        self.at = open + length + 1;
        let flags = flags(&self.format[open..open + length]);
        match self.peek() {
            Some(b'[') => self.expression(start, flags),
            Some(byte) if byte.is_ascii_alphanumeric() => {
                self.alias(start, flags);
                Ok(())
            }
            _ => Err(FormatProblem::FlagsWithoutName(
                self.shown(Span::new(start, self.at)),
            )),
        }
    }

    fn alias(&mut self, start: usize, flags: Vec<Flag>) {
        let name_start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        self.end_text();
        let name = self.shown(Span::new(name_start, self.at));
        self.parts.push(Part::Alias {
            name,
            flags,
            span: Span::new(start, self.at),
        });
    }

    fn expression(&mut self, start: usize, flags: Vec<Flag>) -> Result<(), FormatProblem> {
        let inner = self.at + 1;
        let expr = Expr::parse(self.format, inner);
        let problem = expr.problem;
        self.at = expr.end;
        let expression = self.shown(Span::new(inner, expr.end));
        self.end_text();
        self.parts.push(Part::Expression {
            expr: Box::new(expr),
            flags,
            span: Span::new(start, self.at + 1),
            inner,
        });
        if let Some(problem) = problem {
            return Err(FormatProblem::Expression(problem));
        }
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                Ok(())
            }
            Some(found) => Err(FormatProblem::ExpectedBracket { expression, found }),
            None => Err(FormatProblem::MissingBracket(expression)),
        }
    }
}

/// `+Q,-X`: of each part between commas only the last sign and the name behind it count, so that
/// `+Q+X` is `+X` alone.
fn flags(text: &[u8]) -> Vec<Flag> {
    text.split(|byte| *byte == b',')
        .filter_map(|part| {
            let sign = part.iter().rposition(|byte| matches!(byte, b'+' | b'-'))?;
            let name = String::from_utf8_lossy(&part[sign + 1..]).into_owned();
            (!name.is_empty()).then_some(Flag {
                on: part[sign] == b'+',
                name,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str) -> String {
        let flags = |flags: &[Flag]| {
            let flag = |flag: &Flag| format!("{}{}", if flag.on { '+' } else { '-' }, flag.name);
            flags.iter().map(flag).collect::<Vec<_>>().join(",")
        };
        let part = |part: &Part| match part {
            Part::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
            Part::Alias {
                name, flags: given, ..
            } => format!("{name}{{{}}}", flags(given)),
            Part::Expression {
                expr, flags: given, ..
            } => {
                let names: Vec<&str> = expr.calls().map(|call| call.name.as_str()).collect();
                format!("[{}]{{{}}}", names.join(","), flags(given))
            }
        };
        LogFormat::parse(format.as_bytes())
            .parts
            .iter()
            .map(part)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn problem(format: &str) -> String {
        let problem = LogFormat::parse(format.as_bytes()).problem.unwrap();
        problem.message(format.as_bytes()).unwrap_or_default()
    }

    #[test]
    fn text_aliases_and_expressions() {
        assert_eq!(shown("a %ci:%cp b"), "'a ' ci{} ':' cp{} ' b'");
        assert_eq!(shown("%[src,lower]x%ci_y"), "[src,lower]{} 'x' ci{} '_y'");
        assert_eq!(shown("%[hdr(\"a]\")]]"), "[hdr]{} ']'");
        assert_eq!(shown("%%ci 100%%"), "'%ci 100%'");
    }

    #[test]
    fn a_percent_sign_vanishes_before_punctuation() {
        assert_eq!(shown("%-ci %_ %] %,"), "'-ci _ ] ,'");
    }

    #[test]
    fn flags_need_a_sign_and_only_the_last_of_a_part_counts() {
        assert_eq!(shown("%{+Q,-X}ci"), "ci{+Q,-X}");
        assert_eq!(shown("%{+Q+X}ci"), "ci{+X}");
        assert_eq!(shown("%{ +Q}[src]"), "[src]{+Q}");
        assert_eq!(shown("%{Q}ci %{+X,Q}ci"), "ci{} ' ' ci{+X}");
        assert_eq!(shown("%{+X-}ci %{+X,-}ci"), "ci{} ' ' ci{+X}");
        assert_eq!(shown("%{+Q }ci %{+Q}1"), "ci{+Q } ' ' 1{+Q}");
    }

    #[test]
    fn problems_are_worded_as_the_reference_does() {
        let cases = [
            ("%", "truncated line after '%'."),
            ("%ci %", "truncated line after '%'."),
            ("%{", "truncated line after ''."),
            ("%{x]ci", "truncated line after 'x]ci'."),
            (
                "%{}",
                "parse argument modifier without variable name near '%{}'.",
            ),
            (
                "%{+Q}%ci",
                "parse argument modifier without variable name near '%{+Q}'.",
            ),
            (
                "%{a}{b}ci",
                "parse argument modifier without variable name near '%{a}'.",
            ),
            (
                "ab %  c",
                "unexpected variable name near ' ' at position 4 line : 'ab %  c'. Maybe you want to write a single '%', use the syntax '%%'.",
            ),
            (
                "%5ci",
                "unexpected variable name near '5' at position 1 line : '%5ci'. Maybe you want to write a single '%', use the syntax '%%'.",
            ),
            ("%[src", "missing ']' after 'src'."),
            ("%[str(a)", "missing ']' after 'str(a)'."),
            ("%[src ]", "expected ']' after 'src', but found ' '."),
            ("%{+Q}[src)]", "expected ']' after 'src', but found ')'."),
        ];
        for (format, message) in cases {
            assert_eq!(problem(format), message, "{format}");
        }
    }

    #[test]
    fn a_broken_expression_is_the_last_part() {
        let format = LogFormat::parse(b"a%[hdr(a]b");
        assert_eq!(
            format.problem,
            Some(FormatProblem::Expression(ExprProblem::Unclosed))
        );
        assert!(matches!(
            format.parts.last(),
            Some(Part::Expression { inner: 3, .. })
        ));
        let format = LogFormat::parse(b"%[]");
        assert_eq!(
            format.problem,
            Some(FormatProblem::Expression(ExprProblem::MissingFetch))
        );
    }
}
