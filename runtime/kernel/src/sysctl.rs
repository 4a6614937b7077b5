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

/// One setting of an interface, or of `all` or `default`.
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

    fn of(family: &'static str, interface: &str, name: &'static str) -> Self {
        Self {
            family,
            interface: interface.to_owned(),
            name,
        }
    }

    /// Interfaces may have dots in their names, and here they are one folder.
    fn path(&self) -> PathBuf {
        [
            "/proc/sys/net",
            self.family,
            "conf",
            &self.interface,
            self.name,
        ]
        .iter()
        .collect()
    }

    /// What it says now.
    ///
    /// # Errors
    /// `NotFound` when the interface is gone or the kernel has no such setting.
    pub fn read(&self) -> io::Result<String> {
        Ok(fs::read_to_string(self.path())?.trim().to_owned())
    }

    /// Whether it is a number other than 0; of what can't be read it isn't.
    pub fn is_on(&self) -> bool {
        let value = self.read().ok().and_then(|value| value.parse::<i64>().ok());
        value.is_some_and(|value| value != 0)
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
        write!(formatter, "net.{family}.conf.{interface}.{name}")
    }
}

/// Settings that were changed, and what they were before the first change.
#[derive(Debug, Default)]
pub struct Settings {
    before: BTreeMap<Setting, String>,
}

impl Settings {
    /// Sets one, unless it says so already, and remembers what it was.
    ///
    /// # Errors
    /// As of [`Setting::write`].
    pub fn set(&mut self, setting: Setting, value: &str) -> io::Result<()> {
        let now = setting.read()?;
        if now == value {
            return Ok(());
        }
        setting.write(value)?;
        self.before.entry(setting).or_insert(now);
        Ok(())
    }

    /// Puts all back; gives those that couldn't be. One whose interface is gone needn't be.
    pub fn restore(&mut self) -> Vec<(Setting, io::Error)> {
        let mut failed = Vec::new();
        for (setting, value) in std::mem::take(&mut self.before) {
            match setting.write(&value) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    failed.push((setting, error));
                }
                _ => {}
            }
        }
        failed
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
