//! The rows: what each word of a `server` line sets.

use std::time::Duration;

use locum_model::{
    Text,
    proxy::{InitAddress, Observe, OnError, OnMarkedDown, OnMarkedUp, ProxyProtocol},
};
use locum_parser::haproxy::units::{self, TimeError, TimeUnit};

use super::{OptionWord, ServerOption, source};
use crate::{
    address::{self, Allowed},
    keyword::State,
};

type Lower = fn(&mut OptionWord<'_, '_, '_>) -> Result<(), String>;

const fn row(name: &'static str, arguments: usize, state: State, lower: Lower) -> ServerOption {
    ServerOption {
        name,
        arguments,
        in_default: true,
        state,
        lower,
    }
}

const fn own(name: &'static str, arguments: usize, state: State, lower: Lower) -> ServerOption {
    ServerOption {
        name,
        arguments,
        in_default: false,
        state,
        lower,
    }
}

/// All options, sorted.
pub static ROWS: &[ServerOption] = &[
    row("addr", 1, State::Executed, addr),
    row("agent-addr", 1, State::Unexecuted, agent_addr),
    row("agent-check", 0, State::Unexecuted, |option| {
        option.server.probe.agent = true;
        Ok(())
    }),
    row("agent-inter", 1, State::Tuning, |option| {
        delay(option, "expects a delay as argument.").map(|_| ())
    }),
    row("agent-port", 1, State::Tuning, agent_port),
    row("agent-send", 1, State::Tuning, |option| {
        required(option, "'agent-send' expects a string as argument.")
    }),
    row("allow-0rtt", 0, State::Tuning, nothing),
    row("alpn", 1, State::Tuning, |option| {
        required(
            option,
            "'alpn' : missing the comma-delimited ALPN protocol suite",
        )
    }),
    row("backup", 0, State::Executed, |option| {
        option.server.server.value.member.backup = true;
        Ok(())
    }),
    row("ca-file", 1, State::Tuning, |option| {
        required(option, "'ca-file' : missing CAfile path")
    }),
    row("check", 0, State::Executed, |option| {
        option.server.check = true;
        Ok(())
    }),
    row("check-alpn", 1, State::Unexecuted, |option| {
        required(
            option,
            "'check-alpn' : missing the comma-delimited ALPN protocol suite",
        )
    }),
    row("check-proto", 1, State::Executed, |option| {
        protocol(option, "check-proto")
    }),
    row("check-send-proxy", 0, State::Executed, |option| {
        option.server.probe.send_proxy = true;
        Ok(())
    }),
    row("check-sni", 1, State::Unexecuted, |option| {
        required(option, "'check-sni' : missing SNI")
    }),
    row("check-ssl", 0, State::Unexecuted, |option| {
        option.server.tls = true;
        Ok(())
    }),
    row("check-via-socks4", 0, State::Unexecuted, nothing),
    row("ciphers", 1, State::Tuning, |option| {
        required(option, "'ciphers' : missing cipher suite")
    }),
    row("ciphersuites", 1, State::Tuning, |option| {
        required(option, "'ciphersuites' : missing cipher suite")
    }),
    row("cookie", 1, State::Executed, cookie),
    row("crl-file", 1, State::Tuning, |option| {
        required(option, "'crl-file' : missing CRLfile path")
    }),
    row("crt", 1, State::Tuning, |option| {
        required(option, "'crt' : missing certificate file path")
    }),
    row("disabled", 0, State::Executed, |option| {
        option.server.server.value.disabled = true;
        Ok(())
    }),
    row("downinter", 1, State::Executed, |option| {
        option.server.probe.down_inter = Some(delay(option, "expects a delay as argument.")?);
        Ok(())
    }),
    row("enabled", 0, State::Executed, |option| {
        option.server.server.value.disabled = false;
        Ok(())
    }),
    row("error-limit", 1, State::Executed, error_limit),
    row("fall", 1, State::Executed, |option| {
        option.server.probe.fall = positive(option)?;
        Ok(())
    }),
    row("fastinter", 1, State::Executed, |option| {
        option.server.probe.fast_inter = Some(delay(option, "expects a delay as argument.")?);
        Ok(())
    }),
    row("force-sslv3", 0, State::Tuning, nothing),
    row("force-tlsv10", 0, State::Tuning, nothing),
    row("force-tlsv11", 0, State::Tuning, nothing),
    row("force-tlsv12", 0, State::Tuning, nothing),
    row("force-tlsv13", 0, State::Tuning, nothing),
    own("id", 1, State::Executed, id),
    row("init-addr", 1, State::Executed, init_addr),
    row("inter", 1, State::Executed, |option| {
        option.server.probe.inter = delay(option, "expects a delay as argument.")?;
        Ok(())
    }),
    row("log-proto", 1, State::Tuning, log_proto),
    row("max-reuse", 1, State::Executed, max_reuse),
    row("maxconn", 1, State::Executed, |option| {
        option.server.server.value.maxconn = count(option);
        Ok(())
    }),
    row("maxqueue", 1, State::Executed, |option| {
        option.server.server.value.maxqueue = count(option);
        Ok(())
    }),
    row("minconn", 1, State::Executed, |option| {
        option.server.server.value.minconn = count(option);
        Ok(())
    }),
    row("namespace", 1, State::Unexecuted, namespace),
    row("no-agent-check", 0, State::Executed, |option| {
        option.server.probe.agent = false;
        Ok(())
    }),
    row("no-backup", 0, State::Executed, |option| {
        option.server.server.value.member.backup = false;
        Ok(())
    }),
    row("no-check", 0, State::Executed, |option| {
        option.server.check = false;
        Ok(())
    }),
    row("no-check-send-proxy", 0, State::Executed, |option| {
        option.server.probe.send_proxy = false;
        Ok(())
    }),
    row("no-check-ssl", 0, State::Executed, nothing),
    row("no-send-proxy", 0, State::Executed, no_send_proxy),
    row("no-send-proxy-v2", 0, State::Executed, no_send_proxy),
    row("no-send-proxy-v2-ssl", 0, State::Executed, no_send_proxy),
    row("no-send-proxy-v2-ssl-cn", 0, State::Executed, no_send_proxy),
    row("no-ssl", 0, State::Executed, |option| {
        option.server.tls = false;
        Ok(())
    }),
    row("no-ssl-reuse", 0, State::Tuning, nothing),
    row("no-sslv3", 0, State::Tuning, nothing),
    row("no-tfo", 0, State::Executed, |option| {
        option.server.server.value.fast_open = false;
        Ok(())
    }),
    row("no-tls-tickets", 0, State::Tuning, nothing),
    row("no-tlsv10", 0, State::Tuning, nothing),
    row("no-tlsv11", 0, State::Tuning, nothing),
    row("no-tlsv12", 0, State::Tuning, nothing),
    row("no-tlsv13", 0, State::Tuning, nothing),
    row("no-verifyhost", 0, State::Tuning, nothing),
    row("non-stick", 0, State::Tuning, |option| {
        option.server.server.value.non_stick = true;
        Ok(())
    }),
    row("npn", 1, State::Tuning, |option| {
        required(
            option,
            "'npn' : missing the comma-delimited NPN protocol suite",
        )
    }),
    row("observe", 1, State::Executed, observe),
    row("on-error", 1, State::Executed, on_error),
    row("on-marked-down", 1, State::Executed, on_marked_down),
    row("on-marked-up", 1, State::Executed, on_marked_up),
    row("pool-low-conn", 1, State::Executed, pool_low_conn),
    row("pool-max-conn", 1, State::Executed, pool_max_conn),
    row("pool-purge-delay", 1, State::Executed, pool_purge_delay),
    row("port", 1, State::Executed, port),
    row("proto", 1, State::Executed, |option| {
        protocol(option, "proto")
    }),
    row("proxy-v2-options", 1, State::Executed, proxy_v2_options),
    row("redir", 1, State::Executed, redir),
    row("resolve-net", 1, State::Tuning, |option| {
        required(option, "'resolve-net' expects a list of networks.")
    }),
    row("resolve-opts", 1, State::Tuning, nothing),
    row("resolve-prefer", 1, State::Executed, resolve_prefer),
    row("resolvers", 1, State::Unexecuted, resolvers),
    row("rise", 1, State::Executed, |option| {
        option.server.probe.rise = positive(option)?;
        Ok(())
    }),
    row("send-proxy", 0, State::Executed, |option| {
        option.server.server.value.send_proxy = Some(ProxyProtocol::V1);
        Ok(())
    }),
    row("send-proxy-v2", 0, State::Executed, |option| {
        send_v2(option, &[])
    }),
    row("send-proxy-v2-ssl", 0, State::Executed, |option| {
        send_v2(option, &["ssl"])
    }),
    row("send-proxy-v2-ssl-cn", 0, State::Executed, |option| {
        send_v2(option, &["ssl", "cert-cn"])
    }),
    row("slowstart", 1, State::Executed, slowstart),
    row("sni", 1, State::Unexecuted, sni),
    row("socks4", 1, State::Unexecuted, socks4),
    row("source", 0, State::Executed, source::source),
    row("ssl", 0, State::Unexecuted, |option| {
        option.server.tls = true;
        Ok(())
    }),
    row("ssl-max-ver", 1, State::Tuning, tls_version),
    row("ssl-min-ver", 1, State::Tuning, tls_version),
    row("ssl-reuse", 0, State::Tuning, nothing),
    row("stick", 0, State::Executed, |option| {
        option.server.server.value.non_stick = false;
        Ok(())
    }),
    row("tcp-ut", 1, State::Executed, tcp_ut),
    row("tfo", 0, State::Executed, |option| {
        option.server.server.value.fast_open = true;
        Ok(())
    }),
    row("tls-tickets", 0, State::Tuning, nothing),
    row("track", 1, State::Executed, track),
    row("usesrc", 0, State::Executed, |_| {
        Err("'usesrc' only allowed after a 'source' statement.".to_owned())
    }),
    row("verify", 1, State::Tuning, verify),
    row("verifyhost", 1, State::Tuning, |option| {
        required(option, "'verifyhost' : missing hostname to verify against")
    }),
    row("weight", 1, State::Executed, weight),
    row("ws", 1, State::Executed, ws),
];

fn nothing(_: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    Ok(())
}

fn required(option: &mut OptionWord<'_, '_, '_>, otherwise: &str) -> Result<(), String> {
    option.required(otherwise).map(|_| ())
}

/// A number of connections: 0 and what is no number mean no limit.
fn count(option: &OptionWord<'_, '_, '_>) -> Option<u32> {
    u32::try_from(option.number(1))
        .ok()
        .filter(|number| *number > 0)
}

fn positive(option: &OptionWord<'_, '_, '_>) -> Result<u32, String> {
    let word = option.text(0);
    option.required(&format!("'{word}' expects an integer argument."))?;
    match u32::try_from(option.number(1).min(i64::from(u32::MAX))) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("'{word}' has to be > 0.")),
    }
}

/// A delay that isn't 0. The reference calls every one of them `agent-inter` when a character is wrong.
fn delay(option: &mut OptionWord<'_, '_, '_>, otherwise: &str) -> Result<Duration, String> {
    let (word, server) = (option.text(0), option.name.to_owned());
    let text = option.required(&format!("'{word}' {otherwise}"))?;
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_some() => Err(format!(
            "unexpected character '{}' in 'agent-inter' argument of server {server}.",
            char::from(time.trailing.unwrap_or(b' '))
        )),
        Ok(time) if time.value == 0 => Err(format!(
            "invalid value 0 for argument '{word}' of server {server}."
        )),
        Ok(time) => Ok(Duration::from_millis(u64::from(time.value))),
        Err(TimeError::Overflow) => Err(format!(
            "timer overflow in argument <{text}> to <{word}> of server {server}, maximum value is 2147483647 ms (~24.8 days)."
        )),
        Err(TimeError::Unexpected(byte)) => Err(format!(
            "unexpected character '{}' in 'agent-inter' argument of server {server}.",
            char::from(byte)
        )),
        Err(TimeError::Empty) => Err(format!("'{word}' {otherwise}")),
    }
}

fn addr(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'addr' expects <ipv4|ipv6> as argument.")?;
    let parsed =
        address::parse(&text, Allowed::default()).map_err(|reason| format!("'addr' : {reason}"))?;
    option.server.probe.port = parsed.address.port().or(option.server.probe.port);
    option.server.probe.address = Some(parsed.address);
    Ok(())
}

fn agent_addr(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'agent-addr' expects an address as argument.")?;
    match address::resolve(&text, address::Family::Any) {
        Some(_) => Ok(()),
        None => Err(format!(
            "parsing agent-addr failed. Check if '{text}' is correct address."
        )),
    }
}

fn agent_port(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'agent-port' expects a port number as argument.")?;
    option.server.probe.agent_port = u16::try_from(option.number(1)).unwrap_or(0);
    Ok(())
}

fn port(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'port' expects a port number as argument.")?;
    option.server.probe.port = u16::try_from(option.number(1))
        .ok()
        .filter(|port| *port > 0);
    Ok(())
}

fn protocol(option: &mut OptionWord<'_, '_, '_>, word: &str) -> Result<(), String> {
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

fn cookie(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let value = option.required("'cookie' expects <value> as argument.")?;
    option.server.server.value.cookie = Some(Text::from(value));
    Ok(())
}

fn error_limit(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'error-limit' expects an integer argument.")?;
    let number = option.number(1);
    if number <= 0 {
        return Err("error-limit has to be > 0.".to_owned());
    }
    option.server.server.value.error_limit = u32::try_from(number).unwrap_or(u32::MAX);
    Ok(())
}

fn id(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'id' : expects an integer argument")?;
    let number = option.number(1);
    if number <= 0 {
        return Err("'id' : custom id has to be > 0".to_owned());
    }
    option.server.server.value.id = u32::try_from(number).unwrap_or(u32::MAX);
    option.server.has_id = true;
    Ok(())
}

fn init_addr(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
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

fn log_proto(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "legacy" | "octet-count" => Ok(()),
        other => Err(format!(
            "'log-proto' expects one of 'legacy' or 'octet-count' but got '{other}'"
        )),
    }
}

fn max_reuse(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'max-reuse' expects <value> as argument.")?;
    option.server.server.value.max_reuse = u32::try_from(option.number(1)).ok();
    Ok(())
}

fn namespace(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let name = option.required("'namespace' : expects <name> as argument")?;
    if name == "*" || std::fs::File::open(format!("/var/run/netns/{name}")).is_ok() {
        return Ok(());
    }
    Err(format!("Cannot open namespace '{name}'"))
}

fn no_send_proxy(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.server.server.value.send_proxy = None;
    Ok(())
}

fn send_v2(option: &mut OptionWord<'_, '_, '_>, options: &[&str]) -> Result<(), String> {
    let mut all: Vec<String> = options.iter().map(|word| (*word).to_owned()).collect();
    all.extend(option.server.proxy_options.clone());
    option.server.server.value.send_proxy = Some(ProxyProtocol::V2(all));
    Ok(())
}

fn proxy_v2_options(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
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

fn observe(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let mode = option.required("'observe' expects <mode> as argument.")?;
    option.server.server.value.observe = match mode.as_str() {
        "none" => None,
        "layer4" => Some(Observe::Layer4),
        "layer7"
            if option.line.draft.proxy.mode == locum_model::proxy::Mode::Http
                || option.line.draft.is_defaults =>
        {
            Some(Observe::Layer7)
        }
        "layer7" => {
            // The reference says so as an alert and goes on.
            let had = option.line.line.shared.fatal;
            let text = format!(
                "[{}] : 'server {}/{}' : 'layer7' can only be used in http proxies..",
                option.line.line.at,
                option.line.draft.name(),
                option.name
            );
            let at = option.line.line.at.clone();
            option.line.line.shared.alert(&at, text);
            option.line.line.shared.fatal = had;
            None
        }

        other => {
            return Err(format!(
                "'observe' expects one of 'none', 'layer4', 'layer7' but got '{other}'"
            ));
        }
    };
    Ok(())
}

fn on_error(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.server.server.value.on_error = match option.text(1).as_str() {
        "fastinter" => OnError::FastInter,
        "fail-check" => OnError::FailCheck,
        "sudden-death" => OnError::SuddenDeath,
        "mark-down" => OnError::MarkDown,
        other => {
            return Err(format!(
                "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '{other}'"
            ));
        }
    };
    Ok(())
}

fn on_marked_down(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "shutdown-sessions" => {
            option.server.server.value.on_marked_down = OnMarkedDown::ShutdownSessions
        }
        other => {
            return Err(format!(
                "'on-marked-down' expects 'shutdown-sessions' but got '{other}'"
            ));
        }
    }
    Ok(())
}

fn on_marked_up(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "shutdown-backup-sessions" => {
            option.server.server.value.on_marked_up = OnMarkedUp::ShutdownBackupSessions;
        }
        other => {
            return Err(format!(
                "'on-marked-up' expects 'shutdown-backup-sessions' but got '{other}'"
            ));
        }
    }
    Ok(())
}

fn pool_low_conn(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'pool-low-conn' expects <value> as argument.")?;
    option.server.server.value.pool_low_conn = u32::try_from(option.number(1)).unwrap_or(0);
    Ok(())
}

fn pool_max_conn(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'pool-max-conn' expects <value> as argument.")?;
    let number = option.number(1);
    if number < -1 {
        return Err("'pool-max-conn' must be >= -1".to_owned());
    }
    option.server.server.value.pool_max_conn = u32::try_from(number).ok();
    Ok(())
}

fn pool_purge_delay(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'pool-purge-delay' expects <value> as argument.")?;
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            option.server.server.value.pool_purge_delay =
                Duration::from_millis(u64::from(time.value));
            Ok(())
        }
        Err(TimeError::Overflow) => Err(format!(
            "timer overflow in argument '{text}' to 'pool-purge-delay' (maximum value is 2147483647 ms or ~24.8 days)"
        )),
        Ok(time) => Err(format!(
            "unexpected character '{}' in argument to <pool-purge-delay>.",
            char::from(time.trailing.unwrap_or(b' '))
        )),
        Err(TimeError::Unexpected(byte)) => Err(format!(
            "unexpected character '{}' in argument to <pool-purge-delay>.",
            char::from(byte)
        )),
        Err(TimeError::Empty) => Err("'pool-purge-delay' expects <value> as argument.".to_owned()),
    }
}

fn redir(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let prefix = option.required("'redir' expects <prefix> as argument.")?;
    option.server.server.value.redirect_prefix = Some(Text::from(prefix));
    Ok(())
}

fn resolve_prefer(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "ipv4" => option.server.family = address::Family::V4,
        "ipv6" => option.server.family = address::Family::V6,
        _ => return Err("'resolve-prefer' expects either ipv4 or ipv6 as argument.".to_owned()),
    }
    Ok(())
}

fn resolvers(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.server.resolvers = Some(option.text(1));
    Ok(())
}

fn slowstart(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let server = option.name.to_owned();
    let text = option.required("'slowstart' expects a delay as argument.")?;
    let unexpected = |byte: u8| {
        format!(
            "unexpected character '{}' in 'slowstart' argument of server {server}.",
            char::from(byte)
        )
    };
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            let delay = Duration::from_millis(u64::from(time.value));
            option.server.server.value.slowstart = (time.value > 0).then_some(delay);
            Ok(())
        }
        Err(TimeError::Overflow) => Err(format!(
            "overflow in argument <{text}> to <slowstart> of server {server}, maximum value is 2147483647 ms (~24.8 days)."
        )),
        Ok(time) => Err(unexpected(time.trailing.unwrap_or(b' '))),
        Err(TimeError::Unexpected(byte)) => Err(unexpected(byte)),
        Err(TimeError::Empty) => Err("'slowstart' expects a delay as argument.".to_owned()),
    }
}

fn sni(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'sni' : missing sni expression")?;
    let points = crate::lowering::Points::of(crate::lowering::Point::ServerConnection);
    let mut place = option.line.place(points, "server SNI expression");
    crate::lowering::lower_expr(text.as_bytes(), &mut place)
        .map(|_| ())
        .map_err(|reason| format!("error detected while parsing sni expression : {reason}"))
}

fn socks4(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'socks4' expects <addr>:<port> as argument.")?;
    let allowed = Allowed {
        port_required: true,
        ..Allowed::default()
    };
    address::parse(&text, allowed)
        .map(|_| ())
        .map_err(|reason| format!("'socks4 {text}' : {reason}"))
}

fn tls_version(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
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

fn tcp_ut(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
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

fn track(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'track' expects [<proxy>/]<server> as argument.")?;
    let (backend, server) = text.split_once('/').unwrap_or(("", &text));
    option.server.server.value.track = Some((backend.to_owned(), server.to_owned()));
    Ok(())
}

fn verify(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let method = option.required("'verify' : missing verify method")?;
    if !matches!(method.as_str(), "none" | "required") {
        return Err(format!(
            "'verify' : unknown verify method '{method}', only 'none' and 'required' are supported"
        ));
    }
    option.server.tls_verify = Some(method);
    Ok(())
}

fn weight(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let number = option.number(1);
    match u32::try_from(number) {
        Ok(weight @ 0..=256) => {
            option.server.server.value.member.weight = weight;
            option.server.weight_said = true;
            Ok(())
        }
        _ => Err(format!(
            "weight of server {} is not within 0 and 256 ({number}).",
            option.name
        )),
    }
}

fn ws(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
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
