//! The rows: what each word of a `bind` line sets.

use std::time::Duration;

use locum_model::proxy::{BindProcess, StatsLevel};
use locum_parser::haproxy::units::{self, TimeUnit};

use super::{BindLine, BindOption, TlsBind};
use crate::{
    keyword::State,
    load::{SectionLine, lenient_number},
};

/// All options in the reference's order: its "did you mean" goes through them.
pub static ROWS: &[BindOption] = &[
    row(
        "accept-netscaler-cip",
        1,
        State::Unexecuted,
        accept_netscaler_cip,
    ),
    row("accept-proxy", 0, State::Executed, |bind, _, _| {
        bind.bind.accept_proxy = true;
        Ok(())
    }),
    row("allow-0rtt", 0, State::Tuning, tls_flag),
    row("alpn", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing the comma-delimited ALPN protocol suite")
    }),
    row("backlog", 1, State::Executed, backlog),
    row("ca-file", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing CAfile path")
    }),
    row("ca-ignore-err", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing error IDs list")
    }),
    row("ca-sign-file", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing CAfile path")
    }),
    row("ca-sign-pass", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing CAkey password")
    }),
    row("ca-verify-file", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing CAfile path")
    }),
    row("ciphers", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing cipher suite")
    }),
    row("ciphersuites", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing cipher suite")
    }),
    row("crl-file", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing CRLfile path")
    }),
    row("crt", 1, State::Unexecuted, crt),
    row("crt-ignore-err", 1, State::Unexecuted, |_, line, at| {
        tls_value(line, at, "missing error IDs list")
    }),
    row("crt-list", 1, State::Unexecuted, crt_list),
    row("curves", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing curve suite")
    }),
    row("defer-accept", 0, State::Executed, |bind, _, _| {
        bind.bind.defer_accept = true;
        Ok(())
    }),
    row("ecdhe", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing named curve")
    }),
    row("expose-fd", 1, State::Executed, expose_fd),
    row("force-sslv3", 0, State::Tuning, tls_flag),
    row("force-tlsv10", 0, State::Tuning, tls_flag),
    row("force-tlsv11", 0, State::Tuning, tls_flag),
    row("force-tlsv12", 0, State::Tuning, tls_flag),
    row("force-tlsv13", 0, State::Tuning, tls_flag),
    row("generate-certificates", 0, State::Unexecuted, tls_flag),
    row("gid", 1, State::Executed, gid),
    row("group", 1, State::Executed, group),
    row("id", 1, State::Executed, id),
    row("interface", 1, State::Executed, interface),
    row("level", 1, State::Executed, level),
    row("maxconn", 1, State::Executed, maxconn),
    row("mode", 1, State::Executed, mode),
    row("mss", 1, State::Executed, mss),
    row("name", 1, State::Executed, name),
    row("namespace", 1, State::Executed, namespace),
    row("nice", 1, State::Executed, nice),
    row("no-ca-names", 0, State::Tuning, tls_flag),
    row("no-sslv3", 0, State::Tuning, tls_flag),
    row("no-tls-tickets", 0, State::Tuning, tls_flag),
    row("no-tlsv10", 0, State::Tuning, tls_flag),
    row("no-tlsv11", 0, State::Tuning, tls_flag),
    row("no-tlsv12", 0, State::Tuning, tls_flag),
    row("no-tlsv13", 0, State::Tuning, tls_flag),
    row("npn", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing the comma-delimited NPN protocol suite")
    }),
    row("prefer-client-ciphers", 0, State::Tuning, tls_flag),
    row("process", 1, State::Executed, process),
    row("proto", 1, State::Executed, proto),
    row("severity-output", 1, State::Tuning, severity_output),
    row("shards", 1, State::Executed, shards),
    row("ssl", 0, State::Unexecuted, ssl),
    row("ssl-max-ver", 1, State::Tuning, tls_version),
    row("ssl-min-ver", 1, State::Tuning, tls_version),
    row("strict-sni", 0, State::Tuning, tls_flag),
    row("tcp-ut", 1, State::Executed, tcp_ut),
    row("tfo", 0, State::Executed, |bind, _, _| {
        bind.bind.fast_open = true;
        Ok(())
    }),
    row("thread", 1, State::Executed, thread),
    row("tls-ticket-keys", 1, State::Tuning, |_, line, at| {
        tls_value(line, at, "missing TLS ticket keys file path")
    }),
    row("transparent", 0, State::Executed, |bind, _, _| {
        bind.bind.transparent = true;
        Ok(())
    }),
    row("uid", 1, State::Executed, uid),
    row("user", 1, State::Executed, user),
    row("v4v6", 0, State::Executed, |bind, _, _| {
        bind.bind.v6only = Some(false);
        Ok(())
    }),
    row("v6only", 0, State::Executed, |bind, _, _| {
        bind.bind.v6only = Some(true);
        Ok(())
    }),
    row("verify", 1, State::Unexecuted, verify),
];

type Lower = fn(&mut BindLine, &mut SectionLine<'_, '_>, usize) -> Result<(), String>;

const fn row(name: &'static str, arguments: usize, state: State, lower: Lower) -> BindOption {
    BindOption {
        name,
        arguments,
        state,
        lower,
    }
}

/// The word behind the one at `at`, or the complaint that it is missing.
fn value(line: &SectionLine<'_, '_>, at: usize, missing: &str) -> Result<String, String> {
    if line.has(at + 1) {
        return Ok(line.text(at + 1));
    }
    Err(format!("'{}' : {missing}", line.text(at)))
}

fn number(line: &SectionLine<'_, '_>, at: usize, missing: &str) -> Result<i64, String> {
    value(line, at, missing).map(|text| lenient_number(text.as_bytes()))
}

fn accept_netscaler_cip(
    _: &mut BindLine,
    line: &mut SectionLine<'_, '_>,
    at: usize,
) -> Result<(), String> {
    match number(line, at, "missing value")? {
        0 => Err("'accept-netscaler-cip' : invalid value 0, must be >= 0".to_owned()),
        _ => Ok(()),
    }
}

fn backlog(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let number = number(line, at, "missing value")?;
    if number < 0 {
        return Err(format!("'backlog' : invalid value {number}, must be > 0"));
    }
    bind.bind.backlog = u32::try_from(number).ok().filter(|number| *number > 0);
    Ok(())
}

fn maxconn(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let number = number(line, at, "missing value")?;
    if number < 0 {
        return Err(format!("'maxconn' : invalid value {number}, must be >= 0"));
    }
    bind.bind.maxconn = u32::try_from(number).ok().filter(|number| *number > 0);
    Ok(())
}

fn expose_fd(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    match value(line, at, "missing fd type")?.as_str() {
        "listeners" => bind.bind.expose_listeners = true,
        other => {
            return Err(format!(
                "'expose-fd' only supports 'listeners' (got '{other}')"
            ));
        }
    }
    Ok(())
}

fn gid(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let number = number(line, at, "missing value")?;
    bind.bind.access.gid = u32::try_from(number).ok();
    Ok(())
}

fn uid(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let number = number(line, at, "missing value")?;
    bind.bind.access.uid = u32::try_from(number).ok();
    Ok(())
}

fn group(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let name = value(line, at, "missing group name")?;
    match nix::unistd::Group::from_name(&name) {
        Ok(Some(group)) => bind.bind.access.gid = Some(group.gid.as_raw()),
        _ => return Err(format!("'group' : unknown group name '{name}'")),
    }
    Ok(())
}

fn user(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let name = value(line, at, "missing user name")?;
    match nix::unistd::User::from_name(&name) {
        Ok(Some(user)) => bind.bind.access.uid = Some(user.uid.as_raw()),
        _ => return Err(format!("'user' : unknown user name '{name}'")),
    }
    Ok(())
}

fn id(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let text = value(line, at, "expects an integer argument")?;
    let Ok(number) = text.parse::<i64>() else {
        return Err(format!(
            "'id' : expects an integer argument, found '{text}'"
        ));
    };
    match u32::try_from(number) {
        Ok(id) if id > 0 => bind.bind.id = id,
        _ => return Err("'id' : custom id has to be > 0".to_owned()),
    }
    Ok(())
}

fn interface(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    bind.bind.interface = Some(value(line, at, "missing interface name")?);
    Ok(())
}

fn level(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    bind.bind.level = Some(match value(line, at, "missing level")?.as_str() {
        "user" => StatsLevel::User,
        "operator" => StatsLevel::Operator,
        "admin" => StatsLevel::Admin,
        other => {
            return Err(format!(
                "'level' only supports 'user', 'operator', and 'admin' (got '{other}')"
            ));
        }
    });
    Ok(())
}

fn mode(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let text = line.text(at + 1);
    let bits = text.strip_prefix('-').unwrap_or(&text);
    match u32::from_str_radix(bits, 8) {
        Ok(bits) => bind.bind.access.mode = Some(bits & 0o7777),
        Err(_) => {
            return Err(format!(
                "'mode' : missing or invalid mode '{text}' (octal integer expected)"
            ));
        }
    }
    Ok(())
}

fn mss(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let number = number(line, at, "missing MSS value")?;
    if number == 0 || number.abs() > 65535 {
        return Err(
            "'mss' : expects an MSS with and absolute value between 1 and 65535".to_owned(),
        );
    }
    bind.bind.mss = i32::try_from(number).ok();
    Ok(())
}

fn name(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    bind.bind.name = Some(value(line, at, "missing name")?);
    Ok(())
}

fn namespace(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let name = value(line, at, "missing namespace id")?;
    if std::fs::File::open(format!("/var/run/netns/{name}")).is_err() {
        line.shared
            .alert_plain(format!("Cannot open namespace '{name}'."));
        return Err("error encountered while processing 'namespace'.".to_owned());
    }
    bind.bind.namespace = Some(name);
    Ok(())
}

fn nice(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let number = number(line, at, "missing value")?;
    if !(-1024..=1024).contains(&number) {
        return Err(format!(
            "'nice' : invalid value {number}, allowed range is -1024..1024"
        ));
    }
    bind.bind.nice = i32::try_from(number).unwrap_or(0);
    Ok(())
}

fn process(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let text = line.text(at + 1);
    let (set, threads) = text.split_once('/').unwrap_or((&text, ""));
    let complain = |set: &str, digits: bool| {
        let more = if digits {
            " It supports numbers from 1 to 1."
        } else {
            ""
        };
        format!("'process' : '{set}' is not a valid number/range.{more}")
    };
    if !matches!(set, "all" | "odd" | "even" | "1") {
        return Err(complain(
            set,
            set.is_empty() || set.starts_with(|c: char| c.is_ascii_digit() || c == '-'),
        ));
    }
    let hint = if threads.is_empty() {
        String::new()
    } else {
        format!(" Please use 'thread {threads}' instead.")
    };
    let shown = &bind.shown;
    line.warn(&format!(
        "{shown} : 'process {text}' on 'bind' lines is deprecated and will be removed in 2.7.{hint}"
    ));
    if !threads.is_empty() {
        bind.bind.threads.push(thread_set(threads)?);
    }
    Ok(())
}

fn thread(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let text = line.text(at + 1);
    let (group, set) = match text.split_once('/') {
        Some((group, set)) => (Some(group), set),
        None => (None, text.as_str()),
    };
    // There is one group.
    if let Some(group) = group.and_then(|group| group.parse::<u32>().ok())
        && group != 1
    {
        return Err(format!(
            "'{text}' thread-group number must be between 1 and 1 (was {group})"
        ));
    }
    let set = thread_set(set)?;
    bind.thread_of_group |= group.is_some();
    bind.bind.threads.push(set);
    Ok(())
}

/// Threads that sockets may be tied to.
const MAX_THREADS: u32 = 64;

fn thread_set(text: &str) -> Result<BindProcess, String> {
    let bad = |more: bool| {
        let more = if more {
            " It supports numbers from 1 to 64."
        } else {
            ""
        };
        format!("'{text}' : '{text}' is not a valid number/range.{more}")
    };
    match text {
        "all" | "odd" | "even" => {
            return Ok(BindProcess {
                first: 1,
                last: MAX_THREADS,
            });
        }
        _ => {}
    }
    if !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Err(bad(false));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) if first >= 1 && last <= MAX_THREADS && first <= last => {
            Ok(BindProcess { first, last })
        }
        _ => Err(bad(true)),
    }
}

fn proto(_: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let name = value(line, at, "missing value")?;
    match name.as_str() {
        "h1" | "none" => Ok(()),
        "h2" => {
            let place = line.at.clone();
            line.shared.unexecuted("proto h2", &place);
            Ok(())
        }
        "fcgi" => Ok(()),
        _ => Err(format!("'proto' :  unknown MUX protocol '{name}'")),
    }
}

fn severity_output(
    bind: &mut BindLine,
    line: &mut SectionLine<'_, '_>,
    at: usize,
) -> Result<(), String> {
    let text = value(line, at, "missing severity format")?;
    if !matches!(text.as_str(), "none" | "number" | "string") {
        return Err(format!(
            "'severity-output' only supports 'none', 'number', and 'string' (got '{text}')"
        ));
    }
    bind.bind.severity_output = Some(text);
    Ok(())
}

fn shards(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let text = value(line, at, "missing value")?;
    if text == "by-thread" {
        bind.bind.shards = 0;
        return Ok(());
    }
    let number = lenient_number(text.as_bytes());
    match u32::try_from(number) {
        Ok(shards @ 1..=MAX_THREADS) => bind.bind.shards = shards,
        _ => {
            return Err(format!(
                "'shards' : invalid value {number}, allowed range is 1..64 or 'by-thread'"
            ));
        }
    }
    Ok(())
}

fn tcp_ut(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let text = value(line, at, "missing TCP User Timeout value")?;
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            bind.bind.user_timeout = Some(Duration::from_millis(u64::from(time.value)));
            Ok(())
        }
        Err(units::TimeError::Overflow) => Err(format!(
            "timer overflow in argument '{text}' to 'tcp-ut' (maximum value is 2147483647 ms or ~24.8 days)"
        )),
        _ => Err("'tcp-ut' : expects a positive delay in milliseconds".to_owned()),
    }
}

fn tls<'b>(bind: &'b mut BindLine, line: &SectionLine<'_, '_>) -> &'b mut TlsBind {
    bind.tls.get_or_insert_with(|| TlsBind {
        address: line.text(1),
        at: line.at.clone(),
        has_certificate: false,
        enabled: false,
    })
}

fn ssl(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, _: usize) -> Result<(), String> {
    tls(bind, line).enabled = true;
    Ok(())
}

fn crt(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let path = value(line, at, "missing certificate location")?;
    certificate(&path)?;
    tls(bind, line).has_certificate = true;
    Ok(())
}

/// What can be said about a certificate without reading keys: the file is there and holds one.
fn certificate(path: &str) -> Result<(), String> {
    let found = std::fs::metadata(path).map_err(|error| {
        let reason = crate::load::reason(&error);
        format!("unable to stat SSL certificate from file '{path}' : {reason}.")
    })?;
    if found.is_dir() {
        return Ok(());
    }
    let holds_one = std::fs::read(path).is_ok_and(|bytes| {
        let begin = b"-----BEGIN ";
        bytes.windows(begin.len()).any(|window| window == begin)
    });
    if holds_one {
        Ok(())
    } else {
        Err(format!("unable to load certificate from file '{path}'."))
    }
}

fn crt_list(bind: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    value(line, at, "missing certificate location")?;
    tls(bind, line).has_certificate = true;
    Ok(())
}

fn verify(_: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    match value(line, at, "missing verify method")?.as_str() {
        "none" | "optional" | "required" => Ok(()),
        other => Err(format!(
            "'verify' : unknown verify method '{other}', only 'none', 'optional', and 'required' are supported"
        )),
    }
}

fn tls_version(_: &mut BindLine, line: &mut SectionLine<'_, '_>, at: usize) -> Result<(), String> {
    let version = value(line, at, "missing the ssl/tls version")?;
    if matches!(
        version.as_str(),
        "SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"
    ) {
        return Ok(());
    }
    Err(format!("'{version}' : unknown ssl/tls version"))
}

fn tls_flag(_: &mut BindLine, _: &mut SectionLine<'_, '_>, _: usize) -> Result<(), String> {
    Ok(())
}

fn tls_value(line: &SectionLine<'_, '_>, at: usize, missing: &str) -> Result<(), String> {
    value(line, at, missing).map(|_| ())
}
