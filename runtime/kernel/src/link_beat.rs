//! Asks an interface's driver for its carrier: for those that don't tell changes by themselves (`linkbeat_interfaces`).

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

const SIOCETHTOOL: libc::c_ulong = 0x8946;
const SIOCGMIIPHY: libc::c_ulong = 0x8947;
const SIOCGMIIREG: libc::c_ulong = 0x8948;
const ETHTOOL_GLINK: u32 = 0x0a;
/// The basic mode status register, and its bit of the link (IEEE 802.3 §22.2.4).
const STATUS_REGISTER: u16 = 1;
const STATUS_LINK: u16 = 1 << 2;

/// How the driver is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The registers of the transceiver.
    Mii,
    /// ethtool's "Link detected".
    Ethtool,
    /// The interface's flags alone.
    Flags,
}

/// A socket to ask by; any will do.
#[derive(Debug)]
pub struct LinkBeat {
    socket: OwnedFd,
}

/// `struct mii_ioctl_data`, in the place of an interface request's value.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct MiiData {
    transceiver: u16,
    register: u16,
    input: u16,
    output: u16,
}

/// `struct ethtool_value`.
#[repr(C)]
#[derive(Default)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// `struct ifreq`: 16 bytes of name and 24 of a value, aligned as the largest of them, a pointer.
#[repr(C, align(8))]
struct Request {
    name: [u8; 16],
    value: [u8; 24],
}

impl LinkBeat {
    /// Opens it in the network namespace of this thread.
    ///
    /// # Errors
    /// No descriptor left.
    pub fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
        Ok(Self { socket })
    }

    /// The first method that the driver knows: MII, ethtool, or else only its flags.
    pub fn method(&self, interface: &str) -> Method {
        let known = [Method::Mii, Method::Ethtool];
        known
            .into_iter()
            .find(|method| self.has_carrier(interface, *method).is_ok())
            .unwrap_or(Method::Flags)
    }

    /// Whether the interface is up and running, and its driver sees a carrier.
    ///
    /// # Errors
    /// `ENODEV` when it is gone; `EOPNOTSUPP` when the driver doesn't know the method.
    pub fn is_running(&self, interface: &str, method: Method) -> io::Result<bool> {
        const UP_AND_RUNNING: i16 = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
        let carrier = self.has_carrier(interface, method)?;
        let mut request = Request::new(interface)?;
        self.ask(libc::SIOCGIFFLAGS, &mut request)?;
        let flags = i16::from_ne_bytes([request.value[0], request.value[1]]);
        Ok(carrier && flags & UP_AND_RUNNING == UP_AND_RUNNING)
    }

    fn has_carrier(&self, interface: &str, method: Method) -> io::Result<bool> {
        match method {
            Method::Flags => Ok(true),
            Method::Mii => {
                let mut request = Request::new(interface)?;
                self.ask(SIOCGMIIPHY, &mut request)?;
                let mut data = request.mii();
                data.register = STATUS_REGISTER;
                // The bit stays down after a loss until it was read once.
                for _ in 0..2 {
                    request.set_mii(data);
                    self.ask(SIOCGMIIREG, &mut request)?;
                }
                Ok(request.mii().output & STATUS_LINK != 0)
            }
            Method::Ethtool => {
                let mut value = EthtoolValue {
                    command: ETHTOOL_GLINK,
                    data: 0,
                };
                let mut request = Request::new(interface)?;
                let pointer = (&raw mut value) as usize;
                request.value[..size_of::<usize>()].copy_from_slice(&pointer.to_ne_bytes());
                self.ask(SIOCETHTOOL, &mut request)?;
                // SAFETY: a plain local; read as volatile because the kernel wrote it behind the pointer that only
                // went as a number.
                Ok(unsafe { std::ptr::read_volatile(&raw const value.data) } != 0)
            }
        }
    }

    fn ask(&self, what: libc::c_ulong, request: &mut Request) -> io::Result<()> {
        // SAFETY: each of these requests reads and writes one `struct ifreq`, which the request is; ethtool's also
        // writes to the value whose address is in it, which lives in the caller's frame.
        let result = unsafe { libc::ioctl(self.socket.as_raw_fd(), what, &raw mut *request) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Request {
    fn new(interface: &str) -> io::Result<Self> {
        let mut name = [0; 16];
        // One stays for the zero behind it.
        if interface.len() >= name.len() {
            return Err(io::Error::from_raw_os_error(libc::ENODEV));
        }
        name[..interface.len()].copy_from_slice(interface.as_bytes());
        Ok(Self {
            name,
            value: [0; 24],
        })
    }

    fn mii(&self) -> MiiData {
        let half =
            |place: usize| u16::from_ne_bytes([self.value[place * 2], self.value[place * 2 + 1]]);
        MiiData {
            transceiver: half(0),
            register: half(1),
            input: half(2),
            output: half(3),
        }
    }

    fn set_mii(&mut self, data: MiiData) {
        let halves = [data.transceiver, data.register, data.input, data.output];
        for (place, half) in self.value.chunks_exact_mut(2).zip(halves) {
            place.copy_from_slice(&half.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_namespace::{inside, ip, until, wire};

    #[test]
    fn a_driver_is_asked_for_its_carrier() {
        if !inside("link_beat::tests::a_driver_is_asked_for_its_carrier") {
            return;
        }
        wire();
        let beat = LinkBeat::open().expect("a socket");
        // As the reference found of such interfaces: no MII, but ethtool.
        assert_eq!(beat.method("va"), Method::Ethtool);
        let error = beat
            .is_running("va", Method::Mii)
            .expect_err("no transceiver");
        assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP));
        until(|| beat.is_running("va", Method::Ethtool).expect("asked"));
        ip("link set vb down");
        until(|| !beat.is_running("va", Method::Ethtool).expect("asked"));
        until(|| !beat.is_running("va", Method::Flags).expect("asked"));
        for name in ["nowhere", "a name that is too long"] {
            let error = beat
                .is_running(name, Method::Ethtool)
                .expect_err("no such interface");
            assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
        }
    }
}
