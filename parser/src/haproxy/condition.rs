//! The conditions of `.if` and `-cc` (manual 2.4).
//!
//! `condition = and { "||" and }`, `and = term { "&&" term }`,
//! `term = { "!" } ( "(" condition ")" | integer | predicate [ "(" args ")" ] )`.

use super::args::{self, Args};
use super::expand::Host;
use super::line::{self, Variables, WordErrorKind, Words, is_space};
use super::version::Version;

/// How deep conditions may nest, counted as the reference does: each operator is one level deeper than
/// the one before it, each parenthesis three.
const MAX_DEPTH: usize = 1024;

/// Why a condition can't be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// The reference's words, without the place.
    pub message: String,
    /// Offset in the condition, from 0.
    pub position: usize,
}

/// Evaluates the text of a condition; the empty one is false. All of it is checked before any of it
/// counts, so that `0 && nosuch` is an error.
///
/// # Errors
/// The first thing that can't be parsed.
pub fn evaluate(text: &[u8], host: &dyn Host) -> Result<bool, ConditionError> {
    if text.is_empty() {
        return Ok(false);
    }
    let mut parser = Parser { text, at: 0, host };
    let value = match parser.or(1)? {
        Parsed::Value(value) => value,
        Parsed::Nothing { position } => return Err(parser.unparsable(0, position)),
    };
    parser.skip_spaces();
    match parser.peek() {
        None => Ok(value),
        Some(byte) => Err(ConditionError {
            message: format!(
                "unexpected character '{}' at the end of conditional expression '{}'",
                String::from_utf8_lossy(&[byte]),
                String::from_utf8_lossy(text)
            ),
            position: parser.at,
        }),
    }
}

/// Evaluates the argument of `-cc`: it is cut into words and joined again first, with quotes and
/// variables but without comments.
///
/// # Errors
/// The reference's message without its `config : ` prefix.
pub fn evaluate_argument(argument: &[u8], host: &dyn Host) -> Result<bool, String> {
    let words =
        line::words(argument, &Environment(host), false).map_err(|error| match error.kind {
            WordErrorKind::UnmatchedQuote => {
                "Syntax Error in condition: Unmatched quote.".to_owned()
            }
            WordErrorKind::InvalidHexadecimal => {
                "Syntax Error in condition: Truncated or invalid hexadecimal sequence.".to_owned()
            }
            WordErrorKind::TooManyWords(_) => "Error in condition: Too many words.".to_owned(),
            WordErrorKind::UnmatchedBrace
            | WordErrorKind::ForbiddenVariableName
            | WordErrorKind::InvalidWordExpansion => {
                "Unhandled error in condition, please report this to the developers.".to_owned()
            }
        })?;
    evaluate(&join(&words, 0), host)
        .map_err(|error| format!("Failed to evaluate condition: {}", error.message))
}

/// The environment alone: outside of a file there is no line to name.
struct Environment<'a>(&'a dyn Host);

impl Variables for Environment<'_> {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        if name.starts_with('.') {
            None
        } else {
            self.0.env(name)
        }
    }
}

/// Words joined by single spaces, as the reference does it: white space behind the last one counts as
/// an empty word.
pub(crate) fn join(words: &Words, first: usize) -> Vec<u8> {
    let texts: Vec<&[u8]> = words
        .words
        .iter()
        .skip(first)
        .map(|word| word.text.as_slice())
        .collect();
    let mut joined = texts.join(&b' ');
    if words.trailing_blank && !texts.is_empty() {
        joined.push(b' ');
    }
    joined
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    host: &'a dyn Host,
}

enum Parsed {
    Value(bool),
    /// The text ended before an operand; the position is where the reference points.
    Nothing {
        position: usize,
    },
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn rest(&self, from: usize) -> String {
        String::from_utf8_lossy(self.text.get(from..).unwrap_or_default()).into_owned()
    }

    fn unparsable(&self, from: usize, position: usize) -> ConditionError {
        ConditionError {
            message: format!("unparsable conditional expression '{}'", self.rest(from)),
            position,
        }
    }

    fn check_depth(&self, depth: usize) -> Result<(), ConditionError> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(ConditionError {
            message: format!(
                "unparsable conditional sub-expression '{}'",
                self.rest(self.at)
            ),
            position: self.at,
        })
    }

    fn operator(&mut self, operator: &[u8]) -> Option<usize> {
        self.skip_spaces();
        if !self.text[self.at..].starts_with(operator) {
            return None;
        }
        let at = self.at;
        self.at += operator.len();
        self.skip_spaces();
        Some(at)
    }

    /// `a || b || c`. An operand that is missing at the end is the caller's to report.
    fn or(&mut self, depth: usize) -> Result<Parsed, ConditionError> {
        let mut value = false;
        let mut first_operator = None;
        for operand in 0.. {
            self.check_depth(depth + operand)?;
            if self.peek().is_none() {
                let position = first_operator.unwrap_or(self.at);
                return Ok(Parsed::Nothing { position });
            }
            value |= self.and(depth + operand + 1)?;
            let Some(operator) = self.operator(b"||") else {
                break;
            };
            first_operator.get_or_insert(operator);
        }
        Ok(Parsed::Value(value))
    }

    /// `a && b && c`.
    fn and(&mut self, depth: usize) -> Result<bool, ConditionError> {
        let start = self.at;
        let mut value = true;
        let mut first_operator: Option<usize> = None;
        for operand in 0.. {
            self.check_depth(depth + operand)?;
            if let Some(operator) = first_operator.filter(|_| self.peek().is_none()) {
                return Err(self.unparsable(operator, operator));
            }
            let Some(term) = self.term(depth + operand + 1)? else {
                return Err(ConditionError {
                    message: format!(
                        "unparsable conditional sub-expression '{}'",
                        self.rest(start)
                    ),
                    position: start,
                });
            };
            value &= term;
            let Some(operator) = self.operator(b"&&") else {
                break;
            };
            first_operator.get_or_insert(operator);
        }
        Ok(value)
    }

    /// None if there is nothing but white space.
    fn term(&mut self, depth: usize) -> Result<Option<bool>, ConditionError> {
        self.check_depth(depth)?;
        let start = self.at;
        let mut negated = false;
        let mut marked = false;
        self.skip_spaces();
        while self.peek() == Some(b'!') {
            negated = !negated;
            marked = true;
            self.at += 1;
            self.skip_spaces();
        }
        let value = match self.peek() {
            None if marked => return Err(self.unparsable(start, start)),
            None => return Ok(None),
            Some(b'(') => self.parenthesis(start, depth)?,
            Some(_) => match self.integer() {
                Some(value) => value,
                None => self.predicate(start)?,
            },
        };
        Ok(Some(value != negated))
    }

    fn parenthesis(&mut self, start: usize, depth: usize) -> Result<bool, ConditionError> {
        self.at += 1;
        self.skip_spaces();
        let Parsed::Value(value) = self.or(depth + 1)? else {
            return Err(self.unparsable(start, start));
        };
        self.skip_spaces();
        if self.peek() != Some(b')') {
            return Err(ConditionError {
                message: format!(
                    "expected ')' after conditional expression '{}'",
                    self.rest(start)
                ),
                position: start,
            });
        }
        self.at += 1;
        Ok(value)
    }

    /// An integer as C's strtol reads it with base 0: decimal, `0x` hexadecimal, `0` octal.
    fn integer(&mut self) -> Option<bool> {
        let sign = usize::from(matches!(self.peek(), Some(b'+' | b'-')));
        let digits = &self.text[self.at + sign..];
        let hexadecimal =
            matches!(digits, [b'0', b'x' | b'X', next, ..] if next.is_ascii_hexdigit());
        let (prefix, radix) = match digits.first() {
            _ if hexadecimal => (2, 16),
            Some(b'0') => (0, 8),
            _ => (0, 10),
        };
        let number = &digits[prefix..];
        let length = number
            .iter()
            .take_while(|byte| char::from(**byte).is_digit(radix))
            .count();
        if length == 0 {
            return None;
        }
        self.at += sign + prefix + length;
        Some(number[..length].iter().any(|byte| *byte != b'0'))
    }

    fn predicate(&mut self, start: usize) -> Result<bool, ConditionError> {
        let name_start = self.at;
        let name = &self.text[name_start..];
        let length = name
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')))
            .unwrap_or(name.len());
        let Some(predicate) = PREDICATES
            .iter()
            .find(|predicate| predicate.name.as_bytes() == &name[..length])
        else {
            return Err(self.unparsable(start, start));
        };
        self.at += length;
        let args = match self.peek() {
            Some(b'(') => self.arguments(predicate)?,
            // Without parentheses a predicate is recognised only where white space or the end follows.
            Some(byte) if !is_space(byte) => return Err(self.unparsable(start, start)),
            _ if predicate.arguments > 1 => return Err(predicate.missing(self.at)),
            _ => vec![String::new()],
        };
        Ok((predicate.holds)(&args, self.host))
    }

    fn arguments(&mut self, predicate: &Predicate) -> Result<Vec<String>, ConditionError> {
        let Args { args, closed, end } = args::args(self.text, self.at + 1);
        let wanted = predicate.arguments;
        if args.len() < wanted {
            let position = args.last().map_or(self.at, |arg| arg.span.end);
            return Err(predicate.missing(position));
        }
        let behind = args[wanted - 1].span.end;
        if args.len() > wanted || !closed {
            let found = self.rest(behind);
            let before = if found.is_empty() {
                found
            } else {
                format!(" before '{found}'")
            };
            return Err(ConditionError {
                message: format!("expected ')'{before}{}", predicate.place()),
                position: behind,
            });
        }
        self.at = end;
        Ok(args
            .iter()
            .map(|arg| String::from_utf8_lossy(&arg.text).into_owned())
            .collect())
    }
}

/// A question that a condition may ask.
struct Predicate {
    name: &'static str,
    arguments: usize,
    holds: fn(&[String], &dyn Host) -> bool,
}

impl Predicate {
    fn place(&self) -> String {
        format!(
            " in argument 1 of predicate '{}' used in conditional expression",
            self.name
        )
    }

    fn missing(&self, position: usize) -> ConditionError {
        let message = format!(
            "missing arguments (got 1/{}), type 'string' expected{}",
            self.arguments,
            self.place()
        );
        ConditionError { message, position }
    }
}

/// The predicates, sorted. The three that ask about the TLS library are not in the manual of 2.6.
static PREDICATES: &[Predicate] = &[
    Predicate {
        name: "defined",
        arguments: 1,
        holds: |args, host| host.env(&args[0]).is_some(),
    },
    Predicate {
        name: "feature",
        arguments: 1,
        holds: |args, host| host.feature(&args[0]),
    },
    Predicate {
        name: "openssl_version_atleast",
        arguments: 1,
        holds: |args, host| openssl(host).is_some_and(|ours| ours >= Version::openssl(&args[0])),
    },
    Predicate {
        name: "openssl_version_before",
        arguments: 1,
        holds: |args, host| openssl(host).is_some_and(|ours| ours < Version::openssl(&args[0])),
    },
    Predicate {
        name: "ssllib_name_startswith",
        arguments: 1,
        holds: |args, host| {
            host.ssl_library()
                .is_some_and(|name| name.starts_with(&args[0]))
        },
    },
    Predicate {
        name: "streq",
        arguments: 2,
        holds: |args, _| args[0] == args[1],
    },
    Predicate {
        name: "strneq",
        arguments: 2,
        holds: |args, _| args[0] != args[1],
    },
    Predicate {
        name: "version_atleast",
        arguments: 1,
        holds: |args, host| Version::parse(&host.version()) >= Version::parse(&args[0]),
    },
    Predicate {
        name: "version_before",
        arguments: 1,
        holds: |args, host| Version::parse(&host.version()) < Version::parse(&args[0]),
    },
];

fn openssl(host: &dyn Host) -> Option<Version> {
    host.openssl_version()
        .map(|version| Version::openssl(&version))
}
