//! Mail (`notification_email`, `smtp_…`).

use std::time::Duration;

use locum_model::address::Address;
use locum_parser::keepalived::Line;

use super::named_switch;
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    accepted("no_checker_emails", |pass, line| {
        if let Some(on) = named_switch(pass, line, "no_checker_emails") {
            pass.draft.configuration.global.smtp.no_checker_emails = on;
        }
        Ok(())
    }),
    row("no_email_faults", |pass, _| {
        pass.draft.configuration.global.smtp.no_email_faults = true;
        Ok(())
    }),
    row("notification_email", recipients),
    row("notification_email_from", |pass, line| {
        match value::word(line, 1) {
            Some(from) => pass.draft.configuration.global.smtp.from = Some(from),
            None => pass.error("emailfrom missing - ignoring"),
        }
        Ok(())
    }),
    row("smtp_alert", |pass, line| {
        if let Some(on) = named_switch(pass, line, "smtp_alert") {
            pass.draft.configuration.global.smtp.alert = Some(on);
        }
        Ok(())
    }),
    accepted("smtp_alert_checker", |pass, line| {
        if let Some(on) = named_switch(pass, line, "smtp_alert_checker") {
            pass.draft.configuration.global.smtp.alert_checker = Some(on);
        }
        Ok(())
    }),
    row("smtp_alert_vrrp", |pass, line| {
        if let Some(on) = named_switch(pass, line, "smtp_alert_vrrp") {
            pass.draft.configuration.global.smtp.alert_vrrp = Some(on);
        }
        Ok(())
    }),
    row("smtp_connect_timeout", connect_timeout),
    row("smtp_helo_name", |pass, line| {
        if let Some(name) = value::word(line, 1) {
            pass.draft.configuration.global.smtp.helo_name = Some(name);
        }
        Ok(())
    }),
    row("smtp_server", server),
];

fn recipients(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.no_parameters(line);
    let mut any = false;
    pass.lines(|pass, line| {
        any = true;
        let to = &mut pass.draft.configuration.global.smtp.to;
        to.extend(line.words.iter().map(|word| word.lossy().into_owned()));
        Ok(())
    })?;
    if !any {
        pass.error("Warning - empty notification_email block");
    }
    Ok(())
}

fn connect_timeout(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::unsigned(&text, 0, 4294)) {
        None => pass.error(format!(
            "smtp_connect_timeout '{text}' must be in [0, 4294] - ignoring"
        )),
        Some(seconds) => {
            if seconds == 0 {
                pass.error("smtp_conect_timeout must be greater than 0, setting to 1");
            }
            pass.draft.configuration.global.smtp.connect_timeout =
                Duration::from_secs(seconds.max(1).into());
        }
    }
    Ok(())
}

/// `smtp_server HOST [PORT]`: names are looked up now.
fn server(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let host = pass.parameter(line, 1)?;
    let port = value::word(line, 2);
    let number = match &port {
        None => Some(25),
        Some(port) => pass.number(number::unsigned(port, 1, 65_535)),
    };
    let found = number
        .and_then(|port| u16::try_from(port).ok())
        .and_then(|port| pass.system().resolve(&host, port));
    match found {
        Some(found) => {
            pass.draft.configuration.global.smtp.server = Some(Address::Ip {
                ip: found.ip(),
                port: found.port(),
            });
        }
        None => {
            let port = port.unwrap_or_else(|| "25".to_owned());
            pass.error(format!("Invalid smtp server {host} {port}"));
        }
    }
    Ok(())
}
