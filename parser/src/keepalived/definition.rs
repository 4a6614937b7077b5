//! Parameters: `$NAME=VALUE`, and where `$NAME` and `${NAME}` are used (manual, "Parameter substitution").

use super::text::is_blank;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::combinator::{map_res, opt, recognize, verify};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The value of a parameter: its lines, at least one.
pub(super) type Value = Rc<Vec<Vec<u8>>>;

/// The parameters that are defined where reading stands; a later definition replaces an earlier one.
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

/// A parameter that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use<'a> {
    pub(super) name: &'a [u8],
    /// The bounds of `${_RANDOM low high}`.
    pub(super) bounds: Option<(u32, Option<u32>)>,
    /// Length with dollar and braces.
    pub(super) length: usize,
}

/// The parameter at the beginning of a text: `${NAME}`, or `$NAME` before white space, the end, `,` or `)`.
pub(super) fn parameter(text: &[u8]) -> Option<Use<'_>> {
    let (behind, (name, bounds)) = braced(text).or_else(|_| bare(text)).ok()?;
    Some(Use {
        name,
        bounds,
        length: text.len() - behind.len(),
    })
}

type Named<'a> = (&'a [u8], Option<(u32, Option<u32>)>);

fn bare(text: &[u8]) -> IResult<&[u8], Named<'_>> {
    let (behind, name) = preceded(tag("$"), name).parse(text)?;
    if behind
        .first()
        .is_none_or(|byte| is_blank(*byte) || matches!(byte, b',' | b')'))
    {
        return Ok((behind, (name, None)));
    }
    Err(nom::Err::Error(nom::error::Error::new(
        text,
        nom::error::ErrorKind::Verify,
    )))
}

fn braced(text: &[u8]) -> IResult<&[u8], Named<'_>> {
    delimited(tag("${"), name_and_bounds, tag("}")).parse(text)
}

/// A name, behind `_RANDOM` also its bounds with single spaces; what follows a second bound is not read.
fn name_and_bounds(text: &[u8]) -> IResult<&[u8], Named<'_>> {
    let (behind, name) = name(text)?;
    if name == b"_RANDOM" {
        let further = preceded(tag(" "), take_till(|byte| byte == b'}'));
        let second = terminated(preceded(tag(" "), number), opt(further));
        let bounds = preceded(tag(" "), (number, opt(second))).parse(behind);
        if let Ok((behind, bounds)) = bounds {
            return Ok((behind, (name, Some(bounds))));
        }
    }
    let (behind, _) = take_while(is_blank).parse(behind)?;
    Ok((behind, (name, None)))
}

fn number(text: &[u8]) -> IResult<&[u8], u32> {
    map_res(
        take_while1(|byte: u8| byte.is_ascii_digit()),
        |digits: &[u8]| {
            std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or(())
        },
    )
    .parse(text)
}

/// Letters, digits and `_`, not beginning with a digit.
fn name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(
        recognize(take_while1(|byte: u8| {
            byte.is_ascii_alphanumeric() || byte == b'_'
        })),
        |name: &[u8]| !name[0].is_ascii_digit(),
    )
    .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> Option<(&str, usize)> {
        let parameter = parameter(text.as_bytes())?;
        Some((std::str::from_utf8(parameter.name).ok()?, parameter.length))
    }

    #[test]
    fn a_bare_parameter_ends_at_white_space_comma_or_parenthesis() {
        assert_eq!(used("$A b"), Some(("A", 2)));
        assert_eq!(used("$A"), Some(("A", 2)));
        assert_eq!(used("$A,"), Some(("A", 2)));
        assert_eq!(used("$A)"), Some(("A", 2)));
        assert_eq!(used("$A;"), None);
        assert_eq!(used("$A\""), None);
        assert_eq!(used("$1"), None);
    }

    #[test]
    fn a_parameter_in_braces_may_end_with_blanks() {
        assert_eq!(used("${A}b"), Some(("A", 4)));
        assert_eq!(used("${A }b"), Some(("A", 5)));
        assert_eq!(used("${ A}"), None);
        assert_eq!(used("${A b}"), None);
        assert_eq!(used("${A"), None);
    }

    #[test]
    fn bounds_of_a_random_number_stand_behind_single_spaces() {
        let bounds = |text: &'static str| parameter(text.as_bytes()).map(|used| used.bounds);
        assert_eq!(bounds("${_RANDOM}"), Some(None));
        assert_eq!(bounds("${_RANDOM 7}"), Some(Some((7, None))));
        assert_eq!(bounds("${_RANDOM 7 9}"), Some(Some((7, Some(9)))));
        assert_eq!(bounds("${_RANDOM 7 9 x}"), Some(Some((7, Some(9)))));
        assert_eq!(bounds("${_RANDOM  7}"), None);
        assert_eq!(bounds("${_RANDOM 7x}"), None);
        assert_eq!(bounds("${A 7}"), None);
    }

    #[test]
    fn a_definition_has_nothing_before_its_equals_sign() {
        assert_eq!(definition(b"$A=b c"), Some((&b"A"[..], 3)));
        assert_eq!(definition(b"$A="), Some((&b"A"[..], 3)));
        assert_eq!(definition(b"$A =b"), None);
        assert_eq!(definition(b"$1=b"), None);
        assert_eq!(definition(b"${A}=b"), None);
    }
}
