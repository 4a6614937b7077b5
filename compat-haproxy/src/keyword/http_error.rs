//! `http-error status CODE …`: an error reply with a body of its own (manual 4.2).
//!
//! ```text
//! http-error status 404 content-type text/plain string "not here"
//! ```

use locum_model::{Located, rule::ReplyBody};

use super::{ProxyKeyword, Sections, State, errorfile::STATUSES};
use crate::{
    action,
    load::{Fault, Lowered, ProxyLine},
    lowering::{Points, RuleWords},
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
    let without_status = "expects at least a <status> as arguments.\n";
    let words = line.line.words;
    let mut place = line.place(Points::ALL, "http-error expression");
    let mut reader = RuleWords::of_reply(words, &mut place);
    let read = action::reply::read(&mut reader, ReplyBody::Empty);
    let rest = String::from_utf8_lossy(reader.peek()).into_owned();
    let fail = |reason: &str| Fault::from(format!("http-error : {reason}"));
    let reply = read.map_err(|reason| fail(&reason))?;
    let status = reply.status.ok_or_else(|| fail(without_status))?;
    if !rest.is_empty() {
        return Err(fail(&format!("unknown keyword '{rest}'.")));
    }
    if !STATUSES.contains(&status) {
        return Err(Fault::from(format!(
            "http-error: status code '{status}' not handled."
        )));
    }
    let at = line.line.at.clone();
    match reply.body {
        ReplyBody::ErrorPages(name) => {
            let uses = &mut line.draft.error_page_uses;
            uses.push((name, vec![status], at));
        }
        _ => {
            let errors = &mut line.draft.proxy.errors;
            errors.insert(status, Located::new(reply, at));
        }
    }
    Ok(())
}
