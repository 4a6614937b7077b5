//! Words of older versions: 2.6 has errors for them, so do we (they are executed from a later version of ours on).

use super::{GlobalKeyword, ProxyKeyword, Sections, State};
use crate::{
    load::{Fault, Lowered, ProxyLine},
    section::GlobalLine,
};

/// Words of proxies.
pub static PROXY: &[ProxyKeyword] = &[
    proxy("appsession"),
    proxy("bind-process"),
    proxy("block"),
    proxy("grace"),
    proxy("monitor-net"),
    proxy("redisp"),
    proxy("redispatch"),
    proxy("reqadd"),
    proxy("reqallow"),
    proxy("reqdel"),
    proxy("reqdeny"),
    proxy("reqiallow"),
    proxy("reqidel"),
    proxy("reqideny"),
    proxy("reqipass"),
    proxy("reqirep"),
    proxy("reqisetbe"),
    proxy("reqitarpit"),
    proxy("reqpass"),
    proxy("reqrep"),
    proxy("reqsetbe"),
    proxy("reqtarpit"),
    proxy("rspadd"),
    proxy("rspdel"),
    proxy("rspdeny"),
    proxy("rspidel"),
    proxy("rspideny"),
    proxy("rspirep"),
    proxy("rsprep"),
    proxy("transparent"),
];

/// Words of `global`.
pub static GLOBAL: &[GlobalKeyword] = &[
    GlobalKeyword {
        name: "nbproc",
        arguments: "<number>",
        state: State::Executed,
        lower: nbproc,
    },
    GlobalKeyword {
        name: "tune.chksize",
        arguments: "<number>",
        state: State::Executed,
        lower: chksize,
    },
];

const fn proxy(name: &'static str) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections: Sections::ALL,
        arguments: "",
        state: State::Executed,
        lower: removed,
    }
}

fn removed(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    let modern = |what: &str| {
        Err(Fault::Spaced(format!(
            "The '{word}' directive is not supported anymore since HAProxy 2.1. Use '{what}' instead."
        )))
    };
    match word.as_str() {
        "bind-process" => {
            let at = line.line.at.clone();
            let text = format!(
                "parsing [{at}]: 'bind-process' has no effect, is deprecated, and will be removed in version 2.7."
            );
            line.line.shared.warn(&at, text);
            Ok(())
        }
        "grace" => Err(Fault::tight(
            "the 'grace' keyword is not supported any more since HAProxy version 2.5.",
        )),
        "reqrep" | "reqirep" => modern(
            "http-request replace-path', 'http-request replace-uri' or 'http-request replace-header",
        ),
        _ => modern("http-request"),
    }
}

fn nbproc(_: &mut GlobalLine<'_, '_>) -> Lowered {
    Err("nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor machines if available.".into())
}

fn chksize(_: &mut GlobalLine<'_, '_>) -> Lowered {
    Err(Fault::tight(
        "option 'tune.chksize' is not supported any more (tune.bufsize is used instead).",
    ))
}
