//! `log-format`, `error-log-format`, `log-format-sd`, `unique-id-format`, `unique-id-header` (manual 4.2, 8.2.6).
//!
//! ```text
//! log-format "%ci:%cp [%t] %ft %b/%s %ST %B"
//! unique-id-format %{+X}o\ %ci:%cp_%Ts_%rt
//! ```

use locum_model::Text;

use super::{ProxyKeyword, Sections, State};
use crate::{
    load::{FormatKind, Lowered, ProxyLine, RawFormat},
    option,
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("error-log-format", Sections::CLIENTS, error_log_format),
    row("log-format", Sections::CLIENTS, log_format),
    row("log-format-sd", Sections::CLIENTS, log_format_sd),
    row("unique-id-format", Sections::CLIENTS, unique_id_format),
    row("unique-id-header", Sections::CLIENTS, unique_id_header),
];

const fn row(
    name: &'static str,
    sections: Sections,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections,
        arguments: "<string>",
        state: State::Executed,
        lower,
    }
}

fn one(line: &ProxyLine<'_, '_>) -> Result<Text, crate::load::Fault> {
    let word = line.line.text(0);
    if !line.line.has(1) {
        return Err(format!("{word} expects an argument.").into());
    }
    if line.line.has(2) {
        return Err(
            format!("{word} expects only one argument, don't forget to escape spaces!").into(),
        );
    }
    Ok(Text::from(line.line.bytes(1)))
}

fn log_format(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let text = one(line)?;
    option::set_log_format(line, FormatKind::Custom(text), "log-format");
    Ok(())
}

fn error_log_format(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let kind = FormatKind::Custom(one(line)?);
    option::warn_in_backend(line, "error-log-format");
    line.draft.error_log_format = Some(RawFormat {
        kind,
        at: line.line.at.clone(),
    });
    Ok(())
}

fn log_format_sd(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let kind = FormatKind::Custom(one(line)?);
    option::warn_in_backend(line, "log-format-sd");
    line.draft.log_format_sd = Some(RawFormat {
        kind,
        at: line.line.at.clone(),
    });
    Ok(())
}

fn unique_id_format(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let kind = FormatKind::Custom(one(line)?);
    line.draft.unique_id_format = Some(RawFormat {
        kind,
        at: line.line.at.clone(),
    });
    Ok(())
}

fn unique_id_header(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("unique-id-header expects an argument.".into());
    }
    line.draft.proxy.unique_id_header = Some(Text::from(line.line.bytes(1)));
    Ok(())
}
