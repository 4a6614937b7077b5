//! `lvs_method`, `lb_kind`: NAT, direct routing, or a tunnel.
//!
//! ```text
//! lvs_method TUN type gue port 6080 csum
//! ```

use locum_model::lvs::{Forwarding, Tunnel, TunnelChecksum, TunnelKind};
use locum_parser::keepalived::Line;

use crate::load::{Abort, Pass, number, value};

/// Reads the method from a line; `of` is whose it is, as messages call it.
pub(super) fn forwarding(
    pass: &mut Pass<'_>,
    line: &Line,
    of: &str,
) -> Result<Option<Forwarding>, Abort> {
    let method = pass.parameter(line, 1)?;
    let tunnel = match method.as_str() {
        "NAT" | "DR" | "TUN" => match tunnel(pass, line, of) {
            Ok(tunnel) => tunnel,
            Err(text) => {
                pass.error(text);
                return Ok(None);
            }
        },
        _ => {
            pass.error(format!(
                "PARSER : unknown [{method}] routing method for {of}."
            ));
            return Ok(None);
        }
    };
    Ok(Some(match method.as_str() {
        "NAT" => Forwarding::Nat,
        "DR" => Forwarding::DirectRouting,
        _ => Forwarding::Tunnel(tunnel),
    }))
}

fn tunnel(pass: &mut Pass<'_>, line: &Line, of: &str) -> Result<Tunnel, String> {
    let mut tunnel = Tunnel::default();
    let mut gue = false;
    let mut port = None;
    let mut index = 2;
    while let Some(word) = value::word(line, index) {
        index += 1;
        match word.as_str() {
            "type" => {
                let kind = value::word(line, index)
                    .ok_or_else(|| format!("Missing tunnel type for {of}."))?;
                index += 1;
                gue = kind == "gue";
                tunnel.kind = match kind.as_str() {
                    "ipip" => TunnelKind::IpIp,
                    "gue" => TunnelKind::Gue(0),
                    "gre" => TunnelKind::Gre,
                    _ => return Err(format!("Unknown tunnel type {kind} for {of}.")),
                };
            }
            "port" => {
                let text = value::word(line, index)
                    .ok_or_else(|| format!("Missing port for {of} gue tunnel."))?;
                index += 1;
                let number = pass.number(number::unsigned(&text, 1, 65535));
                port = number.and_then(|number| u16::try_from(number).ok());
                if port.is_none() {
                    return Err(format!("Invalid gue tunnel port {text} for {of}."));
                }
            }
            "nocsum" => tunnel.checksum = TunnelChecksum::None,
            "csum" => tunnel.checksum = TunnelChecksum::Checksum,
            "remcsum" => tunnel.checksum = TunnelChecksum::Remote,
            _ => return Err(format!("Invalid tunnel option {word} for {of}.")),
        }
    }
    if gue != port.is_some() {
        return Err("gue tunnels require port, otherwise cannot have port.".to_owned());
    }
    if let Some(port) = port {
        tunnel.kind = TunnelKind::Gue(port);
    }
    match (tunnel.kind, tunnel.checksum) {
        (TunnelKind::IpIp, TunnelChecksum::Checksum | TunnelChecksum::Remote) => {
            Err("ipip tunnels do not support checksum option.".to_owned())
        }
        (TunnelKind::Gre, TunnelChecksum::Remote) => {
            Err("gre tunnels do not support remote checksum option.".to_owned())
        }
        _ => Ok(tunnel),
    }
}
