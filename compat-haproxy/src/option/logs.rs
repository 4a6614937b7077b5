//! `option httplog [clf]`, `option tcplog`, `option httpslog`: what a log line says (manual 8.2).

use locum_model::proxy::Mode;

use crate::load::{Capability, FormatKind, Lowered, ProxyLine, RawFormat};

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

/// Sets a format: the last one counts. Backends write no lines.
pub fn set(line: &mut ProxyLine<'_, '_>, kind: FormatKind, word: &str) {
    let at = line.line.at.clone();
    let backend_only = !line.draft.is_defaults && !line.draft.can(Capability::Frontend);
    if backend_only {
        let text = format!(
            "{} : '{word}' directive is ignored in backends.",
            line.proxy_shown()
        );
        line.line.warn(&text);
    }
    line.draft.log_format = Some(RawFormat { kind, at });
    line.draft.log_format_inherited = false;
}

/// Whether a format needs HTTP mode.
pub fn needs_http(kind: &FormatKind, mode: Mode) -> bool {
    mode == Mode::Tcp
        && matches!(
            kind,
            FormatKind::Http | FormatKind::HttpClf | FormatKind::Https
        )
}
