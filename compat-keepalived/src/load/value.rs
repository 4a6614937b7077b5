//! Values that many words take: switches, addresses, interfaces, scripts.

use std::net::IpAddr;

use locum_model::{
    Text,
    address::Network,
    keepalived::DynamicInterfaces,
    script::{Account, Script},
};
use locum_parser::keepalived::Line;

use super::{Kind, Pass, number};

/// `true on yes`, `false off no`; nothing else.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "on" | "yes" => Some(true),
        "false" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// A word of a line, counted from 0.
pub fn word(line: &Line, index: usize) -> Option<String> {
    line.words.get(index).map(|word| word.lossy().into_owned())
}

/// A switch as a word's only parameter; without one it is on. What isn't a switch is given back.
pub fn switch(line: &Line) -> Result<bool, String> {
    match word(line, 1) {
        None => Ok(true),
        Some(text) => boolean(&text).ok_or(text),
    }
}

/// An address with an optional prefix length; the reference keeps the address when the length is bad.
pub fn network(pass: &mut Pass<'_>, text: &str) -> Option<Network> {
    let Some((network, messages)) = network_of(text) else {
        pass.error(format!("VRRP parsed invalid IP {text}. skipping IP..."));
        return None;
    };
    for message in messages {
        pass.error(message);
    }
    Some(network)
}

/// The same without a pass: the network and what there is to say about its length.
pub fn network_of(text: &str) -> Option<(Network, Vec<String>)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let ip: IpAddr = address.parse().ok()?;
    let full = if ip.is_ipv4() { 32 } else { 128 };
    let mut messages = Vec::new();
    let length = match prefix {
        None => full,
        Some(prefix) => {
            let read = number::unsigned(prefix, 0, full);
            messages = read.messages;
            read.value.unwrap_or_else(|| {
                messages.push(format!(
                    "Invalid address prefix len {prefix} for address {text} - using {full}"
                ));
                full
            })
        }
    };
    let network = Network {
        ip,
        prefix: u8::try_from(length).unwrap_or(128),
    };
    Some((network, messages))
}

/// Whether an address is one of a group, of either family.
pub fn is_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_multicast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

impl Pass<'_> {
    /// Whether an interface may be named: it is there, or may come (`dynamic_interfaces`), which is told once.
    pub fn interface_is_usable(&mut self, name: &str) -> bool {
        if self.interface(name).is_some() {
            return true;
        }
        let may_come = self.draft.configuration.global.dynamic_interfaces != DynamicInterfaces::No;
        if may_come && self.system().expects(name) {
            self.tell(Kind::Log, format!(
                "Configuration specifies interface {name} which doesn't currently exist - will use if created"
            ));
        }
        may_come
    }

    /// Notes that an interface is missing, if that matters: the daemon must not start. `text` tells where it was named.
    pub fn interface_named(&mut self, name: &str, text: impl FnOnce() -> String) {
        if !self.interface_is_usable(name) {
            self.error(text());
            self.draft.interface_missing = true;
        }
    }

    /// The account of `user [group]`, two words of a line; `None` if one of them is unknown.
    pub fn account(&mut self, user: &str, group: Option<&str>) -> Option<Account> {
        let account = self.system().user(user)?;
        match group {
            None => Some(account),
            Some(group) => {
                let gid = self.system().group(group)?;
                Some(Account { gid, ..account })
            }
        }
    }

    /// The script of `WORD SCRIPT [USER [GROUP]]`, as notifications are written. Without a user it runs as the
    /// default one. Whether the program may be run shows later.
    pub fn notify_script(&mut self, line: &Line) -> Option<Script> {
        let command = self.script_words(line)?;
        let (first, rest) = command.split_first()?;
        let argv = split_command(first);
        let text = |index: usize| {
            rest.get(index)
                .map(|word: &Vec<u8>| String::from_utf8_lossy(word).into_owned())
        };
        let account = match text(0) {
            Some(user) => self.account(&user, text(1).as_deref())?,
            None => self.default_account()?,
        };
        Some(Script { argv, account })
    }

    /// The line's words behind the first, with both kinds of quotes and escapes.
    pub fn script_words(&mut self, line: &Line) -> Option<Vec<Vec<u8>>> {
        match line.strings() {
            Ok(mut words) if !words.is_empty() => {
                words.remove(0);
                Some(words)
            }
            Ok(_) => None,
            Err(error) => {
                let text = String::from_utf8_lossy(line.text()).into_owned();
                self.error(format!("String '{text}': {error}"));
                None
            }
        }
    }

    /// Whom scripts run as when they don't say (`script_user`, `keepalived_script`, ourselves).
    pub fn default_account(&mut self) -> Option<Account> {
        if self.draft.script_user_failed {
            return None;
        }
        if let Some(account) = self.draft.configuration.global.script_user {
            return Some(account);
        }
        if let Some(account) = self.system().user("keepalived_script") {
            return Some(account);
        }
        if self.draft.configuration.global.script_security {
            self.error("Unable to set default user keepalived_script for script");
            return None;
        }
        Some(self.system().own_account())
    }

    /// Something about script security.
    pub fn security(&mut self, text: impl Into<String>) {
        self.tell(Kind::Security, text);
    }
}

/// A script with its arguments in one string, cut once more.
pub fn split_command(text: &[u8]) -> Vec<Text> {
    let words = locum_parser::keepalived::strings(text).unwrap_or_default();
    words.into_iter().map(Text::from).collect()
}
