//! `global_defs` (keepalived.conf(5), Global definitions): one file a tight family of words.
//!
//! Only the parent's reading looks into the block; children take over what it found.

mod buffers;
mod debugging;
mod firewall;
mod garp;
mod identity;
mod lvs;
mod mail;
mod processes;
mod reload;
mod scripts;
mod snmp;
mod vrrp;

use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, Process, number, value},
    row::Rows,
};

/// The words of the block.
pub const ROWS: Rows = &[
    buffers::ROWS,
    debugging::ROWS,
    firewall::ROWS,
    garp::ROWS,
    identity::ROWS,
    lvs::ROWS,
    mail::ROWS,
    processes::ROWS,
    reload::ROWS,
    scripts::ROWS,
    snmp::ROWS,
    vrrp::ROWS,
];

/// `global_defs { … }`
pub fn global_defs(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    if pass.process != Process::Parent {
        pass.skip_block();
        return Ok(());
    }
    pass.block(ROWS)
}

/// A switch whose message names the bad value: `Invalid value 'x' for global smtp_alert specified`.
fn named_switch(pass: &mut Pass<'_>, line: &Line, name: &str) -> Option<bool> {
    match value::switch(line) {
        Ok(on) => Some(on),
        Err(text) => {
            pass.error(format!(
                "Invalid value '{text}' for global {name} specified"
            ));
            None
        }
    }
}

/// A switch whose message doesn't: `Invalid value for vrrp_min_garp specified`.
fn plain_switch(pass: &mut Pass<'_>, line: &Line, name: &str) -> Option<bool> {
    match value::switch(line) {
        Ok(on) => Some(on),
        Err(_) => {
            pass.error(format!("Invalid value for {name} specified"));
            None
        }
    }
}

/// An unsigned parameter that must be there; `complaint` words a bad one.
fn required_number(
    pass: &mut Pass<'_>,
    line: &Line,
    (low, high): (u32, u32),
    complaint: impl FnOnce(&str) -> String,
) -> Result<Option<u32>, Abort> {
    let text = pass.parameter(line, 1)?;
    let value = pass.number(number::unsigned(&text, low, high));
    if value.is_none() {
        pass.error(complaint(&text));
    }
    Ok(value)
}
