//! `language(list[,default])`: the language of a semicolon-separated list that an accept-language header wants most
//! (manual 7.3.1, RFC 9110 section 12.5.4).
//!
//! ```text
//! use_backend french if { req.fhdr(accept-language),language(es;fr;en,en) -m str fr }
//! ```

use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static LANGUAGE: ConverterDef =
    converter("language", Type::Str, Type::Str, |value, _, args, _| {
        let offered = args.text(0).unwrap_or_default();
        let chosen = choose(bytes_of(value)?, offered);
        chosen.or_else(|| args.text(1)).map(Value::Str)
    });

/// The first of those with the greatest weight that is offered, or whose base language is.
fn choose<'a>(header: &[u8], offered: &'a [u8]) -> Option<&'a [u8]> {
    let mut best: Option<(u32, &[u8])> = None;
    let mut items = header.split(|&byte| byte == b',');
    while let Some(item) = items.next() {
        let wanted = item.trim_ascii();
        let end = wanted
            .iter()
            .position(|byte| matches!(byte, b';' | b' ' | b'\t'));
        let (range, parameters) = wanted.split_at(end.unwrap_or(wanted.len()));
        let Some(language) = find(range, offered) else {
            continue;
        };
        let weight = weight(parameters);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, language));
        }
        if item.ends_with(b"q=0") {
            // The comma is taken for a part of the number, and what is behind it is lost (observed).
            items.next();
        }
    }
    best.map(|(_, language)| language)
}

fn find<'a>(range: &[u8], offered: &'a [u8]) -> Option<&'a [u8]> {
    let exactly = |range: &[u8]| {
        let mut languages = offered.split(|&byte| byte == b';');
        languages.find(|language| !language.is_empty() && *language == range)
    };
    let base = || range.iter().position(|&byte| byte == b'-');
    exactly(range).or_else(|| exactly(&range[..base()?]))
}

/// In thousandths; without one it is 1.
fn weight(parameters: &[u8]) -> u32 {
    let parameters = parameters.trim_ascii_start();
    let Some(value) = parameters
        .strip_prefix(b";")
        .and_then(|rest| rest.trim_ascii_start().strip_prefix(b"q="))
    else {
        return 1000;
    };
    let digit = |at: usize| value.get(at).filter(|byte| byte.is_ascii_digit());
    match (digit(0), value.get(1)) {
        (Some(b'0'), Some(b'.')) => [100, 10, 1]
            .iter()
            .enumerate()
            .map_while(|(at, scale)| Some(u32::from(digit(2 + at)? - b'0') * scale))
            .sum(),
        (Some(b'0'), _) => 0,
        _ => 1000,
    }
}
