//! `source ADDRESS[:PORT[-PORT]] [usesrc …] [interface NAME]` of a server line and of a proxy (manual 4.2, 5.2).

use std::net::SocketAddr;

use locum_model::{
    Text,
    address::Address,
    proxy::{SourceAddress, SourceClient},
};

use super::OptionWord;
use crate::{
    address::{self, Allowed},
    load::Environment,
};

/// Reads the words behind `source`.
pub(super) fn source(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required(
        "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.",
    )?;
    let allowed = Allowed {
        range: true,
        ..Allowed::default()
    };
    let parsed = address::parse(&text, allowed, &option.line.line.shared.environment)
        .map_err(|reason| format!("\n  'source {text}' : {reason}\n   \n"))?;
    let Address::Ip { ip, port } = parsed.address else {
        return Err(format!("\n  'source {text}' : unsupported address\n   \n"));
    };
    let is_range = parsed.last_port > port;
    let mut source = SourceAddress {
        address: SocketAddr::new(ip, if is_range { 0 } else { port }),
        ports: is_range.then_some((port, parsed.last_port)),
        client: None,
        interface: None,
    };
    let mut at = 2;
    loop {
        match option.text(at).as_str() {
            "usesrc" => {
                let value = option.text(at + 1);
                if value.is_empty() {
                    return Err(
                        "'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument.\n[ALERT] error encountered while processing 'usesrc'"
                            .to_owned(),
                    );
                }
                source.client = Some(client(&value, &option.line.line.shared.environment)?);
                at += 2;
            }
            "interface" => {
                let value = option.text(at + 1);
                if value.is_empty() {
                    return Err("'server' : missing interface name.\n[ALERT] error encountered while processing 'interface'".to_owned());
                }
                source.interface = Some(value);
                at += 2;
            }
            _ => break,
        }
    }
    option.extra = at - 1;
    option.server.server.value.source = Some(source);
    Ok(())
}

/// What `usesrc` names.
pub fn client(value: &str, environment: &Environment) -> Result<SourceClient, String> {
    if value == "client" {
        return Ok(SourceClient::Client);
    }
    if value == "clientip" {
        return Ok(SourceClient::ClientIp);
    }
    if let Some(inner) = value.strip_prefix("hdr_ip(") {
        let inner = inner.strip_suffix(')').unwrap_or(inner);
        let (name, occurrence) = inner.split_once(',').unwrap_or((inner, "-1"));
        let occurrence =
            i32::try_from(crate::load::lenient_number(occurrence.as_bytes())).unwrap_or(-1);
        return Ok(SourceClient::Header(Text::from(name), occurrence));
    }
    let parsed = address::parse(value, Allowed::default(), environment)
        .map_err(|reason| format!("'usesrc {value}' : {reason}"))?;
    match parsed.address {
        Address::Ip { ip, port } => Ok(SourceClient::Address(SocketAddr::new(ip, port))),
        _ => Err(format!("'usesrc {value}' : unsupported address")),
    }
}
