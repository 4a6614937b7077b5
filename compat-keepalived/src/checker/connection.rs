//! Where a checker connects to and from.

use std::net::IpAddr;

use locum_model::check::Connection;
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, number},
    lvs::timing_rows,
    row::{Row, accepted},
};

pub(super) const ROWS: &[Row] = &[
    accepted("bind_if", |pass, line| {
        let name = pass.parameter(line, 1)?;
        set(pass, |connection| connection.bind_interface = Some(name))
    }),
    accepted("bind_port", |pass, line| {
        let port = port(pass, line, "bind_port")?;
        set(pass, |connection| {
            connection.bind_port = port.or(connection.bind_port)
        })
    }),
    accepted("bindto", |pass, line| {
        let text = pass.parameter(line, 1)?;
        let other = pass
            .draft
            .lvs
            .real
            .as_ref()
            .map(|real| real.address.value.0);
        let other = get(pass).and_then(|connection| connection.ip).or(other);
        let ip = address(pass, &text, "bindto", other);
        set(pass, |connection| {
            connection.bind_ip = ip.or(connection.bind_ip)
        })
    }),
    accepted("connect_ip", |pass, line| {
        let text = pass.parameter(line, 1)?;
        let other = get(pass).and_then(|connection| connection.bind_ip);
        let ip = address(pass, &text, "connect_ip", other);
        set(pass, |connection| connection.ip = ip.or(connection.ip))
    }),
    accepted("connect_port", |pass, line| {
        let port = port(pass, line, "connect_port")?;
        set(pass, |connection| {
            connection.port = port.or(connection.port)
        })
    }),
    timing_rows::CONNECT_TIMEOUT,
    accepted("fwmark", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::unsigned(&text, 0, u32::MAX)) {
            Some(mark) => set(pass, |connection| connection.mark = Some(mark)),
            None => {
                pass.error(format!("Invalid fwmark connection value '{text}'"));
                Ok(())
            }
        }
    }),
];

/// The connection that is being read: of an SMTP_CHECK's `host`, or of the checker.
fn get<'a>(pass: &'a mut Pass<'_>) -> Option<&'a mut Connection> {
    let draft = &mut pass.draft.lvs;
    let of_checker = draft
        .checker
        .as_mut()
        .map(|checker| &mut checker.connection);
    draft.host.as_mut().or(of_checker)
}

fn set(pass: &mut Pass<'_>, change: impl FnOnce(&mut Connection)) -> Result<(), Abort> {
    if let Some(connection) = get(pass) {
        change(connection);
    }
    Ok(())
}

fn port(pass: &mut Pass<'_>, line: &Line, word: &str) -> Result<Option<u16>, Abort> {
    let text = pass.parameter(line, 1)?;
    let number = pass.number(number::unsigned(&text, 1, 65535));
    if number.is_none() {
        pass.error(format!("Invalid checker {word} '{text}'"));
    }
    Ok(number.and_then(|number| u16::try_from(number).ok()))
}

/// An address; if the other end's is known, of its family.
fn address(pass: &mut Pass<'_>, text: &str, word: &str, other: Option<IpAddr>) -> Option<IpAddr> {
    let Ok(ip) = text.parse::<IpAddr>() else {
        pass.error(format!("Invalid {word} address {text} - ignoring"));
        return None;
    };
    if other.is_some_and(|other| other.is_ipv4() != ip.is_ipv4()) {
        let other = if word == "bindto" {
            "connect_ip"
        } else {
            "bindto"
        };
        pass.error(format!(
            "{word} address {text} does not match address family of {other} - skipping"
        ));
        return None;
    }
    Some(ip)
}
