//! The firewall for `no_accept` and for vmacs. The reference as packaged knows nftables only.

use locum_model::keepalived::Iptables;
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    row("nftables", |pass, line| {
        nftables(pass, value::word(line, 1));
        Ok(())
    }),
    row("nftables_counters", |pass, _| {
        pass.draft.configuration.global.firewall.nftables_counters = true;
        Ok(())
    }),
    accepted("nftables_ifindex", |pass, _| {
        pass.draft.configuration.global.firewall.nftables_ifindex = true;
        Ok(())
    }),
    row("nftables_priority", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::signed(&text, i32::MIN, i32::MAX)) {
            Some(priority) => {
                pass.draft.configuration.global.firewall.nftables_priority = Some(priority);
            }
            None => pass.error(format!("invalid nftables chain priority '{text}'")),
        }
        Ok(())
    }),
    row("vrrp_ipsets", ipsets),
    row("vrrp_iptables", |pass, line| {
        pass.draft.configuration.global.firewall.iptables = Some(Iptables {
            input: value::word(line, 1).unwrap_or_else(|| "INPUT".to_owned()),
            output: value::word(line, 2),
        });
        pass.error("iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option");
        nftables(pass, None);
        Ok(())
    }),
];

fn nftables(pass: &mut Pass<'_>, table: Option<String>) {
    if pass.draft.configuration.global.firewall.nftables.is_some() {
        pass.error("nftables already specified - ignoring");
        return;
    }
    let table = table.unwrap_or_else(|| "keepalived".to_owned());
    pass.draft.configuration.global.firewall.nftables = Some(table);
}

/// Sets of iptables: the reference as packaged doesn't know the word.
fn ipsets(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.error("Unknown keyword 'vrrp_ipsets'");
    let names = line
        .words
        .iter()
        .skip(1)
        .map(|word| word.lossy().into_owned());
    pass.draft.configuration.global.firewall.ipsets = Some(names.collect());
    Ok(())
}
