//! `server`, `default-server`, `server-template`: the servers of a proxy (manual 4.2, 5.2).
//!
//! ```text
//! default-server inter 3s rise 2
//! server web1 192.0.2.10:80 check weight 5
//! server-template web 1-3 192.0.2.20:80
//! ```

use locum_model::{Located, address::Address};

use super::{ProxyKeyword, Sections};
use crate::{
    address::{self, Allowed},
    load::{Capability, Fault, Lowered, ProxyLine, ServerDraft},
    server_option,
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword::executed(
        "default-server",
        Sections::SERVERS,
        "[param*]",
        default_server,
    ),
    ProxyKeyword::executed(
        "server",
        Sections::SERVERS_ONLY,
        "<name> <address>[:[port]] [param*]",
        server,
    ),
    ProxyKeyword::executed(
        "server-template",
        Sections::SERVERS_ONLY,
        "<prefix> <num | range> <fqdn>[:<port>] [param*]",
        template,
    ),
];

/// What an address of a server may look like.
const ALLOWED: Allowed = Allowed {
    port_required: false,
    port_forbidden: false,
    range: false,
    offset: true,
    descriptor: false,
    unix: true,
    datagram: false,
    keep_unresolved: true,
};

fn server(line: &mut ProxyLine<'_, '_>) -> Lowered {
    allowed(line)?;
    if !line.line.has(2) {
        return Err(whole(
            line,
            "'server' expects <name> and <addr>[:<port>] as arguments.",
        ));
    }
    let name = line.line.text(1);
    if let Some(bad) = crate::section::bad_name_character(&name) {
        return Err(whole(
            line,
            &format!("character '{bad}' is not permitted in server name '{name}'."),
        ));
    }
    let draft = read(line, &name, 2)?;
    push(line, name, draft)
}

fn template(line: &mut ProxyLine<'_, '_>) -> Lowered {
    allowed(line)?;
    if !line.line.has(3) {
        return Err(whole(
            line,
            "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.",
        ));
    }
    let prefix = line.line.text(1);
    if let Some(bad) = crate::section::bad_name_character(&prefix) {
        return Err(whole(
            line,
            &format!("character '{bad}' is not permitted in server-template prefix '{prefix}'."),
        ));
    }
    let text = line.line.text(2);
    let range = match text.split_once('-') {
        Some((low, high)) => low.parse::<u32>().ok().zip(high.parse::<u32>().ok()),
        None => text.parse::<u32>().ok().map(|count| (1, count)),
    };
    let Some((low, high)) = range.filter(|(low, high)| low <= high) else {
        return Err(whole(
            line,
            &format!("Wrong server-template number or range arg '{text}'."),
        ));
    };
    let draft = read(line, &format!("{prefix}{low}"), 3)?;
    for number in low..=high {
        push(line, format!("{prefix}{number}"), draft.clone())?;
    }
    Ok(())
}

fn default_server(line: &mut ProxyLine<'_, '_>) -> Lowered {
    allowed(line)?;
    let mut draft = line.draft.default_server.clone();
    server_option::read(line, 1, &mut draft, None)?;
    line.draft.default_server = draft;
    Ok(())
}

/// # Errors
/// The section can't have servers.
fn allowed(line: &ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    let at = &line.line.at;
    if line.draft.is_defaults && word != "default-server" {
        return Err(whole(
            line,
            &format!("'{word}' not allowed in 'defaults' section."),
        ));
    }
    if !line.draft.can(Capability::Backend) {
        return Err(whole(
            line,
            &format!(
                "parsing [{at}] : '{word}' not allowed because {} has no backend capability.",
                line.proxy_shown()
            ),
        ));
    }
    Ok(())
}

/// `[file:line] : …`
fn whole(line: &ProxyLine<'_, '_>, text: &str) -> Fault {
    Fault::Whole(format!("[{}] : {text}", line.line.at))
}

/// Reads the address at a place and the options behind it.
fn read(line: &mut ProxyLine<'_, '_>, name: &str, at: usize) -> Result<ServerDraft, Fault> {
    let mut draft = line.draft.default_server.clone();
    let text = line.line.text(at);
    let shown = format!("'server {}/{name}'", line.draft.name());
    let parsed =
        address::parse(&text, ALLOWED, &line.line.shared.environment).map_err(|reason| {
            // Messages about the form of an address come with a line feed of their own.
            let more = if reason.starts_with("invalid port '") || reason.starts_with("port range") {
                ""
            } else {
                "\n"
            };
            whole(line, &format!("{shown} : {reason}{more}"))
        })?;
    draft.server.value.member.name = Located::new(name.to_owned(), line.line.at_word(1));
    draft.server.value.member.address = parsed.address.clone();
    draft.server.value.member.port_offset = parsed.offset;
    draft.port_missing = !parsed.has_port || parsed.offset.is_some();
    if matches!(parsed.address, Address::Ip { .. }) && parsed.unresolved {
        draft.hostname = parsed.hostname;
        draft.family = parsed.family;
    }
    draft.server.at = line.line.at.clone();
    draft.server.value.member.name.at = line.line.at_word(1);
    server_option::read(line, at + 1, &mut draft, Some(name))?;
    Ok(draft)
}

fn push(line: &mut ProxyLine<'_, '_>, name: String, mut draft: ServerDraft) -> Lowered {
    draft.server.value.member.name.value.clone_from(&name);
    if draft.check && draft.server.value.track.is_some() {
        let text = format!(
            "'server {}/{name}' : unable to enable checks and tracking at the same time!",
            line.draft.name()
        );
        return Err(whole(line, &text));
    }
    if draft.has_id {
        let id = draft.server.value.id;
        if let Some(other) = line
            .draft
            .servers
            .iter()
            .find(|other| other.has_id && other.server.value.id == id)
        {
            let text = format!(
                "'server {}/{name}' : 'id' : custom id {id} already used at {} ('server {}').",
                line.draft.name(),
                other.server.at,
                other.server.value.member.name.value
            );
            return Err(whole(line, &text));
        }
    }
    line.draft.servers.push(draft);
    Ok(())
}
