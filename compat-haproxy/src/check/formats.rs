//! Log formats, lowered when their proxy is complete: which one counts, and whether it can be made there.

use locum_model::{Located, Origin, Text, expr::LogFormat, proxy::Mode};

use crate::{
    load::{Draft, FormatKind, Loader, RawFormat},
    log_alias,
    lowering::{Place, Point, Points, lower_format},
};

/// Lowers all formats of a proxy.
pub(super) fn check(loader: &mut Loader<'_>, draft: &mut Draft) {
    let raw = draft.log_format.clone();
    if draft.has_frontend {
        if let Some(mut raw) = raw {
            fall_back(loader, draft, &mut raw);
            let lowered = lower(loader, draft, &raw, "log-format");
            draft.format_unread = lowered.as_ref().err() == Some(&Failed::Unread);
            draft.proxy.log_format = lowered.ok();
        }
        if draft.log_format.is_none() && !draft.proxy.logs.is_empty() {
            let raw = connect_line(draft);
            draft.proxy.begin_log_format = lower(loader, draft, &raw, "log-format").ok();
        }
        if let Some(mut raw) = draft.log_format_sd.clone() {
            // Its line isn't remembered (observed).
            raw.at = Origin {
                file: "(null)".into(),
                ..Origin::nowhere()
            };
            draft.proxy.structured_log_format = lower(loader, draft, &raw, "log-format-sd").ok();
        }
        if let Some(raw) = draft.error_log_format.clone() {
            draft.proxy.error_log_format = lower(loader, draft, &raw, "error-log-format").ok();
        }
        if let Some(raw) = draft.unique_id_format.clone() {
            draft.proxy.unique_id_format = lower(loader, draft, &raw, "unique-id-format").ok();
        }
    }
}

/// Why there is no format.
#[derive(PartialEq)]
enum Failed {
    /// It was read to its end, but can't stand there.
    Read,
    /// It wasn't: the reference has nothing that it could say is ignored.
    Unread,
}

/// The line of a proxy that logs without a format.
fn connect_line(draft: &Draft) -> RawFormat {
    let mode = match draft.proxy.mode {
        Mode::Http => "HTTP",
        Mode::Tcp => "TCP",
    };
    let text = format!("Connect from %ci:%cp to %fi:%fp (%f/{mode})");
    RawFormat {
        kind: FormatKind::Custom(Text::from(text.into_bytes())),
        at: draft.proxy.name.at.clone(),
    }
}

/// HTTP's formats need HTTP mode: elsewhere that of connections takes their place.
fn fall_back(loader: &mut Loader<'_>, draft: &Draft, raw: &mut RawFormat) {
    if !crate::option::log_format_needs_http(&raw.kind, draft.proxy.mode) {
        return;
    }
    if draft.mode_health {
        // Nothing is logged of clients that are only greeted.
        raw.kind = FormatKind::Tcp;
        return;
    }
    let word = match raw.kind {
        FormatKind::Https => "option httpslog",
        _ => "option httplog",
    };
    let text = format!(
        "parsing [{}] : '{word}' not usable with {} '{}' (needs 'mode http'). Falling back to 'option tcplog'.",
        raw.at,
        draft.type_word(),
        draft.name()
    );
    loader.shared.warn(&raw.at, text);
    raw.kind = FormatKind::Tcp;
}

fn lower(
    loader: &mut Loader<'_>,
    draft: &Draft,
    raw: &RawFormat,
    word: &str,
) -> Result<Located<LogFormat>, Failed> {
    let text: Text = match &raw.kind {
        FormatKind::Tcp => Text::from(log_alias::TCP_LOG),
        FormatKind::Http => Text::from(log_alias::HTTP_LOG),
        FormatKind::HttpClf => Text::from(log_alias::HTTP_LOG_CLF),
        FormatKind::Https => Text::from(log_alias::HTTPS_LOG),
        FormatKind::Custom(text) => text.clone(),
    };
    let shown = if word == "unique-id-format" {
        "unique-id"
    } else {
        word
    };
    let mut place = Place {
        section: draft.section,
        proxy: draft.name(),
        points: if word == "unique-id-format" {
            Points::of(Point::FrontendHttpRequest)
        } else {
            Points::of(Point::Log)
        },
        at: raw.at.clone(),
        surroundings: word_surroundings(word),
        acls: &draft.acls,
        notes: &mut loader.shared.notes,
    };
    let result = lower_format(&text, &mut place);
    match result {
        Ok(format) => {
            if let Some(alias) = http_only(&format)
                && draft.proxy.mode == Mode::Tcp
            {
                let text = format!(
                    "Parsing [{}]: failed to parse {shown} : format variable '{alias}' is reserved for HTTP mode.",
                    raw.at
                );
                loader.shared.alert(&raw.at, text);
                return Err(Failed::Read);
            }
            Ok(Located::new(format, raw.at.clone()))
        }
        Err(reason) => {
            let text = format!("Parsing [{}]: failed to parse {shown} : {reason}.", raw.at);
            loader.shared.alert(&raw.at, text);
            let at_end = reason.starts_with("missing ']'");
            Err(if at_end { Failed::Read } else { Failed::Unread })
        }
    }
}

fn word_surroundings(word: &str) -> &'static str {
    match word {
        "unique-id-format" => "unique-id-format expression",
        "error-log-format" => "error-log-format expression",
        "log-format-sd" => "log-format-sd expression",
        _ => "log-format expression",
    }
}

fn http_only(format: &LogFormat) -> Option<&str> {
    format.parts.iter().find_map(|part| match part {
        locum_model::expr::FormatPart::Alias { name, .. } => log_alias::definition(name)
            .filter(|alias| alias.http_only)
            .map(|_| name.as_str()),
        _ => None,
    })
}
