//! SNMP (`enable_snmp_…`): there is no agent yet; nothing depends on it.

use locum_model::keepalived::Snmp;

use crate::{
    load::{Pass, value},
    row::{Row, accepted},
};

pub(super) const ROWS: &[Row] = &[
    accepted("enable_snmp_checker", |pass, _| {
        snmp(pass).checker = true;
        Ok(())
    }),
    accepted("enable_snmp_keepalived", |pass, _| {
        snmp(pass).vrrp = true;
        Ok(())
    }),
    accepted("enable_snmp_rfc", |pass, _| {
        snmp(pass).rfc_v2 = true;
        snmp(pass).rfc_v3 = true;
        Ok(())
    }),
    accepted("enable_snmp_rfcv2", |pass, _| {
        snmp(pass).rfc_v2 = true;
        Ok(())
    }),
    accepted("enable_snmp_rfcv3", |pass, _| {
        snmp(pass).rfc_v3 = true;
        Ok(())
    }),
    accepted("enable_snmp_vrrp", |pass, _| {
        snmp(pass).vrrp = true;
        Ok(())
    }),
    accepted("enable_traps", |pass, _| {
        snmp(pass).traps = true;
        Ok(())
    }),
    accepted("snmp_socket", |pass, line| {
        match (value::word(line, 1), line.words.len()) {
            (None, _) => pass.error("SNMP error : snmp socket name missing"),
            (Some(socket), 2) => snmp(pass).socket = Some(socket),
            _ => pass.error("Too many parameters specified for snmp_socket - ignoring"),
        }
        Ok(())
    }),
];

fn snmp<'a>(pass: &'a mut Pass<'_>) -> &'a mut Snmp {
    &mut pass.draft.configuration.global.snmp
}
