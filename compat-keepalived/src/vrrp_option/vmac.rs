//! Interfaces of the instance's own: `use_vmac`, `use_vmac_addr`, `vmac_xmit_base`, `use_ipvlan`.

use locum_model::{
    address::Network,
    vrrp::{Family, Ipvlan, IpvlanMode, Vmac},
};
use locum_parser::keepalived::Line;

use super::{agrees, current, name};
use crate::{
    load::{Abort, Pass, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("use_ipvlan", use_ipvlan),
    row("use_vmac", use_vmac),
    row("use_vmac_addr", |pass, _| {
        current(pass).model.use_vmac_addr = true;
        Ok(())
    }),
    row("vmac_xmit_base", |pass, _| {
        current(pass).model.vmac_xmit_base = true;
        Ok(())
    }),
];

/// The kernel's limit on an interface's name.
pub(crate) const LONGEST_NAME: usize = 15;

/// `use_vmac [NAME] [MAC]`
fn use_vmac(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let mut vmac = Vmac::default();
    for index in 1..line.words.len() {
        let text = value::word(line, index).unwrap_or_default();
        if text.contains(':') {
            vmac.mac = mac(pass, &text).or(vmac.mac);
        } else if vmac.name.is_some() {
            pass.error("VMAC interface name already specified");
        } else if text.len() > LONGEST_NAME || text.contains([' ', '\t', '/']) {
            pass.error(format!(
                "VMAC interface name '{text}' too long or invalid characters - ignoring"
            ));
        } else if free(pass, &text) {
            vmac.name = Some(text);
        }
    }
    current(pass).model.vmac = Some(vmac);
    Ok(())
}

/// Whether nobody else has a vmac or an interface of that name.
fn free(pass: &mut Pass<'_>, name: &str) -> bool {
    let owner = self::name(pass);
    let other = pass.draft.instances.iter().find(|one| {
        let vmac = one
            .model
            .vmac
            .as_ref()
            .and_then(|vmac| vmac.name.as_deref());
        one.name() != owner && vmac == Some(name)
    });
    if let Some(other) = other.map(|one| one.name().to_owned()) {
        pass.error(format!(
            "({owner}) VRRP instance {other} is already using {name} - ignoring name"
        ));
        return false;
    }
    let found = pass.interface(name);
    if found.is_some_and(|found| !found.private_macvlan) {
        pass.error(format!("({owner}) interface {name} already exists and is not a private macvlan; ignoring vmac if_name"));
        return false;
    }
    true
}

/// Six octets, or five that the virtual router's id completes.
fn mac(pass: &mut Pass<'_>, text: &str) -> Option<[u8; 6]> {
    let octets: Option<Vec<u8>> = text
        .split(':')
        .map(|octet| {
            let fits = (1..=2).contains(&octet.len());
            u8::from_str_radix(octet, 16).ok().filter(|_| fits)
        })
        .collect();
    let Some(octets) = octets.filter(|octets| octets.len() >= 5) else {
        pass.error(format!("VMAC invalid MAC address {text}"));
        return None;
    };
    if octets.starts_with(&[0, 0, 0x5e, 0, 1]) || octets.starts_with(&[0, 0, 0x5e, 0, 2]) {
        pass.error(format!(
            "VMAC MAC address not allowed to be RFC5798 address ({text}) - ignoring"
        ));
        return None;
    }
    if octets[0] & 1 == 1 {
        pass.error(format!("VMAC MAC address is multicast {text} - ignoring"));
        return None;
    }
    if octets.len() > 6 {
        pass.error(format!("VMAC invalid MAC address {text}"));
        return None;
    }
    let last = octets.get(5).copied().or(current(pass).vrid).unwrap_or(0);
    Some([octets[0], octets[1], octets[2], octets[3], octets[4], last])
}

/// `use_ipvlan [NAME] [ADDRESS] [bridge|private|vepa]`
fn use_ipvlan(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let owner = name(pass);
    let mut ipvlan = Ipvlan::default();
    for index in 1..line.words.len() {
        let text = value::word(line, index).unwrap_or_default();
        let network: Option<Network> = value::network_of(&text).map(|(network, _)| network);
        match text.as_str() {
            "bridge" => ipvlan.mode = IpvlanMode::Bridge,
            "private" => ipvlan.mode = IpvlanMode::Private,
            "vepa" => ipvlan.mode = IpvlanMode::Vepa,
            _ if network.is_some() => {
                let family = network.map_or(Family::Inet, |network| Family::of(network.ip));
                if agrees(current(pass), family) {
                    ipvlan.address = network;
                }
            }
            _ if ipvlan.name.is_some() => pass.error(format!(
                "({owner}) IPVLAN interface already specified - ignoring '{text}'"
            )),
            _ => ipvlan.name = Some(text),
        }
    }
    current(pass).model.ipvlan = Some(ipvlan);
    Ok(())
}
