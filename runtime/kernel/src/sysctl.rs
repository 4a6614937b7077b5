//! Settings of the network stack: files of /proc/sys/net, read, set and put back.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use locum_kernel::sysctl::{Setting, Settings};
//! let mut settings = Settings::default();
//! settings.set(Setting::ipv4("all", "rp_filter"), "0")?;
//! settings.set(Setting::ipv6("vrrp.51", "disable_ipv6"), "1")?;
//! settings.restore();                // what it was; of an interface that is gone, nothing
//! # Ok(()) }
//! ```

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write},
    path::PathBuf,
};

use crate::netlink::{Ipv4Setting, Netlink, set_ipv4};

/// One setting of an interface, of `all` or `default`, or of a whole family.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    family: &'static str,
    interface: String,
    name: &'static str,
}

impl Setting {
    /// `net.ipv4.conf.INTERFACE.NAME`.
    pub fn ipv4(interface: &str, name: &'static str) -> Self {
        Self::of("ipv4", interface, name)
    }

    /// `net.ipv6.conf.INTERFACE.NAME`.
    pub fn ipv6(interface: &str, name: &'static str) -> Self {
        Self::of("ipv6", interface, name)
    }

    /// `net.ipv4.NAME`, of no interface.
    pub fn ipv4_of_all(name: &'static str) -> Self {
        Self::of("ipv4", "", name)
    }

    fn of(family: &'static str, interface: &str, name: &'static str) -> Self {
        Self {
            family,
            interface: interface.to_owned(),
            name,
        }
    }

    /// Interfaces may have dots in their names, and here they are one folder.
    fn path(&self) -> PathBuf {
        let mut path = PathBuf::from("/proc/sys/net");
        path.push(self.family);
        if !self.interface.is_empty() {
            path.push("conf");
            path.push(&self.interface);
        }
        path.push(self.name);
        path
    }

    /// What it says now.
    ///
    /// # Errors
    /// `NotFound` when the interface is gone or the kernel has no such setting.
    pub fn read(&self) -> io::Result<String> {
        Ok(fs::read_to_string(self.path())?.trim().to_owned())
    }

    /// Its number, if it can be read and is one.
    pub fn read_number(&self) -> Option<u32> {
        self.read().ok()?.parse().ok()
    }

    /// Whether it is a number other than 0; of what can't be read it isn't.
    pub fn is_on(&self) -> bool {
        self.read_number().is_some_and(|value| value != 0)
    }

    /// Sets it.
    ///
    /// # Errors
    /// As of [`Self::read`]; `PermissionDenied` and `ReadOnlyFilesystem`, as in containers.
    pub fn write(&self, value: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).open(self.path())?;
        file.write_all(value.as_bytes())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            family,
            interface,
            name,
        } = self;
        if interface.is_empty() {
            return write!(formatter, "net.{family}.{name}");
        }
        write!(formatter, "net.{family}.conf.{interface}.{name}")
    }
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What was changed.
    pub setting: Setting,
    /// What it said.
    pub from: String,
    /// What it says now.
    pub to: String,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, from, to } = self;
        write!(formatter, "{setting} from {from} to {to}")
    }
}

/// Settings that were changed, and what they were before the first change.
#[derive(Debug, Default)]
pub struct Settings {
    /// With the interface's index for those that go through netlink.
    before: BTreeMap<Setting, (String, Option<(u32, Ipv4Setting)>)>,
}

impl Settings {
    /// Sets one, unless it says so already, and remembers what it was.
    ///
    /// # Errors
    /// As of [`Setting::write`].
    pub fn set(&mut self, setting: Setting, value: &str) -> io::Result<Option<Change>> {
        let from = setting.read()?;
        if from == value {
            return Ok(None);
        }
        setting.write(value)?;
        let entry = self.before.entry(setting.clone());
        entry.or_insert_with(|| (from.clone(), None));
        let to = value.to_owned();
        Ok(Some(Change { setting, from, to }))
    }

    /// Sets several of an interface, told by name and index, through netlink: where /proc/sys is read-only too.
    ///
    /// # Errors
    /// `ENODEV` when it is gone; `PermissionDenied`.
    pub fn set_ipv4(
        &mut self,
        netlink: &mut Netlink,
        (name, index): (&str, u32),
        settings: &[(Ipv4Setting, u32)],
    ) -> io::Result<()> {
        let mut before = Vec::with_capacity(settings.len());
        for (setting, value) in settings {
            let file = Setting::ipv4(name, setting.name());
            let from = file.read()?;
            if from != value.to_string() {
                before.push((file, (from, Some((index, *setting)))));
            }
        }
        netlink.carry_out_one(&set_ipv4(index, settings))?;
        for (file, from) in before {
            self.before.entry(file).or_insert(from);
        }
        Ok(())
    }

    /// Puts all back; gives those that couldn't be. One whose interface is gone needn't be.
    pub fn restore(&mut self) -> Vec<(Setting, io::Error)> {
        let mut failed = Vec::new();
        for (setting, (value, _)) in std::mem::take(&mut self.before) {
            match setting.write(&value) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    failed.push((setting, error));
                }
                _ => {}
            }
        }
        failed
    }

    /// Puts all back, each the way it was set: `all` and `default` first. Gives what changed of these two, and what
    /// couldn't.
    pub fn restore_with(
        &mut self,
        netlink: &mut Netlink,
    ) -> (Vec<Change>, Vec<(Setting, io::Error)>) {
        let (mut changed, mut failed) = (Vec::new(), Vec::new());
        for (setting, (to, link)) in std::mem::take(&mut self.before) {
            let own = link.is_some();
            // Gone with its interface: nothing to put back, also when another has its name now.
            let Ok(from) = setting.read() else { continue };
            let result = match (link, to.parse()) {
                (Some((index, number)), Ok(value)) => {
                    netlink.carry_out_one(&set_ipv4(index, &[(number, value)]))
                }
                _ => setting.write(&to),
            };
            match result {
                Ok(()) if own => {}
                Ok(()) => changed.push(Change { setting, from, to }),
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {}
                Err(error) => failed.push((setting, error)),
            }
        }
        (changed, failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_namespace::{inside, ip, wire};

    #[test]
    fn settings_are_put_back_to_what_they_were_first() {
        if !inside("sysctl::tests::settings_are_put_back_to_what_they_were_first") {
            return;
        }
        wire();
        ip("link add link va name vrrp.51 type macvlan");
        let mut settings = Settings::default();
        let ignore = Setting::ipv4("va", "arp_ignore");
        let dotted = Setting::ipv6("vrrp.51", "disable_ipv6");
        assert_eq!(dotted.to_string(), "net.ipv6.conf.vrrp.51.disable_ipv6");
        assert!(!ignore.is_on());
        for value in ["1", "2", "2"] {
            settings.set(ignore.clone(), value).expect("set");
        }
        settings.set(dotted.clone(), "1").expect("set");
        assert!(dotted.is_on());
        assert_eq!(ignore.read().expect("read"), "2");
        let missing = Setting::ipv4("nowhere", "arp_ignore");
        let error = settings.set(missing, "1").expect_err("no interface");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        ip("link delete vrrp.51");
        assert!(settings.restore().is_empty());
        assert_eq!(ignore.read().expect("read"), "0");
    }
}
