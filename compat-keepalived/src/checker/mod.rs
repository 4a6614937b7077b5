//! Checkers of real servers, a file a family (keepalived.conf(5), "healthcheckers").

mod connection;
mod http;
mod misc;
mod network;
mod state;

use locum_model::{
    Located,
    check::{Checker, CheckerKind},
};
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass},
    lvs::{switch, timing_rows},
    row::{Row, Rows, accepted},
};

/// The checkers, as words of `real_server`.
pub(crate) const ROWS: &[Row] = &[
    accepted("BFD_CHECK", state::bfd_check),
    accepted("DNS_CHECK", network::dns_check),
    accepted("FILE_CHECK", state::file_check),
    accepted("HTTP_GET", http::http_get),
    accepted("MISC_CHECK", misc::misc_check),
    accepted("PING_CHECK", network::ping_check),
    accepted("SMTP_CHECK", network::smtp_check),
    accepted("SSL_GET", http::http_get),
    accepted("TCP_CHECK", network::tcp_check),
    accepted("UDP_CHECK", network::udp_check),
];

pub(crate) use http::{ROWS as HTTP, URL};
pub(crate) use misc::ROWS as MISC;
pub(crate) use network::{DNS, PLAIN, SMTP, UDP};
pub(crate) use state::{BFD, FILE};

/// What every checker but those of files and sessions takes.
const COMMON: &[Row] = &[
    accepted("alpha", |pass, line| {
        let alpha = switch(pass, line, "Invalid alpha parameter");
        set(pass, |checker| checker.alpha = alpha.or(checker.alpha))
    }),
    accepted("log_all_failures", |pass, line| {
        match switch(pass, line, "Invalid log_all_failures parameter") {
            Some(all) => set(pass, |checker| checker.log_all_failures = all),
            None => Ok(()),
        }
    }),
];
const TIMING: &[Row] = timing_rows::COMMON;

/// Reads a checker's block; it is given back for a last look.
fn read(pass: &mut Pass<'_>, kind: CheckerKind, rows: Rows) -> Result<Option<Checker>, Abort> {
    let kind: Located<CheckerKind> = pass.located(kind);
    pass.draft.lvs.checker = Some(Checker::new(kind));
    pass.block(rows)?;
    Ok(pass.draft.lvs.checker.take())
}

/// A checker is the real server's.
fn keep(pass: &mut Pass<'_>, checker: Option<Checker>) {
    if let Some(real) = &mut pass.draft.lvs.real {
        real.checkers.extend(checker);
    }
}

fn set(pass: &mut Pass<'_>, change: impl FnOnce(&mut Checker)) -> Result<(), Abort> {
    if let Some(checker) = &mut pass.draft.lvs.checker {
        change(checker);
    }
    Ok(())
}

/// The same for what only this kind of checker has.
fn set_kind(pass: &mut Pass<'_>, change: impl FnOnce(&mut CheckerKind)) -> Result<(), Abort> {
    set(pass, |checker| change(&mut checker.kind.value))
}

/// Reads a block without more to say at its end.
fn plain(pass: &mut Pass<'_>, _line: &Line, kind: CheckerKind, rows: Rows) -> Result<(), Abort> {
    let checker = read(pass, kind, rows)?;
    keep(pass, checker);
    Ok(())
}
