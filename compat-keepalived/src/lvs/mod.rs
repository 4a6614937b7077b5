//! Virtual servers, their groups and real servers (keepalived.conf(5), LVS CONFIGURATION). The checkers' process judges
//! the blocks; nothing of them is executed yet, so the top-level words refuse the start.

mod finish;
mod forwarding;
mod group;
mod real_server;
mod ssl;
mod timing;
mod virtual_server;

pub(crate) use finish::{finish, protocol_name};
pub(crate) use timing::rows as timing_rows;

use std::net::IpAddr;

use locum_model::{
    check::{Checker, Connection, Url},
    lvs::{RealServer, VirtualServer},
    script::Script,
};
use locum_parser::keepalived::{Line, strings};

use crate::{
    load::{Abort, Pass, Process, number, value},
    row::{Row, Rows, refused},
};

/// Blocks of the top level.
pub const ROWS: &[Row] = &[
    refused("SSL", |pass, line| of_checkers(pass, line, ssl::ssl)),
    refused("virtual_server", |pass, line| {
        pass.present.checkers = true;
        of_checkers(pass, line, virtual_server::virtual_server)
    }),
    refused("virtual_server_group", |pass, line| {
        of_checkers(pass, line, group::group)
    }),
];

/// Words of `virtual_server`.
pub const VIRTUAL_SERVER: Rows = virtual_server::ROWS;
/// Words of `real_server`.
pub const REAL_SERVER: Rows = real_server::ROWS;
/// Words of `SSL`.
pub const SSL: Rows = ssl::ROWS;

/// What is being read.
#[derive(Debug, Default)]
pub struct Draft {
    /// The virtual server.
    pub server: VirtualServer,
    /// The real server.
    pub real: Option<RealServer>,
    /// The checker.
    pub checker: Option<Checker>,
    /// Further connections of an SMTP_CHECK are being read into this one.
    pub host: Option<Connection>,
    /// The page of an HTTP_GET.
    pub url: Option<Url>,
    /// The account of a MISC_CHECK's script couldn't be had.
    pub account_failed: bool,
    /// The name of a BFD_CHECK was wrong.
    pub name_failed: bool,
}

fn of_checkers(
    pass: &mut Pass<'_>,
    line: &Line,
    read: fn(&mut Pass<'_>, &Line) -> Result<(), Abort>,
) -> Result<(), Abort> {
    if pass.process == Process::Checkers {
        return read(pass, line);
    }
    pass.skip_block();
    Ok(())
}

/// The virtual server that is being read.
pub(crate) fn server<'a>(pass: &'a mut Pass<'_>) -> &'a mut VirtualServer {
    &mut pass.draft.lvs.server
}

/// Address and port of a line, from its word `index` on; what is wrong with the port is told. No port is 0.
fn address(pass: &mut Pass<'_>, line: &Line, index: usize) -> Result<Option<(IpAddr, u16)>, Abort> {
    let text = pass.parameter(line, index)?;
    let port = match value::word(line, index + 1) {
        None => Some(0),
        Some(port) => self::port(pass, &port),
    };
    let ip = text.parse::<IpAddr>().ok();
    Ok(ip.zip(port))
}

/// A port; 0 is taken as none without a word.
fn port(pass: &mut Pass<'_>, text: &str) -> Option<u16> {
    if number::integer(text) == Some(0) {
        return Some(0);
    }
    let number = pass.number(number::unsigned(text, 1, 65535))?;
    u16::try_from(number).ok()
}

/// A script of a word that may stand once.
fn script(pass: &mut Pass<'_>, line: &Line, given: bool) -> Result<Option<Script>, Abort> {
    let text = pass.parameter(line, 1)?;
    if given {
        // The reference names nobody here.
        let word = value::word(line, 0).unwrap_or_default();
        pass.error(format!(
            "((null)) {word} script already specified - ignoring {text}"
        ));
        return Ok(None);
    }
    if let Some(command) = pass
        .script_words(line)
        .and_then(|words| words.into_iter().next())
        && let Err(error) = strings(&command)
    {
        pass.error(format!(
            "String '{}': {error}",
            String::from_utf8_lossy(&command)
        ));
        return Ok(None);
    }
    Ok(pass.notify_script(line))
}

/// A switch that may stand alone; `invalid` words what isn't one.
pub(crate) fn switch(pass: &mut Pass<'_>, line: &Line, invalid: &str) -> Option<bool> {
    match value::switch(line) {
        Ok(on) => Some(on),
        Err(text) => {
            pass.error(format!("{invalid} {text}"));
            None
        }
    }
}
