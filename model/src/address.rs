//! Where something listens or is reached.

use std::{fmt, net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// An endpoint as a configuration can name it (manual: "bind", "server", "log", `4. Address formats`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Address {
    /// An IP address and a port; 0.0.0.0 or :: stand for "any".
    Ip {
        /// The address.
        ip: IpAddr,
        /// The port; 0 where the configuration gave none.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
    /// A socket in Linux' abstract name space (`abns@name`), without the leading zero byte.
    Abstract(String),
    /// An inherited descriptor (`fd@3`).
    Descriptor(i32),
}

impl Address {
    /// The IP address if there is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Ip { ip, .. } => Some(*ip),
            _ => None,
        }
    }

    /// The port if there is one that is not 0.
    pub fn port(&self) -> Option<u16> {
        match self {
            Address::Ip { port, .. } if *port != 0 => Some(*port),
            _ => None,
        }
    }
}

/// `ip:port` without brackets, as messages and logs of the references spell it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip { ip, port } => write!(f, "{ip}:{port}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
            Address::Abstract(name) => write!(f, "abns@{name}"),
            Address::Descriptor(fd) => write!(f, "fd@{fd}"),
        }
    }
}

/// An address with a prefix length; a bare address has the full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Network {
    /// The address; bits after the prefix may be set.
    pub ip: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

impl Network {
    /// Whether `other` lies in this network. Families never match each other.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.ip, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let shift = 32u32.saturating_sub(u32::from(self.prefix));
                shift >= 32 || a.to_bits() >> shift == b.to_bits() >> shift
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let shift = 128u32.saturating_sub(u32::from(self.prefix));
                shift >= 128 || a.to_bits() >> shift == b.to_bits() >> shift
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(ip: &str, prefix: u8) -> Network {
        Network {
            ip: ip.parse().unwrap(),
            prefix,
        }
    }

    #[test]
    fn a_network_contains_what_shares_its_prefix() {
        assert!(net("10.1.2.3", 8).contains("10.9.9.9".parse().unwrap()));
        assert!(!net("10.1.2.3", 32).contains("10.1.2.4".parse().unwrap()));
        assert!(net("0.0.0.0", 0).contains("192.0.2.1".parse().unwrap()));
        assert!(net("2001:db8::", 32).contains("2001:db8:1::1".parse().unwrap()));
        assert!(!net("::", 0).contains("192.0.2.1".parse().unwrap()));
    }
}
