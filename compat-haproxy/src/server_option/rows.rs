//! The rows: what each word of a `server` line sets.

use locum_model::proxy::ProxyProtocol;

use super::{
    OptionWord, ServerOption,
    reach::{
        addr, agent_addr, agent_port, init_addr, log_proto, namespace, no_send_proxy, port,
        protocol, proxy_v2_options, resolve_prefer, resolvers, send_v2, sni, socks4, tcp_ut,
        tls_version, verify, ws,
    },
    reaction::{error_limit, observe, on_error, on_marked_down, on_marked_up},
    share::{
        cookie, id, max_reuse, pool_low_conn, pool_max_conn, pool_purge_delay, redir, slowstart,
        track, weight,
    },
    source,
    value::{count, delay, nothing, positive, required},
};
use crate::keyword::State;

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
