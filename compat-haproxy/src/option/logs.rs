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
    set(line, kind, "option httplog");
    Ok(())
}

/// `option httpslog`
pub(super) fn httpslog(line: &mut ProxyLine<'_, '_>) -> Lowered {
    // Words behind it are read over (observed).
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
    warn_in_backend(line, word);
    line.draft.log_format = Some(RawFormat { kind, at });
    line.draft.log_format_inherited = false;
}

/// Says that a backend has no use for a word about log lines.
pub fn warn_in_backend(line: &mut ProxyLine<'_, '_>, word: &str) {
    if !line.draft.is_defaults && !line.draft.can(Capability::Frontend) {
        let text = format!(
            "{} : '{word}' directive is ignored in backends.",
            line.proxy_shown()
        );
        line.line.warn(&text);
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
