//! `http-error status CODE …`: an error reply with a body of its own (manual 4.2).
//!
//! ```text
//! http-error status 404 content-type text/plain string "not here"
//! ```

use locum_model::Located;

use super::{ProxyKeyword, Sections, State, errorfile::STATUSES};
use crate::{
    load::{Fault, Lowered, ProxyLine},
    lowering::{Points, lower_reply},
};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "http-error",
    sections: Sections::ALL,
    arguments: "status <code> [content-type <type>] …",
    state: State::Executed,
    lower: http_error,
}];

fn http_error(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("http-error : expects at least a <status> as arguments.\n".into());
    }
    let words = line.line.words;
    let fail = |reason: String| {
        Fault::from(format!(
            "http-error : {}",
            if reason.starts_with("error opening") {
                format!("{reason}.")
            } else {
                reason
            }
        ))
    };
    let (reply, taken) = lower_reply(
        &words[1..],
        &mut line.place(Points::ALL, "http-error expression"),
    )
    .map_err(fail)?;
    if line.line.has(1 + taken) {
        return Err(fail(format!(
            "unknown keyword '{}'.",
            line.line.text(1 + taken)
        )));
    }
    let Some(status) = reply.status else {
        return Err(fail("expects at least a <status> as arguments.".to_owned()));
    };
    if !STATUSES.contains(&status) {
        return Err(Fault::from(format!(
            "http-error: status code '{status}' not handled."
        )));
    }
    line.draft
        .proxy
        .errors
        .insert(status, Located::new(reply, line.line.at.clone()));
    Ok(())
}
