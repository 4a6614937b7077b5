//! What the reference says to words of older versions, and those of them that nobody executes.

use super::{GlobalKeyword, ProxyKeyword, Sections, State};
use crate::{
    load::{Fault, Lowered, ProxyLine},
    section::GlobalLine,
};

/// Words of proxies that are errors here too.
pub static PROXY: &[ProxyKeyword] = &[proxy("appsession"), proxy("bind-process"), proxy("grace")];

/// Words of `global` that are errors here too.
pub static GLOBAL: &[GlobalKeyword] =
    &[GlobalKeyword::executed("tune.chksize", "<number>", chksize)];

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
    if line.line.bytes(0) == b"bind-process" {
        let at = line.line.at.clone();
        let text = format!(
            "parsing [{at}]: 'bind-process' has no effect, is deprecated, and will be removed in version 2.7."
        );
        line.line.shared.warn(&at, text);
        return Ok(());
    }
    Err(fault(line))
}

/// The reference's error about the line's word.
pub fn fault(line: &ProxyLine<'_, '_>) -> Fault {
    let word = line.line.text(0);
    match word.as_str() {
        "grace" => {
            Fault::tight("the 'grace' keyword is not supported any more since HAProxy version 2.5.")
        }
        // The reference has forgotten them, and takes them for something else.
        "reqisetbe" | "reqsetbe" => Fault::from(format!(
            "unknown keyword '{word}' in '{}' section; did you mean 'retries' maybe ?",
            line.draft.section
        )),
        _ => {
            let said = WORDINGS.iter().find(|(known, _)| *known == word);
            let said = said.map_or("", |(_, said)| said);
            Fault::Spaced(said.replace("%s", &line.line.text(1)))
        }
    }
}

/// What is written today in place of a rule over lines.
pub fn modern(word: &str) -> &'static str {
    match word {
        "reqadd" => "http-request add-header",
        "reqallow" | "reqiallow" | "reqipass" | "reqpass" => "http-request allow",
        "reqdel" | "reqidel" => "http-request del-header",
        "reqdeny" | "reqideny" => "http-request deny",
        "reqirep" | "reqrep" => {
            "http-request replace-path', 'http-request replace-uri' or 'http-request replace-header"
        }
        "reqitarpit" | "reqtarpit" => "http-request tarpit",
        "reqisetbe" | "reqsetbe" => "use_backend",
        "rspadd" => "http-response add-header",
        "rspdel" | "rspidel" => "http-response del-header",
        "rspdeny" | "rspideny" => "http-response deny",
        _ => "http-response replace-header",
    }
}

/// What the reference says to each word; `%s` is the word's argument.
#[rustfmt::skip]
const WORDINGS: &[(&str, &str)] = &[
    ("appsession", "'appsession' is not supported anymore since HAProxy 1.6."),
    ("block", "The 'block' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which uses the exact same syntax."),
    ("monitor-net", "'monitor-net' doesn't exist anymore. Please use 'http-request return status 200 if { src %s }' instead."),
    ("redisp", "keyword 'redisp' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    ("redispatch", "keyword 'redispatch' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    ("reqadd", "The 'reqadd' directive is not supported anymore since HAProxy 2.1. Use 'http-request add-header' instead."),
    ("reqallow", "The 'reqallow' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' instead."),
    ("reqdel", "The 'reqdel' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' instead."),
    ("reqdeny", "The 'reqdeny' not supported anymore since HAProxy 2.1. Use 'http-request deny' instead."),
    ("reqiallow", "The 'reqiallow' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' instead."),
    ("reqidel", "The 'reqidel' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' instead."),
    ("reqideny", "The 'reqideny' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' instead."),
    ("reqipass", "The 'reqipass' directive is not supported anymore since HAProxy 2.1."),
    ("reqirep", "The 'reqirep' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-header' instead."),
    ("reqitarpit", "The 'reqitarpit' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' instead."),
    ("reqpass", "The 'reqpass' not supported anymore since HAProxy 2.1."),
    ("reqrep", "The 'reqrep' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-path', 'http-request replace-uri' or 'http-request replace-header' instead."),
    ("reqtarpit", "The 'reqtarpit' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' instead."),
    ("rspadd", "The 'rspadd' directive is not supported anymore since HAProxy 2.1. Use 'http-response add-header' instead."),
    ("rspdel", "The 'rspdel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' ."),
    ("rspdeny", "The 'rspdeny' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' instead."),
    ("rspidel", "The 'rspidel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' instead."),
    ("rspideny", "The 'rspideny' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' instead."),
    ("rspirep", "The 'rspirep' directive is not supported anymore since HAProxy 2.1. Use 'http-response replace-header' instead."),
    ("rsprep", "The 'rsprep' directive is not supported anymore since HAProxy 2.1. Use 'http-response replace-header' instead."),
];

/// What the reference says to `nbproc`.
pub fn nbproc() -> Fault {
    "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor machines if available.".into()
}

fn chksize(_: &mut GlobalLine<'_, '_>) -> Lowered {
    Err(Fault::tight(
        "option 'tune.chksize' is not supported any more (tune.bufsize is used instead).",
    ))
}
