//! `bind ADDRESS[:PORT[-PORT]] [, …] [OPTIONS]`: where a proxy listens (manual 4.2, 5.1).
//!
//! ```text
//! bind :80,:8080
//! bind /run/haproxy.sock mode 600 user www
//! ```

use locum_model::{Located, address::Address, proxy::Bind};

use super::{ProxyKeyword, Sections, State};
use crate::{
    address::{self, Allowed},
    bind_option::{self, BindLine, ThreadBind},
    load::{Capability, Environment, Fault, Lowered, ProxyLine},
};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "bind",
    sections: Sections::CLIENTS_ONLY,
    arguments: "[<address>]:<port_range> [, …] [param*]",
    state: State::Executed,
    lower: bind,
}];

const ALLOWED: Allowed = Allowed {
    port_required: true,
    port_forbidden: false,
    range: true,
    offset: false,
    descriptor: true,
    unix: true,
    datagram: false,
    keep_unresolved: false,
};

fn bind(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("bind")?;
    line.lacks(Capability::Frontend, "bind");
    if !line.line.has(1) {
        return Err(
            "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments."
                .into(),
        );
    }
    let text = line.line.text(1);
    let addresses = addresses(&text, &line.line.shared.environment)
        .map_err(|reason| Fault::from(format!("'bind' : {reason}")))?;
    let shown = format!("'bind {text}' in section '{}'", line.draft.section);
    let mut options = BindLine::new(&shown, false);
    bind_option::read(&mut line.line, 2, &mut options)?;
    let at = line.line.at_word(1);
    for address in addresses {
        let bind = Bind {
            address,
            ..options.bind.clone()
        };
        line.draft
            .frontend
            .binds
            .push(Located::new(bind, at.clone()));
    }
    if let Some(first) = options.bind.threads.iter().map(|set| set.first).min() {
        line.draft.bind_threads.push(ThreadBind {
            address: text,
            at: line.line.at.clone(),
            first,
            of_group: options.thread_of_group,
        });
    }
    line.draft.tls_binds.extend(options.tls);
    Ok(())
}

/// One address per socket of a list with ranges.
pub fn addresses(text: &str, environment: &Environment) -> Result<Vec<Address>, String> {
    let mut addresses = Vec::new();
    let mut rest = Some(text);
    while let Some(list) = rest {
        let (one, behind) = match list.split_once(',') {
            Some((one, behind)) => (one, Some(behind)),
            None => (list, None),
        };
        let parsed = address::parse(one, ALLOWED, environment)?;
        match parsed.address {
            Address::Ip { ip, port } => {
                addresses.extend((port..=parsed.last_port).map(|port| Address::Ip { ip, port }));
            }
            Address::Descriptor(fd) => {
                check_descriptor(fd)?;
                addresses.push(Address::Descriptor(fd));
            }
            other => addresses.push(other),
        }
        // A comma at the very end is forgiven.
        rest = behind.filter(|behind| !behind.is_empty());
    }
    Ok(addresses)
}

/// An inherited descriptor must be a socket.
fn check_descriptor(fd: i32) -> Result<(), String> {
    use std::os::unix::fs::FileTypeExt;
    let reason = match std::fs::metadata(format!("/proc/self/fd/{fd}")) {
        Ok(found) if found.file_type().is_socket() => return Ok(()),
        Ok(_) => "Socket operation on non-socket",
        Err(_) => "Bad file descriptor",
    };
    Err(format!("cannot use file descriptor '{fd}' : {reason}."))
}
