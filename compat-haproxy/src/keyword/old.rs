//! Words of older versions that are executed: `block`, `redispatch`, `monitor-net`, `bind-process`, `nbproc`, the timeouts'
//! first names. Under `--compat 2.6` each is the error that the reference gives.
//!
//! ```text
//! redispatch
//! block if { path_end .exe }
//! monitor-net 192.168.0.252/31
//! ```

use locum_model::{Located, proxy::RedispatchInterval};
use locum_parser::haproxy::Word;
use locum_runtime::vocab::RuleSets;

use super::{GlobalKeyword, ProxyKeyword, Sections, http_rules::points, removed, timeout};
use crate::{
    load::{Capability, Fault, Lowered, ProxyLine},
    lowering::{Point, RuleError, lower_rule},
    section::GlobalLine,
};

/// Words of proxies.
pub static PROXY: &[ProxyKeyword] = &[
    ProxyKeyword::executed(
        "block",
        Sections::PROXIES,
        "{ if | unless } <condition>",
        block,
    ),
    ProxyKeyword::executed("clitimeout", Sections::ALL, "<time>", old_timeout),
    ProxyKeyword::executed("contimeout", Sections::ALL, "<time>", old_timeout),
    ProxyKeyword::executed(
        "monitor-net",
        Sections::CLIENTS,
        "<address>[/<mask>]",
        monitor_net,
    ),
    ProxyKeyword::executed("redisp", Sections::SERVERS, "", redispatch),
    ProxyKeyword::executed("redispatch", Sections::SERVERS, "", redispatch),
    ProxyKeyword::executed("srvtimeout", Sections::ALL, "<time>", old_timeout),
];

/// Words of `global`.
pub static GLOBAL: &[GlobalKeyword] = &[GlobalKeyword::executed("nbproc", "<number>", nbproc)];

/// `block { if | unless } <condition>`: `http-request deny`, before the rules of that name.
fn block(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.old_word("http-request deny", removed::fault)?;
    line.not_in_defaults("block")?;
    if !matches!(line.line.bytes(1), b"if" | b"unless") {
        return Err("'block' requires either 'if' or 'unless' followed by a condition.".into());
    }
    let points = points(
        line.draft,
        Point::FrontendHttpRequest,
        Point::BackendHttpRequest,
    );
    let mut words = vec![Word::new("deny", line.line.at.column)];
    words.extend_from_slice(&line.line.words[1..]);
    let place = &mut line.place(points, "http-request expression");
    let rule = lower_rule(RuleSets::HTTP_REQUEST, &words, place).map_err(|error| match error {
        RuleError::UnknownAction(reason)
        | RuleError::Arguments(reason)
        | RuleError::Trailing(reason)
        | RuleError::Condition(reason) => {
            format!("error detected while parsing a 'block' condition : {reason}.")
        }
    })?;
    line.warn_order("block");
    if let Some(rule) = rule {
        let rule = Located::new(rule, line.line.at.clone());
        line.draft.proxy.rules.block.push(rule);
    }
    Ok(())
}

fn redispatch(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.old_word("option redispatch", removed::fault)?;
    if !line.lacks(Capability::Backend, "redispatch") {
        line.draft.backend.redispatch = Some(RedispatchInterval::LastRetry);
    }
    Ok(())
}

fn old_timeout(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    timeout::by_old_name(line, &word, 1)
}

fn monitor_net(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let text = line.line.text(1);
    let modern = format!("http-request return status 200 if {{ src {text} }}");
    line.old_word(&modern, removed::fault)?;
    if line.lacks(Capability::Frontend, "monitor-net") {
        return Ok(());
    }
    let network = crate::option::network(&text)
        .ok_or("'monitor-net' expects an address in form a.b.c.d[/mask].")?;
    line.line.at_most(1, 1)?;
    line.draft.monitor_net = Some(network);
    Ok(())
}

/// One process serves whatever the number: threads do what processes did.
fn nbproc(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let at = line.line.at.clone();
    line.line
        .shared
        .old_word(&at, "nbproc", "nbthread", removed::nbproc)?;
    match line.line.lenient_number(1) {
        1..=64 => Ok(()),
        _ => Err(Fault::from("'nbproc' expects a number between 1 and 64.")),
    }
}
