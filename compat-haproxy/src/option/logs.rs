//! `option httplog [clf]`, `option tcplog`, `option httpslog`: what a log line says (manual 8.2).

use locum_model::proxy::Mode;

use crate::load::{FormatKind, Lowered, ProxyLine, RawFormat};

/// `option httplog`
pub(super) fn httplog(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let kind = match line.line.bytes(2) {
        b"" => FormatKind::Http,
        b"clf" => {
            line.line.at_most(1, 2)?;
            FormatKind::HttpClf
        }
        _ => return Err("keyword 'httplog' only supports option 'clf'.".into()),
    };
    set(
        line,
        kind,
        if line.line.has(2) {
            "option httplog clf"
        } else {
            "option httplog"
        },
    );
    Ok(())
}

/// `option httpslog`
pub(super) fn httpslog(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 2)?;
    set(line, FormatKind::Https, "option httpslog");
    Ok(())
}

/// `option tcplog`
pub(super) fn tcplog(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 2)?;
    set(line, FormatKind::Tcp, "option tcplog");
    Ok(())
}

/// Sets a format; one that a line of the same section set before is warned about.
pub fn set(line: &mut ProxyLine<'_, '_>, kind: FormatKind, word: &str) {
    let at = line.line.at.clone();
    if let Some(old) = &line.draft.log_format
        && !line.draft.is_defaults
        && !line.draft.log_format_inherited
    {
        let old = match old.kind {
            FormatKind::Tcp => "option tcplog",
            FormatKind::Http => "option httplog",
            FormatKind::HttpClf => "option httplog clf",
            FormatKind::Https => "option httpslog",
            FormatKind::Custom(_) => "log-format",
        };
        let text = format!(
            "'{word}' overrides previous '{old}' in {}.",
            in_section(line)
        );
        line.line.warn(&text);
    }
    line.draft.log_format = Some(RawFormat { kind, at });
    line.draft.log_format_inherited = false;
}

fn in_section(line: &ProxyLine<'_, '_>) -> String {
    match line.draft.is_defaults {
        true => "'defaults' section".to_owned(),
        false => line.proxy_shown().to_string(),
    }
}

/// Whether a format needs HTTP mode.
pub fn needs_http(kind: &FormatKind, mode: Mode) -> bool {
    mode == Mode::Tcp
        && matches!(
            kind,
            FormatKind::Http | FormatKind::HttpClf | FormatKind::Https
        )
}
