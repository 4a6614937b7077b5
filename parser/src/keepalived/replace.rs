//! Parameters replaced by what they stand for (manual, "Parameter substitution" and "Pre-defined definitions").

use super::definition::{Definitions, Use, parameter};
use super::host::{Host, Limits};
use super::text::{Text, is_space};
use std::path::Path;

/// What predefined parameters tell of, and what bounds replacing.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) host: &'a dyn Host,
    /// Of the file that is being read.
    pub(super) directory: &'a Path,
    pub(super) limits: Limits,
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// It has no parameter that is known.
    Nothing,
    /// The text, and further lines if a value had several.
    Text(Text, Vec<Text>),
    /// Values hold each other, or too much.
    Endless,
}

/// The largest number of `${_RANDOM}` without a bound of its own.
const RANDOM_MAX: u32 = 32767;

/// Replaces one parameter after the other, each time the first, so that what values hold is replaced, too. One that
/// isn't known stays as it is; so does one with a value of several lines that doesn't end the text.
pub(super) fn replaced(
    text: &Text,
    definitions: &Definitions,
    surroundings: &Surroundings<'_>,
) -> Replaced {
    let mut text = text.clone();
    let mut lines = Vec::new();
    let mut count = 0;
    while let Some((at, length, value)) = first(&text, definitions, surroundings) {
        count += 1;
        let origin = text.origin(at);
        let mut values = value.iter().map(|line| Text::placed(line, origin));
        let mut next = text.slice(0..at);
        next.push(&values.next().unwrap_or_default());
        next.push(&text.slice(at + length..text.len()));
        // Of nested values the inner one's further lines come first.
        lines.splice(0..0, values);
        if count > surroundings.limits.replacements || next.len() > surroundings.limits.line {
            return Replaced::Endless;
        }
        text = next;
    }
    if count == 0 {
        return Replaced::Nothing;
    }
    Replaced::Text(text, lines)
}

/// The first parameter that can be replaced: where it stands, its length, its value.
fn first(
    text: &Text,
    definitions: &Definitions,
    surroundings: &Surroundings<'_>,
) -> Option<(usize, usize, Vec<Vec<u8>>)> {
    let bytes = text.bytes();
    let dollars = (0..bytes.len()).filter(|at| bytes[*at] == b'$');
    dollars.into_iter().find_map(|at| {
        let used = parameter(&bytes[at..])?;
        let value = match definitions.value(used.name) {
            Some(value) => value.to_vec(),
            None => vec![predefined(&used, surroundings)?],
        };
        let ends_text = bytes[at + used.length..].iter().all(|byte| is_space(*byte));
        (value.len() == 1 || ends_text).then_some((at, used.length, value))
    })
}

fn predefined(used: &Use<'_>, surroundings: &Surroundings<'_>) -> Option<Vec<u8>> {
    Some(match used.name {
        b"_PWD" => surroundings
            .directory
            .as_os_str()
            .as_encoded_bytes()
            .to_vec(),
        b"_INSTANCE" => surroundings.host.instance().to_vec(),
        b"_HASH" => b"#".to_vec(),
        b"_BANG" => b"!".to_vec(),
        b"_RANDOM" => {
            let (low, high) = used.bounds.unwrap_or((0, None));
            let high = high.unwrap_or(RANDOM_MAX).max(low);
            surroundings.host.random(low, high).to_string().into_bytes()
        }
        _ => return None,
    })
}
