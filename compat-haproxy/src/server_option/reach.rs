//! How a server is reached: addresses, ports, protocols, PROXY headers, TLS.

use std::time::Duration;

use locum_model::proxy::{InitAddress, ProxyProtocol};
use locum_parser::haproxy::units::{self, TimeError, TimeUnit};

use super::OptionWord;
use crate::address::{self, Allowed};

pub(super) fn addr(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'addr' expects <ipv4|ipv6> as argument.")?;
    let parsed = address::parse(
        &text,
        Allowed::default(),
        &option.line.line.shared.environment,
    )
    .map_err(|reason| format!("'addr' : {reason}"))?;
    option.server.probe.port = parsed.address.port().or(option.server.probe.port);
    option.server.probe.address = Some(parsed.address);
    Ok(())
}

pub(super) fn agent_addr(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'agent-addr' expects an address as argument.")?;
    match address::resolve(&text, address::Family::Any) {
        Some(_) => Ok(()),
        None => Err(format!(
            "parsing agent-addr failed. Check if '{text}' is correct address."
        )),
    }
}

pub(super) fn agent_port(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'agent-port' expects a port number as argument.")?;
    option.server.probe.agent_port = u16::try_from(option.number(1)).unwrap_or(0);
    Ok(())
}

pub(super) fn port(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'port' expects a port number as argument.")?;
    option.server.probe.port = u16::try_from(option.number(1))
        .ok()
        .filter(|port| *port > 0);
    Ok(())
}

pub(super) fn protocol(option: &mut OptionWord<'_, '_, '_>, word: &str) -> Result<(), String> {
    let name = option.required(&format!("'{word}' : missing value"))?;
    match name.as_str() {
        "h1" | "none" => Ok(()),
        "h2" | "fcgi" => {
            let at = option.line.line.at.clone();
            option
                .line
                .line
                .shared
                .unexecuted(format!("{word} {name}"), &at);
            Ok(())
        }
        _ => Err(format!("'{word}' :  unknown MUX protocol '{name}'")),
    }
}

pub(super) fn init_addr(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let mut methods = Vec::new();
    for word in option.text(1).split(',').filter(|word| !word.is_empty()) {
        methods.push(match word {
            "last" => InitAddress::Last,
            "libc" => InitAddress::Libc,
            "none" => InitAddress::None,
            ip => match ip.parse() {
                Ok(ip) => InitAddress::Ip(ip),
                Err(_) => {
                    return Err(format!(
                        "'init-addr' : unknown init-addr method '{ip}', supported methods are 'libc', 'last', 'none'."
                    ));
                }
            },
        });
    }
    option.server.server.value.init_addr = methods;
    Ok(())
}

pub(super) fn log_proto(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "legacy" | "octet-count" => Ok(()),
        other => Err(format!(
            "'log-proto' expects one of 'legacy' or 'octet-count' but got '{other}'"
        )),
    }
}

pub(super) fn namespace(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let name = option.required("'namespace' : expects <name> as argument")?;
    if name == "*" || std::fs::File::open(format!("/var/run/netns/{name}")).is_ok() {
        return Ok(());
    }
    Err(format!("Cannot open namespace '{name}'"))
}

pub(super) fn no_send_proxy(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.server.server.value.send_proxy = None;
    Ok(())
}

pub(super) fn send_v2(option: &mut OptionWord<'_, '_, '_>, options: &[&str]) -> Result<(), String> {
    let mut all: Vec<String> = options.iter().map(|word| (*word).to_owned()).collect();
    all.extend(option.server.proxy_options.clone());
    option.server.server.value.send_proxy = Some(ProxyProtocol::V2(all));
    Ok(())
}

pub(super) fn proxy_v2_options(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    const KNOWN: &[&str] = &[
        "ssl",
        "cert-cn",
        "ssl-cipher",
        "cert-sig",
        "cert-key",
        "authority",
        "crc32c",
        "unique-id",
    ];
    let text = option.text(1);
    for word in text.split(',').filter(|word| !word.is_empty()) {
        if !KNOWN.contains(&word) {
            return Err(format!("'{word}' : proxy v2 option not implemented"));
        }
        option.server.proxy_options.push(word.to_owned());
    }
    if let Some(ProxyProtocol::V2(options)) = &mut option.server.server.value.send_proxy {
        options.extend(option.server.proxy_options.clone());
    }
    Ok(())
}

pub(super) fn resolve_prefer(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "ipv4" => option.server.family = address::Family::V4,
        "ipv6" => option.server.family = address::Family::V6,
        _ => return Err("'resolve-prefer' expects either ipv4 or ipv6 as argument.".to_owned()),
    }
    Ok(())
}

pub(super) fn resolvers(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.server.resolvers = Some(option.text(1));
    Ok(())
}

pub(super) fn sni(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'sni' : missing sni expression")?;
    let points = crate::lowering::Points::of(crate::lowering::Point::ServerConnection);
    let mut place = option.line.place(points, "server SNI expression");
    crate::lowering::lower_expr(text.as_bytes(), &mut place)
        .map(|_| ())
        .map_err(|reason| format!("error detected while parsing sni expression : {reason}"))
}

pub(super) fn socks4(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'socks4' expects <addr>:<port> as argument.")?;
    let allowed = Allowed {
        port_required: true,
        ..Allowed::default()
    };
    address::parse(&text, allowed, &option.line.line.shared.environment)
        .map(|_| ())
        .map_err(|reason| format!("'socks4 {text}' : {reason}"))
}

pub(super) fn tls_version(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let word = option.text(0);
    let version = option.required(&format!("'{word}' : missing the ssl/tls version"))?;
    if matches!(
        version.as_str(),
        "SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"
    ) {
        return Ok(());
    }
    Err(format!("'{version}' : unknown ssl/tls version"))
}

pub(super) fn tcp_ut(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'tcp-ut' : missing TCP User Timeout value")?;
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            option.server.server.value.user_timeout =
                Some(Duration::from_millis(u64::from(time.value)));
            Ok(())
        }
        Err(TimeError::Overflow) => Err(format!(
            "timer overflow in argument '{text}' to 'tcp-ut' (maximum value is 2147483647 ms or ~24.8 days)"
        )),
        _ => Err("'tcp-ut' : expects a positive delay in milliseconds".to_owned()),
    }
}

pub(super) fn verify(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let method = option.required("'verify' : missing verify method")?;
    if !matches!(method.as_str(), "none" | "required") {
        return Err(format!(
            "'verify' : unknown verify method '{method}', only 'none' and 'required' are supported"
        ));
    }
    option.server.tls_verify = Some(method);
    Ok(())
}

pub(super) fn ws(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "auto" | "h1" => Ok(()),
        "h2" => {
            let at = option.line.line.at.clone();
            option.line.line.shared.unexecuted("ws h2", &at);
            Ok(())
        }
        _ => Err("'ws' has to be 'auto', 'h1' or 'h2'".to_owned()),
    }
}
