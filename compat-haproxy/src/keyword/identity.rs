//! `id`, `description`, `disabled`, `enabled`: what a proxy is called and whether it runs (manual 4.2).

use super::{ProxyKeyword, Sections};
use crate::load::{Fault, Lowered, ProxyLine};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword::executed("description", Sections::PROXIES, "<text>", description),
    ProxyKeyword::executed("disabled", Sections::ALL, "", disabled),
    ProxyKeyword::executed("enabled", Sections::ALL, "", enabled),
    ProxyKeyword::executed("id", Sections::PROXIES, "<value>", id),
];

fn description(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults {
        return Err(Fault::tight(
            "'description' not allowed in 'defaults' section.",
        ));
    }
    if !line.line.has(1) {
        // The reference then fails to open the very file it is reading; its reader gives up.
        let text = format!(
            "parsing [{}]: 'description' expects a string argument.",
            line.line.at
        );
        let at = line.line.at.clone();
        line.line.shared.alert(&at, text);
        let text = format!("Could not open configuration file {} : Success", at.file);
        line.line.shared.alert_plain(text);
        return Err(Fault::Reported.aborting());
    }
    let words: Vec<String> = (1..line.line.words.len())
        .map(|index| line.line.text(index))
        .collect();
    line.draft.proxy.description = Some(words.join(" ").trim_end().to_owned());
    Ok(())
}

fn id(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults {
        return Err(Fault::tight("'id' not allowed in 'defaults' section."));
    }
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err(Fault::tight("'id' expects an integer argument."));
    }
    match u32::try_from(line.line.lenient_number(1)) {
        Ok(id) if id > 0 => {
            let own = line.proxy_shown().replace('\'', "");
            let place = line.draft.proxy.name.at.clone();
            if let Some(other) = line.line.shared.proxy_ids.get(&id) {
                return Err(Fault::Tight(format!(
                    "{own} reuses same custom id as {other}."
                )));
            }
            line.line
                .shared
                .proxy_ids
                .insert(id, format!("{own} (declared at {place})"));
            line.draft.proxy.id = id;
            line.draft.has_id = true;
            Ok(())
        }
        _ => Err(Fault::tight("custom id has to be > 0.")),
    }
}

fn disabled(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 1)?;
    line.draft.proxy.disabled = true;
    Ok(())
}

fn enabled(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 1)?;
    line.draft.proxy.disabled = false;
    Ok(())
}
