//! Sizes of receive buffers (keepalived.conf(5), `vrrp_rx_bufs_policy`, `kernel_rx_buf_size`, `vrrp_netlink_cmd_rcv_bufs`).

use std::io;

use locum_model::{
    keepalived::{ReceiveBuffer, ReceiveBufferPolicy},
    vrrp::{self, Family, Version},
};

use super::links::Links;
use crate::{engine::Engine, identity::SocketId, instance::Instance};

/// Has a socket of netlink take the size that a word names. Without the word it has its own.
pub(super) fn of_netlink(
    configured: ReceiveBuffer,
    set: impl FnOnce(usize, bool) -> io::Result<()>,
) -> io::Result<()> {
    match configured.bytes as usize {
        0 => Ok(()),
        bytes => set(bytes, configured.force),
    }
}

/// What is asked of the kernel for a socket that hears adverts, in bytes: what its instances need, together (observed).
/// 0: the system's default.
pub(super) fn adverts(engine: &Engine, links: &Links, id: SocketId) -> u32 {
    let global = &engine.configuration().global;
    let of = |instance: &Instance| {
        let config = &instance.config;
        if let Some(bytes) = config.kernel_rx_buf_size {
            return bytes;
        }
        let times = global.vrrp_rx_bufs_multiplier;
        match global.vrrp_rx_bufs_policy {
            None => 0,
            Some(ReceiveBufferPolicy::Bytes(bytes)) => bytes,
            Some(ReceiveBufferPolicy::Mtu) => {
                let known = links.get(instance.interface);
                known.map_or(0, |known| known.link.mtu.saturating_mul(times))
            }
            Some(ReceiveBufferPolicy::Advert) => advert_bytes(config).saturating_mul(times),
        }
    };
    engine.users(id).map(of).fold(0, u32::saturating_add)
}

/// An advert as a raw socket gives it: in IPv4 with its header, and the AH of its authentication. Version 2 ends with eight
/// bytes of authentication in any case.
fn advert_bytes(config: &vrrp::Instance) -> u32 {
    const IPV4_HEADER: u32 = 20;
    const AUTHENTICATION_HEADER: u32 = 24;
    let count = u32::try_from(config.addresses.len()).unwrap_or(u32::MAX);
    let (header, address) = match config.family {
        Family::Inet => (IPV4_HEADER, 4),
        Family::Inet6 => (0, 16),
    };
    let ah = match config.authentication {
        vrrp::Authentication::Ah(_) => AUTHENTICATION_HEADER,
        _ => 0,
    };
    let tail = match config.version {
        Version::V2 => 8,
        Version::V3 => 0,
    };
    count
        .saturating_mul(address)
        .saturating_add(header + ah + 8 + tail)
}
