//! Takes datagrams of netlink messages apart.

use std::net::IpAddr;

use netlink_packet_core::{NetlinkBuffer, NlaBuffer, NlasIterator};

const ALIGNMENT: usize = 4;

/// The messages of a datagram; ends at the first one whose length is impossible.
pub(crate) fn messages(mut datagram: &[u8]) -> impl Iterator<Item = NetlinkBuffer<&[u8]>> {
    std::iter::from_fn(move || {
        let message = NetlinkBuffer::new_checked(datagram).ok()?;
        let length = (message.length() as usize).next_multiple_of(ALIGNMENT);
        datagram = datagram.get(length..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes behind a fixed part of so many bytes, as (kind, value); ends at the first impossible one.
pub(super) fn attributes(payload: &[u8], fixed: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let rest = payload.get(fixed..).unwrap_or_default();
    NlasIterator::new(rest)
        .map_while(Result::ok)
        .map(|attribute: NlaBuffer<&[u8]>| {
            let kind = attribute.kind();
            let length = usize::from(attribute.length());
            (
                kind,
                attribute.into_inner().get(4..length).unwrap_or_default(),
            )
        })
}

pub(super) fn u8_of(value: &[u8]) -> Option<u8> {
    value.first().copied()
}

pub(super) fn u32_of(value: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(*value.first_chunk()?))
}

pub(super) fn ip_of(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(IpAddr::from(*value.first_chunk::<4>()?)),
        16 => Some(IpAddr::from(*value.first_chunk::<16>()?)),
        _ => None,
    }
}

/// A string that may end with a zero.
pub(super) fn text_of(value: &[u8]) -> Option<String> {
    let end = value.iter().position(|byte| *byte == 0);
    let text = &value[..end.unwrap_or(value.len())];
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_lengths_end_the_walk_and_nothing_panics() {
        let mut datagram = vec![0u8; 64];
        for length in 0..=70u32 {
            datagram[..4].copy_from_slice(&length.to_ne_bytes());
            for message in messages(&datagram) {
                for fixed in 0..40 {
                    let _ = attributes(message.payload(), fixed).count();
                }
            }
        }
        for length in 0..=20u16 {
            let mut payload = vec![0u8; 16];
            payload[..2].copy_from_slice(&length.to_ne_bytes());
            for (_, value) in attributes(&payload, 0) {
                let _ = (u8_of(value), u32_of(value), ip_of(value), text_of(value));
            }
        }
    }
}
