//! Parameters: `$NAME=VALUE`, and `$NAME` and `${NAME}` replaced (manual, "Parameter substitution").

use super::text::{Text, is_space};
use nom::bytes::complete::{tag, take_while};
use nom::combinator::{recognize, verify};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The value of a parameter: its lines, at least one.
pub(super) type Value = Rc<Vec<Vec<u8>>>;

/// The parameters that are defined where reading stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions {
    values: BTreeMap<Vec<u8>, Value>,
}

impl Definitions {
    pub(super) fn define(&mut self, name: &[u8], lines: Vec<Vec<u8>>) {
        self.values.insert(name.to_vec(), Rc::new(lines));
    }

    pub(super) fn value(&self, name: &[u8]) -> Option<&Value> {
        self.values.get(name)
    }
}

/// The name that a line `$NAME=VALUE` defines, and where the value begins.
pub(super) fn definition(line: &[u8]) -> Option<(&[u8], usize)> {
    let parsed: IResult<&[u8], &[u8]> = delimited(tag("$"), name, tag("=")).parse(line);
    let (value, name) = parsed.ok()?;
    Some((name, line.len() - value.len()))
}

/// A parameter that is used: its name with what follows it within the braces, and its length with dollar and braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use<'a> {
    pub(super) name: &'a [u8],
    /// What stands between the name and the closing brace.
    pub(super) arguments: &'a [u8],
    pub(super) length: usize,
}

/// `$NAME` before white space or the end of the line, or `${NAME}`, at the beginning of a text.
pub(super) fn parameter(text: &[u8]) -> Option<Use<'_>> {
    let braced: IResult<&[u8], (&[u8], &[u8])> = preceded(
        tag("${"),
        terminated((name, take_while(|byte| byte != b'}')), tag("}")),
    )
    .parse(text);
    if let Ok((behind, (name, arguments))) = braced {
        let length = text.len() - behind.len();
        return Some(Use {
            name,
            arguments,
            length,
        });
    }
    let bare: IResult<&[u8], &[u8]> = preceded(tag("$"), name).parse(text);
    let (behind, name) = bare.ok()?;
    let ends = behind.first().is_none_or(|byte| is_space(*byte));
    ends.then_some(Use {
        name,
        arguments: b"",
        length: text.len() - behind.len(),
    })
}

/// Letters, digits and `_`, not beginning with a digit.
fn name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(
        recognize(take_while(|byte: u8| {
            byte.is_ascii_alphanumeric() || byte == b'_'
        })),
        |name: &[u8]| name.first().is_some_and(|first| !first.is_ascii_digit()),
    )
    .parse(input)
}

/// The first line of a text with a parameter replaced, and the lines that its value adds behind.
pub(super) fn replaced(
    text: &Text,
    at: usize,
    used: usize,
    value: &[Vec<u8>],
) -> (Text, Vec<Text>) {
    let origin = text.origin(at);
    let mut lines: Vec<Text> = value
        .iter()
        .map(|line| Text::placed(line, origin))
        .collect();
    if lines.is_empty() {
        lines.push(Text::default());
    }
    let mut first = text.slice(0..at);
    first.push(&lines.remove(0));
    let behind = text.slice(at + used..text.len());
    match lines.last_mut() {
        Some(last) => last.push(&behind),
        None => first.push(&behind),
    }
    (first, lines)
}
