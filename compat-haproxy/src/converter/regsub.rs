//! `regsub(regex,substitution[,flags])`: replaces the first match, or with `g` each one; `i` ignores case
//! (manual 7.3.1).
//!
//! ```text
//! http-request set-path %[path,regsub(^/old/,/new/)]
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    sample::{
        regex::{Regex, expand},
        value::{Type, Value},
    },
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static REGSUB: ConverterDef = ConverterDef {
    check: Some(flags),
    ..converter("regsub", Type::Str, Type::Str, |value, _, args, arena| {
        let text = bytes_of(value)?;
        let all = args.word(2).is_some_and(|flags| flags.contains('g'));
        let mut out = Vec::new();
        replace(text, args.regex(0)?, args.text(1)?, all, &mut out);
        Some(Value::Str(arena.alloc_slice_copy(&out)))
    })
};

fn replace(text: &[u8], regex: &Regex, substitution: &[u8], all: bool, out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(groups) = regex.groups(text, at) {
        let Some(found) = groups.first().cloned().flatten() else {
            break;
        };
        out.extend_from_slice(&text[at..found.start]);
        expand(substitution, text, &groups, out);
        at = found.end;
        if found.is_empty() {
            // Nothing was consumed: one byte goes over, so that the next search begins behind it.
            let Some(&byte) = text.get(at) else { break };
            out.push(byte);
            at += 1;
        }
        if !all || at >= text.len() {
            break;
        }
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
}

/// The flags become a word; `i` moves into the expression.
fn flags(args: &mut [Arg]) -> Result<(), String> {
    let flags = match args.get(2) {
        Some(Arg::Str(flags)) => String::from_utf8_lossy(flags).into_owned(),
        _ => String::new(),
    };
    if let Some(wrong) = flags.chars().find(|flag| !matches!(flag, 'i' | 'g')) {
        return Err(format!(
            "invalid regex flag '{wrong}', only 'i' and 'g' are supported"
        ));
    }
    if let Some(Arg::Regex(regex)) = args.first_mut() {
        regex.ignore_case = flags.contains('i');
    }
    if let Some(arg) = args.get_mut(2) {
        *arg = Arg::Word(flags);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str, regex: &str, by: &str, ignore_case: bool, all: bool) -> String {
        let regex = Regex::new(regex.as_bytes(), ignore_case).unwrap();
        let mut out = Vec::new();
        replace(text.as_bytes(), &regex, by.as_bytes(), all, &mut out);
        String::from_utf8(out).unwrap()
    }

    // Values recorded from the reference.
    #[test]
    fn the_first_match_or_each_one_is_replaced() {
        assert_eq!(replaced("aXbXc", "X", "-", false, false), "a-bXc");
        assert_eq!(replaced("aXbXc", "X", "-", false, true), "a-b-c");
        assert_eq!(replaced("aXbXc", "x", "-", true, true), "a-b-c");
        assert_eq!(replaced("abc", "(b)", "[\\1]", false, false), "a[b]c");
        assert_eq!(replaced("abc", "x*", "-", false, true), "-a-b-c");
    }
}
