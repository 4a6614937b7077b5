//! Lines of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`.
//!
//! ```text
//! 192.0.2.1/24 dev eth0 label eth0:1 no_track
//! ```

use std::net::IpAddr;

use locum_model::{
    address::Network,
    vrrp::address::{Address, Broadcast, PreferredLifetime},
};
use locum_parser::keepalived::Line;

use super::{Owner, names, track_group};
use crate::{
    load::{Abort, Pass, number, value},
    vrrp_option::LONGEST_NAME,
};

/// An address, unless it is bad enough to be left out.
pub fn read(pass: &mut Pass<'_>, line: &Line, owner: Owner) -> Result<Option<Address>, Abort> {
    let text = pass.parameter(line, 0)?;
    let Some(network) = value::network(pass, &text) else {
        return Ok(None);
    };
    let mut reading = Reading {
        pass,
        line,
        owner,
        text,
        address: Address::bare(network),
        index: 1,
    };
    let usable = reading.words();
    let Reading { address, text, .. } = reading;
    if !usable {
        return Ok(None);
    }
    if owner == Owner::Static && address.dev.is_none() {
        return Ok(with_default_interface(pass, address, &text));
    }
    Ok(Some(address))
}

/// A static address without `dev` is put on the default interface, which must be there.
fn with_default_interface(
    pass: &mut Pass<'_>,
    mut address: Address,
    text: &str,
) -> Option<Address> {
    let default = &pass.draft.configuration.global.default_interface;
    let name = default
        .as_ref()
        .map_or("eth0", |name| name.value.as_str())
        .to_owned();
    if pass.interface(&name).is_none() {
        pass.fatal_error(format!(
            "Static address {text} requires either an interface or default interface must exist"
        ));
        pass.draft.interface_missing = true;
        return None;
    }
    address.dev = Some(name);
    Some(address)
}

struct Reading<'r, 'a> {
    pass: &'r mut Pass<'a>,
    line: &'r Line,
    owner: Owner,
    text: String,
    address: Address,
    index: usize,
}

impl Reading<'_, '_> {
    /// False if the address is to be left out.
    fn words(&mut self) -> bool {
        while let Some(word) = value::word(self.line, self.index) {
            self.index += 1;
            let usable = match word.as_str() {
                "dev" => self.dev(),
                "brd" | "broadcast" => self.broadcast(&word),
                "scope" => self.scope(),
                "label" => self.label(),
                "peer" => self.peer(),
                "preferred_lft" => self.preferred_lft(),
                "track_group" if self.owner == Owner::Static => {
                    let before = self.address.track_group.take();
                    self.address.track_group =
                        track_group(self.pass, self.line, self.index, before);
                    self.parameter("track_group").is_some()
                }
                _ => self.flag(&word),
            };
            if !usable {
                return false;
            }
        }
        true
    }

    fn flag(&mut self, word: &str) -> bool {
        let address = &mut self.address;
        match word {
            "home" => address.home = true,
            "-nodad" => address.dad = true,
            "mngtmpaddr" => address.mngtmpaddr = true,
            "noprefixroute" => address.noprefixroute = true,
            "autojoin" => address.autojoin = true,
            "no_track" => address.no_track = true,
            "use_vmac" if self.owner == Owner::Instance => address.use_vmac = true,
            _ => self.pass.error(format!(
                "Unknown configuration entry '{word}' for ip address - ignoring"
            )),
        }
        true
    }

    /// The word behind an option; without one the address goes.
    fn parameter(&mut self, option: &str) -> Option<String> {
        let text = value::word(self.line, self.index);
        self.index += 1;
        if text.is_none() {
            let address = &self.text;
            self.pass
                .error(format!("No {option} parameter specified for {address}"));
        }
        text
    }

    fn dev(&mut self) -> bool {
        let Some(name) = self.parameter("dev") else {
            return false;
        };
        let text = self.text.clone();
        if self.address.dev.is_some() {
            self.pass.error(format!(
                "Cannot specify ipaddress device more than once for {text}"
            ));
            return false;
        }
        self.pass.interface_named(&name, || {
            format!("WARNING - interface {name} for ip address {text} doesn't exist")
        });
        self.address.dev = Some(name);
        true
    }

    fn broadcast(&mut self, option: &str) -> bool {
        let Some(text) = self.parameter(option) else {
            return false;
        };
        if self.address.ip().is_ipv6() {
            let address = &self.text;
            self.pass.error(format!("VRRP is trying to assign a broadcast {option} to the IPv6 address {address} !!?? WTF... skipping VIP..."));
            return false;
        }
        let broadcast = match text.as_str() {
            "+" => Broadcast::HostBitsSet,
            "-" => Broadcast::HostBitsCleared,
            _ => match text.parse() {
                Ok(ip) => Broadcast::Address(ip),
                Err(_) => {
                    self.pass.error(format!(
                        "VRRP is trying to assign invalid broadcast {text}. skipping VIP..."
                    ));
                    return false;
                }
            },
        };
        self.address.broadcast = Some(broadcast);
        true
    }

    fn scope(&mut self) -> bool {
        let Some(text) = self.parameter("scope") else {
            return false;
        };
        let address = &self.text;
        if self.address.ip().is_ipv6() {
            self.pass.error(format!(
                "Cannot specify scope for IPv6 addresses ({address}) - ignoring scope"
            ));
            return true;
        }
        match names::scope(self.pass.system(), &text) {
            Some(scope) => self.address.scope = scope,
            None => self.pass.error(format!(
                "Invalid scope '{text}' specified for {address} - ignoring"
            )),
        }
        true
    }

    fn label(&mut self) -> bool {
        let Some(label) = self.parameter("label") else {
            return false;
        };
        if self.address.ip().is_ipv6() {
            let address = &self.text;
            self.pass.error(format!(
                "Cannot specify label for IPv6 addresses ({address}) - ignoring label"
            ));
            return true;
        }
        if label.len() > LONGEST_NAME {
            self.pass.error(format!("Address label {label} is longer than maximum length {LONGEST_NAME} - removing address"));
            return false;
        }
        self.address.label = Some(label);
        true
    }

    /// `peer ADDRESS`: without a mask, whatever the manual of ip(8) says.
    fn peer(&mut self) -> bool {
        let Some(text) = self.parameter("peer") else {
            return false;
        };
        let Ok(ip) = text.parse::<IpAddr>() else {
            self.pass
                .error(format!("VRRP parsed invalid IP {text}. skipping IP..."));
            self.pass.error(format!("Invalid peer address {text}"));
            return true;
        };
        if ip.is_ipv4() != self.address.ip().is_ipv4() {
            self.pass
                .error(format!("Peer address {text} does not match address family"));
            return true;
        }
        let full = if ip.is_ipv4() { 32 } else { 128 };
        if self.address.network.prefix != full {
            self.pass
                .error("Cannot specify address prefix when specifying peer address - ignoring");
        }
        self.address.network.prefix = full;
        self.address.peer = Some(Network { ip, prefix: full });
        true
    }

    fn preferred_lft(&mut self) -> bool {
        let Some(text) = self.parameter("preferred_lft") else {
            return false;
        };
        if text == "forever" {
            self.address.preferred_lft = Some(PreferredLifetime::Forever);
            return true;
        }
        match self.pass.number(number::unsigned(&text, 0, u32::MAX)) {
            Some(seconds) => {
                self.address.preferred_lft = Some(PreferredLifetime::Seconds(seconds));
            }
            None => self.pass.error(format!("preferred_lft {text} is invalid")),
        }
        true
    }
}
