//! Words that the reference executes and we don't yet, and that could fail open: each refuses the start unless
//! `--allow-unexecuted=WORD` names it. Their arguments are checked as far as the verdict needs it.

use super::{GlobalKeyword, ProxyKeyword, Sections, State};
use crate::{
    load::{Capability, Lowered, ProxyLine},
    section::GlobalLine,
};

/// Words of proxies.
pub static PROXY: &[ProxyKeyword] = &[
    proxy("compression", Sections::ALL, State::Tuning, compression),
    proxy("email-alert", Sections::ALL, State::Tuning, email_alert),
    proxy(
        "external-check",
        Sections::SERVERS,
        State::Unexecuted,
        external_check,
    ),
    proxy(
        "load-server-state-from-file",
        Sections::SERVERS,
        State::Tuning,
        load_state,
    ),
    proxy("persist", Sections::SERVERS, State::Unexecuted, persist),
    proxy(
        "server-state-file-name",
        Sections::SERVERS,
        State::Tuning,
        state_file_name,
    ),
    proxy("stick", Sections::SERVERS_ONLY, State::Unexecuted, stick),
    proxy(
        "use-fcgi-app",
        Sections::SERVERS_ONLY,
        State::Unexecuted,
        use_fcgi_app,
    ),
    proxy("usesrc", Sections::SERVERS, State::Unexecuted, usesrc),
];

/// Words of `global`.
pub static GLOBAL: &[GlobalKeyword] = &[
    global("httpclient.resolvers.id", State::Unexecuted, anything),
    global("httpclient.resolvers.prefer", State::Unexecuted, anything),
    global("httpclient.ssl.ca-file", State::Unexecuted, anything),
    global("httpclient.ssl.verify", State::Unexecuted, anything),
    global("issuers-chain-path", State::Tuning, anything),
    global("lua-load", State::Unexecuted, lua_load),
    global("lua-load-per-thread", State::Unexecuted, lua_load),
    global("lua-prepend-path", State::Unexecuted, lua_path),
    global("ssl-load-extra-del-ext", State::Tuning, anything),
    global("ssl-load-extra-files", State::Tuning, extra_files),
    global("ssl-mode-async", State::Tuning, anything),
    global("ssl-propquery", State::Tuning, anything),
    global("ssl-provider", State::Tuning, anything),
    global("ssl-provider-path", State::Tuning, anything),
    global("ssl-skip-self-issued-ca", State::Tuning, anything),
];

const fn proxy(
    name: &'static str,
    sections: Sections,
    state: State,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections,
        arguments: "",
        state,
        lower,
    }
}

const fn global(
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

fn compression(line: &mut ProxyLine<'_, '_>) -> Lowered {
    match line.line.bytes(1) {
        b"algo" => {
            if !line.line.has(2) {
                return Err("'compression algo' expects <algorithm>.".into());
            }
            let mut at = 2;
            while line.line.has(at) {
                let name = line.line.text(at);
                if !matches!(
                    name.as_str(),
                    "identity" | "gzip" | "deflate" | "raw-deflate"
                ) {
                    return Err(
                        format!("'compression' : '{name}' is not a supported algorithm.").into(),
                    );
                }
                at += 1;
            }
            Ok(())
        }
        b"type" if !line.line.has(2) => Err("'compression' expects <type>.".into()),
        b"type" | b"offload" => Ok(()),
        _ => Err("'compression' expects 'algo', 'type' or 'offload'".into()),
    }
}

fn email_alert(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(1);
    match word.as_str() {
        "" => Err("missing argument after 'email-alert'.".into()),
        "from" | "level" | "mailers" | "myhostname" | "to" => {
            if line.line.has(2) {
                Ok(())
            } else {
                Err(format!("missing argument after '{word}'").into())
            }
        }
        _ => Err(format!("email-alert: unknown argument '{word}'.").into()),
    }
}

fn external_check(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(1);
    match word.as_str() {
        "" => Err("missing argument after 'external-check'.".into()),
        "command" | "path" if line.line.has(2) => Ok(()),
        "command" | "path" => Err(format!("missing argument after '{word}'.").into()),
        _ => Err(
            format!("'external-check' only supports 'command' and 'path'. but got '{word}'.")
                .into(),
        ),
    }
}

fn load_state(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "load-server-state-from-file");
    let word = line.line.text(1);
    match word.as_str() {
        "global" | "local" | "none" => Ok(()),
        _ => Err(format!(
            "'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '{word}'"
        )
        .into()),
    }
}

fn state_file_name(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "server-state-file-name");
    Ok(())
}

fn persist(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("missing persist method.".into());
    }
    if line.line.text(1).starts_with("rdp-cookie") {
        return Ok(());
    }
    Err("unknown persist method.".into())
}

fn stick(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("stick")?;
    if line.lacks(Capability::Backend, "stick") {
        return Ok(());
    }
    match line.line.bytes(1) {
        b"on" | b"match" | b"store-request" | b"store-response" => Ok(()),
        _ => Err("'stick' expects 'on', 'match', or 'store'.".into()),
    }
}

fn use_fcgi_app(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.draft.is_defaults || !line.draft.can(Capability::Backend) {
        return Err("'use-fcgi-app' only available in backend or listen section".into());
    }
    if line.line.has(1) {
        Ok(())
    } else {
        Err("'use-fcgi-app' expects <name> as argument".into())
    }
}

fn usesrc(_: &mut ProxyLine<'_, '_>) -> Lowered {
    Err("'usesrc' only allowed after a 'source' statement.".into())
}

fn anything(_: &mut GlobalLine<'_, '_>) -> Lowered {
    Ok(())
}

fn lua_load(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    if !line.line.has(1) {
        let what = if word == "lua-load" {
            "a file name"
        } else {
            "a file"
        };
        return Err(format!("'{word}' expects {what} as parameter.").into());
    }
    let path = line.line.text(1);
    match std::fs::File::open(&path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = crate::load::reason(&error);
            Err(format!("error in Lua file '{path}': cannot open {path}: {reason}").into())
        }
    }
}

fn lua_path(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("'lua-prepend-path' expects to receive a <path> as argument".into());
    }
    match line.line.bytes(2) {
        b"" | b"path" | b"cpath" => Ok(()),
        _ => Err("'lua-prepend-path' expects <type> to either be 'path' or 'cpath'".into()),
    }
}

fn extra_files(line: &mut GlobalLine<'_, '_>) -> Lowered {
    match line.line.bytes(1) {
        b"none" | b"all" | b"bundle" | b"sctl" | b"ocsp" | b"issuer" | b"key" => Ok(()),
        _ => Err("'ssl-load-extra-files' expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer).".into()),
    }
}
