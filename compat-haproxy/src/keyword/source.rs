//! `source`, `dispatch` and `transparent` of a proxy: where connections to servers come from, and where they go without
//! a server (manual 4.2).

use std::net::SocketAddr;

use locum_model::{address::Address, proxy::SourceAddress};

use super::{ProxyKeyword, Sections, State};
use crate::{
    address::{self, Allowed},
    load::{Capability, Lowered, ProxyLine},
    server_option::source::client,
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword {
        name: "dispatch",
        sections: Sections::SERVERS_ONLY,
        arguments: "<address>:<port>",
        state: State::Executed,
        lower: dispatch,
    },
    ProxyKeyword {
        name: "source",
        sections: Sections::SERVERS,
        arguments: "<addr>[:<port>] [usesrc …] [interface <name>]",
        state: State::Executed,
        lower: source,
    },
    ProxyKeyword {
        name: "transparent",
        sections: Sections::ALL,
        arguments: "",
        state: State::Executed,
        lower: transparent,
    },
];

/// `transparent`: the old form of `option transparent`, which says nothing in a frontend (observed).
fn transparent(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.draft.proxy.options.transparent = true;
    Ok(())
}

fn dispatch(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("dispatch")?;
    line.lacks(Capability::Backend, "dispatch");
    let allowed = Allowed {
        port_required: true,
        ..Allowed::default()
    };
    let parsed = address::parse(&line.line.text(1), allowed, &line.line.shared.environment)
        .map_err(|reason| format!("'dispatch' : {reason}"))?;
    line.line.at_most(1, 1)?;
    line.draft.backend.dispatch = Some(parsed.address);
    Ok(())
}

fn source(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "source");
    if !line.line.has(1) {
        return Err("'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.".into());
    }
    let text = line.line.text(1);
    let parsed = address::parse(&text, Allowed::default(), &line.line.shared.environment)
        .map_err(|reason| format!("'source {text}' : {}", address::with_line_feed(reason)))?;
    let Address::Ip { ip, port } = parsed.address else {
        return Err(format!("'source {text}' : unsupported address").into());
    };
    let mut source = SourceAddress {
        address: SocketAddr::new(ip, port),
        ports: None,
        client: None,
        interface: None,
    };
    let mut at = 2;
    while line.line.has(at) {
        let value = line.line.text(at + 1);
        match line.line.bytes(at) {
            b"usesrc" if value.is_empty() => {
                return Err(
                    "'usesrc' expects <addr>[:<port>], 'client', or 'clientip' as argument.".into(),
                );
            }
            b"usesrc" => source.client = Some(client(&value, &line.line.shared.environment)?),
            b"interface" if value.is_empty() => {
                return Err("'source' : missing interface name.".into());
            }
            b"interface" => source.interface = Some(value),
            _ => {
                return Err(
                    "'source' only supports optional keywords 'interface' and 'usesrc'.".into(),
                );
            }
        }
        at += 2;
    }
    line.draft.backend.source = Some(source);
    Ok(())
}
