//! `ipmask(mask4[,mask6])`: an address with only the bits of the mask (manual 7.3.1).
//!
//! ```text
//! stick on src,ipmask(24,64)
//! ```

use std::net::IpAddr;

use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::converter;

pub(super) static IPMASK: ConverterDef =
    converter("ipmask", Type::Ip, Type::Ip, |value, _, args, _| {
        let Value::Ip(ip) = value else { return None };
        let mask_of = |at| args.net(at).map(|net| net.ip);
        mask(ip, mask_of(0)?, mask_of(1)).map(Value::Ip)
    });

/// IPv6 addresses that stand for IPv4 ones get the mask of those; without a mask for IPv6, others have no value.
fn mask(ip: IpAddr, four: IpAddr, six: Option<IpAddr>) -> Option<IpAddr> {
    match (ip.to_canonical(), four, six) {
        (IpAddr::V4(ip), IpAddr::V4(mask), _) => Some(IpAddr::V4(ip & mask)),
        (IpAddr::V6(ip), _, Some(IpAddr::V6(mask))) => Some(IpAddr::V6(ip & mask)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn families_have_masks_of_their_own() {
        let masked = |ip: &str, four: &str, six: Option<&str>| {
            let six = six.map(|six| six.parse().unwrap());
            let ip = mask(ip.parse().unwrap(), four.parse().unwrap(), six);
            ip.map(|ip| ip.to_string())
        };
        let c = "255.255.255.0";
        assert_eq!(masked("10.1.2.3", c, None).as_deref(), Some("10.1.2.0"));
        assert_eq!(
            masked("2001:db8:1::1", c, Some("ffff:ffff::")).as_deref(),
            Some("2001:db8::")
        );
        assert_eq!(masked("2001:db8:1::1", c, None), None);
        assert_eq!(
            masked("::ffff:1.2.3.4", c, Some("ffff::")).as_deref(),
            Some("1.2.3.0")
        );
        assert_eq!(
            masked("1.2.3.4", "255.0.255.0", None).as_deref(),
            Some("1.0.3.0")
        );
    }
}
