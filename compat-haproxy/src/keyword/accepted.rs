//! Words that need no execution: defaults for TLS sockets that don't exist, pollers of other systems, switches that are
//! always so with us (manual 3).

use locum_model::expr::VarScope;

use super::{GlobalKeyword, ProxyKeyword, State};
use crate::{
    load::{Fault, LOCAL_PEER, Lowered},
    lowering::{Point, Points},
    section::GlobalLine,
};

/// None of proxies.
pub static PROXY: &[ProxyKeyword] = &[];

/// Words of `global`.
pub static GLOBAL: &[GlobalKeyword] = &[
    row("busy-polling", State::Tuning, flag),
    row("ca-base", State::Executed, directory),
    row("cluster-secret", State::Tuning, secret),
    row("cpu-map", State::Tuning, cpu_map),
    row("crt-base", State::Executed, directory),
    row(
        "expose-experimental-directives",
        State::Executed,
        experimental,
    ),
    row("external-check", State::Executed, flag),
    row("h1-accept-payload-with-any-method", State::Unexecuted, flag),
    row("localpeer", State::Executed, localpeer),
    row("no-memory-trimming", State::Executed, flag),
    row("noepoll", State::Tuning, flag),
    row("noevports", State::Executed, flag),
    row("nogetaddrinfo", State::Tuning, flag),
    row("nokqueue", State::Executed, flag),
    row("nopoll", State::Executed, flag),
    row("nosplice", State::Executed, flag),
    row("numa-cpu-mapping", State::Executed, anything),
    row("pp2-never-send-local", State::Executed, flag),
    row("profiling.tasks", State::Tuning, profiling),
    row("server-state-base", State::Executed, state_base),
    row("server-state-file", State::Executed, state_file),
    row("set-var", State::Executed, set_var),
    row("set-var-fmt", State::Executed, set_var),
    row("ssl-default-bind-ciphers", State::Executed, tls_default),
    row(
        "ssl-default-bind-ciphersuites",
        State::Executed,
        tls_default,
    ),
    row("ssl-default-bind-curves", State::Executed, tls_default),
    row("ssl-default-bind-options", State::Executed, tls_options),
    row("ssl-default-server-ciphers", State::Executed, tls_default),
    row(
        "ssl-default-server-ciphersuites",
        State::Executed,
        tls_default,
    ),
    row("ssl-default-server-options", State::Executed, tls_options),
    row("ssl-dh-param-file", State::Executed, dh_file),
    row("ssl-server-verify", State::Executed, server_verify),
    row("thread-group", State::Tuning, anything),
    row("thread-groups", State::Tuning, thread_groups),
];

const fn row(
    name: &'static str,
    state: State,
    lower: fn(&mut GlobalLine<'_, '_>) -> Lowered,
) -> GlobalKeyword {
    GlobalKeyword {
        name,
        arguments: "",
        state,
        lower,
    }
}

fn flag(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 1)?;
    if line.line.bytes(0) == b"pp2-never-send-local" {
        line.global.pp2_never_send_local = true;
    }
    Ok(())
}

fn anything(_: &mut GlobalLine<'_, '_>) -> Lowered {
    Ok(())
}

fn experimental(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.shared.notes.allows_experimental = true;
    Ok(())
}

fn keep(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let (word, value) = (line.line.text(0), line.line.text(1));
    line.global.ssl.words.insert(word, value);
    Ok(())
}

fn directory(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let word = line.line.text(0);
    if !line.line.has(1) {
        return Err(
            format!("global statement '{word}' expects a directory path as an argument.").into(),
        );
    }
    keep(line)
}

fn tls_default(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let word = line.line.text(0);
    if !line.line.has(1) {
        let what = if word.ends_with("curves") {
            "a curves suite as an arguments"
        } else {
            "a cipher suite as an argument"
        };
        return Err(format!("global statement '{word}' expects {what}.").into());
    }
    keep(line)
}

/// Options of `ssl-default-bind-options` that stand alone.
const TLS_FLAGS: &[&str] = &[
    "allow-0rtt",
    "force-sslv3",
    "force-tlsv10",
    "force-tlsv11",
    "force-tlsv12",
    "force-tlsv13",
    "no-ca-names",
    "no-sslv3",
    "no-tls-tickets",
    "no-tlsv10",
    "no-tlsv11",
    "no-tlsv12",
    "no-tlsv13",
    "prefer-client-ciphers",
    "strict-sni",
];

fn tls_options(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    if !line.line.has(1) {
        return Err(format!("global statement '{word}' expects an option as an argument.").into());
    }
    let mut at = 1;
    let mut options = Vec::new();
    while line.line.has(at) {
        let option = line.line.text(at);
        options.push(option.clone());
        match option.as_str() {
            "ssl-min-ver" | "ssl-max-ver" => {
                at += 1;
                let version = line.line.text(at);
                if !matches!(
                    version.as_str(),
                    "SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"
                ) {
                    let reason = if version.is_empty() {
                        format!("'{option}' : missing the ssl/tls version")
                    } else {
                        format!("'{version}' : unknown ssl/tls version")
                    };
                    return Err(reason.into());
                }
                options.push(version);
            }
            flag if TLS_FLAGS.contains(&flag) => {}
            _ => {
                return Err(
                    format!("unknown option '{option}' on global statement '{word}'.").into(),
                );
            }
        }
        at += 1;
    }
    line.global.ssl.words.insert(word, options.join(" "));
    Ok(())
}

fn dh_file(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err("'ssl-dh-param-file' expects a file path as an argument.".into());
    }
    let path = line.line.text(1);
    if std::fs::read(&path).is_err() {
        return Err(format!(
            "'ssl-dh-param-file': unable to load DH parameters from file <{path}>."
        )
        .into());
    }
    keep(line)
}

fn server_verify(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    match line.line.bytes(1) {
        b"" => Err("'ssl-server-verify' expects an integer argument.".into()),
        b"none" | b"required" => keep(line),
        _ => Err("'ssl-server-verify' expects 'none' or 'required' as argument.".into()),
    }
}

fn secret(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if line.line.has(1) {
        Ok(())
    } else {
        Err("expects an ASCII string argument.".into())
    }
}

fn localpeer(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err("'localpeer' expects a name as an argument.".into());
    }
    if line.line.shared.options.local_peer.is_some() {
        line.line.warn(
            "'localpeer' ignored since it is already set by using the '-L' command line argument.",
        );
        return Ok(());
    }
    // Nothing but the environment knows it as long as there are no peers.
    let name = line.line.bytes(1).to_vec();
    line.line.shared.environment.set(LOCAL_PEER, &name);
    Ok(())
}

fn cpu_map(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(2) {
        return Err("cpu-map expects a process number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  followed by a list of CPU ranges with numbers from 0 to 63.".into());
    }
    let text = line.line.text(1);
    let set = text.strip_prefix("auto:").unwrap_or(&text);
    let fine =
        matches!(set, "all" | "odd" | "even") || set.starts_with(|c: char| c.is_ascii_digit());
    if fine {
        Ok(())
    } else {
        Err(format!("cpu-map : '{text}' is not a valid number/range.").into())
    }
}

fn profiling(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let text = line.line.text(1);
    match text.as_str() {
        "on" | "off" | "auto" => Ok(()),
        _ => Err(format!(
            "'profiling.tasks' expects either 'on', 'auto', or 'off' but got '{text}'."
        )
        .into()),
    }
}

fn thread_groups(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let text = line.line.text(1);
    match text.parse::<i64>() {
        Err(_) => Err(format!(
            "'thread-groups' passed a missing or unparsable integer value in '{text}'"
        )
        .into()),
        Ok(1) => Ok(()),
        Ok(number) => {
            Err(format!("'thread-groups' value must be between 1 and 1 (was {number})").into())
        }
    }
}

fn state_base(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("'server-state-base' expects one argument: a directory path.".into());
    }
    line.global.server_state.0 = Some(line.line.text(1));
    Ok(())
}

fn state_file(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("'server-state-file' expect one argument: a file path.".into());
    }
    line.global.server_state.1 = Some(line.line.text(1));
    Ok(())
}

fn set_var(line: &mut GlobalLine<'_, '_>) -> Lowered {
    use locum_model::{Located, expr::Var};
    let word = line.line.text(0);
    let is_format = word == "set-var-fmt";
    if !line.line.has(2) {
        let what = if is_format {
            "format string"
        } else {
            "sample expression"
        };
        return Err(format!(
            "'{word}' requires a process-wide variable name ('proc.<name>') and a {what}."
        )
        .into());
    }
    let name = line.line.text(1);
    let Some((scope, own)) = name.split_once('.') else {
        return Err(scope_error(&name));
    };
    let scope = match scope {
        "proc" => VarScope::Proc,
        "sess" | "txn" | "req" | "res" | "check" => {
            return Err(format!("'{word}': cannot set variable '{name}', only scope 'proc' is permitted in the global section.").into());
        }
        _ => return Err(scope_error(&name)),
    };
    let acls = std::collections::HashMap::new();
    let at = line.line.at.clone();
    let words = line.line.words;
    let mut place = line
        .line
        .shared
        .place(&acls, Points::of(Point::Configuration), &at);
    let value = if is_format {
        locum_model::proxy::GlobalVar::Format(crate::lowering::lower_format(
            &words[2].text,
            &mut place,
        )?)
    } else {
        let (lowered, _) = crate::lowering::lower_expr_words(&words[2..], &mut place)?;
        if !lowered
            .fetch
            .points
            .intersects(Points::of(Point::Configuration))
        {
            return Err(format!(
                "fetch method '{word}({name})' extracts information from '{}', none of which is available here",
                lowered.fetch.needs
            )
            .into());
        }
        locum_model::proxy::GlobalVar::Expr(lowered.expr)
    };
    line.global.vars.push(Located::new(
        (
            Var {
                scope,
                name: own.to_owned(),
            },
            value,
        ),
        at,
    ));
    Ok(())
}

fn scope_error(name: &str) -> Fault {
    Fault::Spaced(format!(
        "invalid variable name '{name}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
    ))
}
