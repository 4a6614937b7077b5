//! Log-format strings: aliases looked up, expressions lowered (manual 8.2.4).

use locum_model::{
    Located, Text,
    expr::{FormatFlags, FormatPart, LogFormat},
};
use locum_parser::haproxy::logformat::{Flag, FormatProblem, LogFormat as FormatSyntax, Part};

use super::{Place, expr::lower_syntax, place::RuleFormat};

/// Lowers a log format.
///
/// # Errors
/// The reference's wording without the place and without its closing full stop.
pub fn lower_format(text: &[u8], place: &mut Place<'_>) -> Result<LogFormat, String> {
    lower(text, place).map(|(format, _)| format)
}

/// Lowers a format of a rule, and notes what it needs.
///
/// # Errors
/// As [`lower_format`].
pub fn lower_rule_format(text: &[u8], place: &mut Place<'_>) -> Result<LogFormat, String> {
    let (format, needs_http) = lower(text, place)?;
    place.notes.rule_formats.push(RuleFormat {
        proxy: place.proxy.to_owned(),
        at: Some(place.at.clone()),
        needs_http,
    });
    Ok(format)
}

/// The format, and whether it says something of a message of HTTP.
fn lower(text: &[u8], place: &mut Place<'_>) -> Result<(LogFormat, bool), String> {
    let syntax = FormatSyntax::parse(text);
    let mut current = FormatFlags::default();
    let mut parts = Vec::with_capacity(syntax.parts.len());
    let mut needs_http = false;
    for part in &syntax.parts {
        match part {
            Part::Text(text) => parts.push(FormatPart::Text(Text::from(text.clone()))),
            Part::Alias { name, flags, .. } if name == "o" => apply(&mut current, flags),
            Part::Alias { name, flags, .. } => {
                needs_http |= matches!(name.as_str(), "rt" | "ST");
                parts.push(lower_alias(name, current, flags, place)?);
            }
            Part::Expression {
                expr, flags, inner, ..
            } => {
                let shown =
                    || String::from_utf8_lossy(text.get(*inner..).unwrap_or_default()).into_owned();
                let lowered = lower_syntax(expr, &|_| text, place).map_err(|reason| {
                    format!("failed to parse sample expression <{}> : {reason}", shown())
                })?;
                if !lowered.fetch.points.intersects(place.points) {
                    return Err(format!(
                        "sample fetch <{}> may not be reliably used here because it needs '{}' which is not available here",
                        shown(),
                        lowered.fetch.needs
                    ));
                }
                needs_http |= lowered.fetch.needs.starts_with("HTTP");
                let mut own = current;
                apply(&mut own, flags);
                let expr = Located::new(lowered.expr, place.at.clone());
                parts.push(FormatPart::Expr { expr, flags: own });
            }
        }
    }
    match &syntax.problem {
        None | Some(FormatProblem::Expression(_)) => Ok((LogFormat { parts }, needs_http)),
        Some(problem) => {
            let said = problem.message(text).unwrap_or_default();
            Err(said.strip_suffix('.').unwrap_or(&said).to_owned())
        }
    }
}

fn lower_alias(
    name: &str,
    current: FormatFlags,
    flags: &[Flag],
    place: &mut Place<'_>,
) -> Result<FormatPart, String> {
    let mut own = current;
    apply(&mut own, flags);
    if crate::log_alias::definition(name).is_none() {
        if !crate::log_alias::KNOWN.contains(&name) {
            return Err(format!(
                "no such format variable '{name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'"
            ));
        }
        place
            .notes
            .unexecuted
            .push((format!("%{name}"), place.at.clone()));
    }
    // What stands between the braces besides flags is the alias' argument.
    let arg = flags
        .iter()
        .filter(|flag| !matches!(flag.name.as_str(), "Q" | "X" | "E" | "M"))
        .map(|flag| flag.name.as_str())
        .collect();
    Ok(FormatPart::Alias {
        name: name.to_owned(),
        arg,
        flags: own,
    })
}

fn apply(flags: &mut FormatFlags, changes: &[Flag]) {
    for change in changes {
        match change.name.as_str() {
            "Q" => flags.quote = change.on,
            "X" => flags.hex = change.on,
            "E" => flags.escape = change.on,
            "M" => flags.mandatory = change.on,
            _ => {}
        }
    }
}
