//! `ipmask(mask4[,mask6])`: an address with only the bits of the mask (manual 7.3.1).
//!
//! ```text
//! stick on src,ipmask(24,64)
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::converter;

pub(super) static IPMASK: ConverterDef =
    converter("ipmask", Type::Ip, Type::Ip, |value, _, args, _| {
        let Value::Ip(ip) = value else { return None };
        let bits = |at| args.int(at).and_then(|bits| u32::try_from(bits).ok());
        mask(ip, bits(0)?, bits(1)).map(Value::Ip)
    });

/// Without a mask for IPv6, an IPv6 address has a value only if it stands for an IPv4 one.
fn mask(ip: IpAddr, four: u32, six: Option<u32>) -> Option<IpAddr> {
    let masked4 = |ip: Ipv4Addr| {
        let mask = u32::MAX
            .checked_shl(32u32.saturating_sub(four))
            .unwrap_or(0);
        IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
    };
    match (ip, six) {
        (IpAddr::V4(ip), _) => Some(masked4(ip)),
        (IpAddr::V6(ip), Some(six)) => {
            let mask = u128::MAX
                .checked_shl(128u32.saturating_sub(six))
                .unwrap_or(0);
            Some(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask)))
        }
        (IpAddr::V6(ip), None) => ip.to_ipv4_mapped().map(masked4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn families_have_masks_of_their_own() {
        let masked =
            |ip: &str, four, six| mask(ip.parse().unwrap(), four, six).map(|ip| ip.to_string());
        assert_eq!(masked("10.1.2.3", 24, None).as_deref(), Some("10.1.2.0"));
        assert_eq!(
            masked("2001:db8:1::1", 24, Some(32)).as_deref(),
            Some("2001:db8::")
        );
        assert_eq!(masked("2001:db8:1::1", 24, None), None);
        assert_eq!(
            masked("::ffff:1.2.3.4", 24, None).as_deref(),
            Some("1.2.3.0")
        );
        assert_eq!(masked("10.1.2.3", 0, None).as_deref(), Some("0.0.0.0"));
    }
}
