//! `default_backend`, `use_backend`, `use-server`: where a request goes (manual 4.2).
//!
//! ```text
//! use_backend static if { path_beg /static }
//! use_backend bk_%[hdr(host),lower]
//! default_backend dynamic
//! ```

use locum_model::{Located, expr::LogFormat, rule::Switch};

use super::{ProxyKeyword, Sections, http_rules::points};
use crate::{
    load::{Capability, Lowered, ProxyLine},
    lowering::{ConditionError, Point, Points, lower_condition, lower_format},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword::executed(
        "default_backend",
        Sections::CLIENTS,
        "<backend>",
        default_backend,
    ),
    ProxyKeyword::executed(
        "use-server",
        Sections::SERVERS_ONLY,
        "<server> { if|unless } <condition>",
        use_server,
    ),
    ProxyKeyword::executed(
        "use_backend",
        Sections::CLIENTS_ONLY,
        "<backend> [{ if|unless } <condition>]",
        use_backend,
    ),
];

fn default_backend(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Frontend, "default_backend");
    if !line.line.has(1) {
        return Err("'default_backend' expects a backend name.".into());
    }
    line.line.at_most(1, 1)?;
    let at = line.line.at_word(1);
    line.draft.frontend.default_backend =
        Some(Located::new(LogFormat::constant(line.line.text(1)), at));
    Ok(())
}

fn use_backend(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("use_backend")?;
    line.lacks(Capability::Frontend, "use_backend");
    if !line.line.has(1) {
        return Err("'use_backend' expects a backend name.".into());
    }
    let points = Points::of(Point::FrontendSwitch);
    let words = line.line.words;
    let mut place = line.place(points, "use_backend expression");
    let condition = match lower_condition(&words[2..], &mut place) {
        Ok(condition) => condition,
        Err(ConditionError::Unexpected(found)) => {
            return Err(format!(
                "unexpected keyword '{found}' after switching rule, only 'if' and 'unless' are allowed."
            )
            .into());
        }
        Err(ConditionError::Wrong(reason)) => {
            return Err(format!("error detected while parsing switching rule : {reason}.").into());
        }
    };
    let result = lower_format(
        &words[1].text,
        &mut line.place(points, "use_backend expression"),
    );
    let target = match result {
        Ok(target) => target,
        Err(reason) => {
            // The reference looks at the name when all files were read.
            let (at, shown) = (&line.line.at, line.line.text(1));
            let text =
                format!("Parsing [{at}]: failed to parse use_backend rule '{shown}' : {reason}.");
            line.line.shared.late_alerts.push(text);
            return Ok(());
        }
    };
    let rule = Located::new(Switch { target, condition }, line.line.at.clone());
    line.draft.proxy.rules.use_backend.push(rule);
    line.draft.seen_rule("use_backend");
    Ok(())
}

fn use_server(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("use-server")?;
    line.lacks(Capability::Backend, "use-server");
    if !line.line.has(1) {
        return Err("'use-server' expects a server name.".into());
    }
    let words = line.line.words;
    if !matches!(line.line.bytes(2), b"if" | b"unless") {
        return Err(
            "'use-server' requires either 'if' or 'unless' followed by a condition.".into(),
        );
    }
    let points = points(
        line.draft,
        Point::BackendServerChoice,
        Point::BackendServerChoice,
    );
    let mut place = line.place(points, "use-server expression");
    let condition = match lower_condition(&words[2..], &mut place) {
        Ok(condition) => condition,
        Err(ConditionError::Unexpected(found) | ConditionError::Wrong(found)) => {
            return Err(format!("error detected while parsing switching rule : {found}.").into());
        }
    };
    let target = lower_format(
        &words[1].text,
        &mut line.place(points, "use-server expression"),
    )
    .map_err(|reason| format!("use-server: {reason}."))?;
    let rule = Located::new(Switch { target, condition }, line.line.at.clone());
    line.draft.proxy.rules.use_server.push(rule);
    line.draft.seen_rule("use-server");
    Ok(())
}
