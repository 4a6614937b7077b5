//! `option forwardfor` and `option originalto`: addresses told to servers in a header (manual 4.2).
//!
//! ```text
//! option forwardfor except 127.0.0.0/8 header X-Client
//! ```

use locum_model::{Text, address::Network, proxy::AddressHeader};

use crate::load::{Lowered, ProxyLine};

/// `option forwardfor`
pub(super) fn forwardfor(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let header = read(line, "forwardfor", "x-forwarded-for")?;
    line.draft.proxy.forwardfor = Some(header);
    Ok(())
}

/// `option originalto`
pub(super) fn originalto(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let header = read(line, "originalto", "x-original-to")?;
    line.draft.proxy.originalto = Some(header);
    Ok(())
}

fn read(
    line: &ProxyLine<'_, '_>,
    option: &str,
    name: &str,
) -> Result<AddressHeader, crate::load::Fault> {
    let mut header = AddressHeader {
        name: Text::from(name),
        except: None,
        if_none: false,
    };
    let mut at = 2;
    while line.line.has(at) {
        match line.line.bytes(at) {
            b"except" => {
                let network = network(&line.line.text(at + 1));
                let Some(network) = network else {
                    return Err(format!(
                        "'option {option} except' expects <address>[/mask] as argument."
                    )
                    .into());
                };
                header.except = Some(network);
                at += 2;
            }
            b"header" => {
                if !line.line.has(at + 1) {
                    return Err(format!(
                        "'option {option} header' expects <header_name> as argument."
                    )
                    .into());
                }
                header.name = Text::from(line.line.bytes(at + 1));
                at += 2;
            }
            b"if-none" if option == "forwardfor" => {
                header.if_none = true;
                at += 1;
            }
            _ if option == "forwardfor" => {
                return Err("'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.".into());
            }
            _ => {
                return Err(
                    "'option originalto' only supports optional values: 'except' and 'header'."
                        .into(),
                );
            }
        }
    }
    Ok(header)
}

/// An address with an optional prefix length or mask.
pub(crate) fn network(text: &str) -> Option<Network> {
    let (ip, mask) = text
        .split_once('/')
        .map_or((text, None), |(ip, mask)| (ip, Some(mask)));
    let ip: std::net::IpAddr = ip.parse().ok()?;
    let full = if ip.is_ipv4() { 32 } else { 128 };
    let prefix = match mask {
        None => full,
        Some(mask) => match mask.parse::<u8>() {
            Ok(length) if length <= full => length,
            Ok(_) => return None,
            Err(_) => {
                let bits = mask.parse::<std::net::Ipv4Addr>().ok()?.to_bits();
                u8::try_from(bits.leading_ones()).ok()?
            }
        },
    };
    Some(Network { ip, prefix })
}
