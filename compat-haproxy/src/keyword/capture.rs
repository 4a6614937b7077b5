//! `capture cookie|request header|response header` and `declare capture`: what log lines keep (manual 4.2, 8.8).
//!
//! ```text
//! capture request header Host len 64
//! ```

use locum_model::{Text, expr::Arg, proxy::Capture, rule::Rule};

use super::{ProxyKeyword, Sections};
use crate::load::{Capability, Lowered, ProxyLine};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row(
        "capture",
        "{ cookie | request header | response header } <name> len <length>",
        capture,
    ),
    row(
        "declare",
        "capture { request | response } len <length>",
        declare,
    ),
];

const fn row(
    name: &'static str,
    arguments: &'static str,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword::executed(name, Sections::CLIENTS_ONLY, arguments, lower)
}

fn capture(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Frontend, "capture");
    let (kind, header) = (line.line.text(1), line.line.bytes(2) == b"header");
    match kind.as_str() {
        "cookie" => {
            line.not_in_defaults("capture cookie")?;
            if line.line.bytes(3) != b"len" || !line.line.has(4) {
                return Err("'capture' expects 'cookie' <cookie_name> 'len' <len>.".into());
            }
            let length = length(line, 4);
            line.draft.frontend.capture_cookie = Some((Text::from(line.line.bytes(2)), length));
        }
        "request" | "response" if header => {
            line.not_in_defaults(&format!("capture {kind}"))?;
            if !line.line.has(3) || line.line.bytes(4) != b"len" || !line.line.has(5) {
                return Err(format!(
                    "'capture {kind}' expects 'header' <header_name> 'len' <len>."
                )
                .into());
            }
            if line.line.has(6) {
                let extra = line.line.text(6);
                return Err(format!(
                    "'capture {kind}' cannot handle unexpected argument '{extra}'."
                )
                .into());
            }
            let capture = Capture {
                length: length(line, 5),
                header: Some(Text::from(line.line.bytes(3))),
                expr: None,
            };
            slots(line, kind == "request").push(capture);
        }
        _ => {
            return Err(
                "'capture' expects 'cookie' or 'request header' or 'response header'.".into(),
            );
        }
    }
    Ok(())
}

fn length(line: &ProxyLine<'_, '_>, index: usize) -> u32 {
    u32::try_from(line.line.lenient_number(index)).unwrap_or(0)
}

fn slots<'d>(line: &'d mut ProxyLine<'_, '_>, request: bool) -> &'d mut Vec<Capture> {
    if request {
        &mut line.draft.frontend.request_captures
    } else {
        &mut line.draft.frontend.response_captures
    }
}

fn declare(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults {
        return Err("'declare' not available in default section".into());
    }
    if !line.draft.can(Capability::Frontend) {
        return Err("'declare' only available in frontend or listen section".into());
    }
    match line.line.text(1).as_ref() {
        "capture" => {}
        "" => {
            return Err(
                "'declare' needs a second keyword that specify the type of declaration ('capture')"
                    .into(),
            );
        }
        found => {
            let text = format!("unknown declaration type '{found}' (supports 'capture')");
            return Err(text.into());
        }
    }
    let request = match line.line.bytes(2) {
        b"request" => true,
        b"response" => false,
        _ => return Err("'declare capture' requires a direction ('request' or 'response')".into()),
    };
    if line.line.bytes(3) != b"len" {
        return Err("'declare capture' requires a capture length ('len')".into());
    }
    if !line.line.has(4) {
        return Err(
            "'declare capture': 'len' requires a numeric value that represents the capture length"
                .into(),
        );
    }
    let length = match std::str::from_utf8(line.line.bytes(4)).map(str::parse::<i64>) {
        Ok(Ok(length)) => length,
        _ => return Err("'declare capture': cannot parse the length 'len'.".into()),
    };
    if length <= 0 {
        return Err("length must be > 0".into());
    }
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    slots(line, request).push(Capture {
        length,
        header: None,
        expr: None,
    });
    Ok(())
}

/// Gives a rule `capture … len` the slot that it declares by that.
pub(super) fn declare_slot(line: &mut ProxyLine<'_, '_>, rule: &mut Rule) {
    if rule.action != "capture" {
        return;
    }
    let Some(Arg::Int(length)) = rule.args.get(2) else {
        return;
    };
    let length = u32::try_from(*length).unwrap_or(u32::MAX);
    let slots = slots(line, true);
    rule.args[1] = Arg::Int(slots.len() as i64);
    slots.push(Capture {
        length,
        header: None,
        expr: None,
    });
}
