//! `encap` of a route: `mpls LABEL/…`, `ip id N dst A src A tos N ttl N`, `ip6 …`, `ila LOCATOR`.

use locum_model::vrrp::{Family, route::Encap};
use locum_parser::keepalived::Line;

use super::names;
use crate::load::{Abort, Pass, number, value};

/// Reads from the word behind `encap`; gives what was read and where the line goes on.
pub fn read(
    pass: &mut Pass<'_>,
    line: &Line,
    index: usize,
) -> Result<(Option<Encap>, usize), Abort> {
    let kind = pass.parameter(line, index)?;
    match kind.as_str() {
        "mpls" => {
            let text = pass.parameter(line, index + 1)?;
            let labels: Option<Vec<u32>> = text
                .split('/')
                .map(|label| label.parse().ok().filter(|label| *label < 1 << 20))
                .collect();
            if labels.is_none() {
                pass.error(format!("Invalid mpls labels {text}"));
            }
            Ok((labels.map(|labels| Encap::Mpls { labels }), index + 2))
        }
        "ip" => tunnel(pass, line, index + 1, Family::Inet),
        "ip6" => tunnel(pass, line, index + 1, Family::Inet6),
        "ila" => {
            let text = pass.parameter(line, index + 1)?;
            let mut locator = Some(0u64);
            let groups: Vec<&str> = text.split(':').collect();
            if groups.len() != 4 {
                locator = None;
            }
            for group in groups {
                let part = u16::from_str_radix(group, 16).ok();
                locator = locator
                    .zip(part)
                    .map(|(all, part)| all << 16 | u64::from(part));
            }
            if locator.is_none() {
                pass.error(format!("Invalid ila locator {text}"));
            }
            Ok((locator.map(|locator| Encap::Ila { locator }), index + 2))
        }
        _ => {
            pass.error(format!("Unknown encap type - {kind}"));
            Ok((None, index + 1))
        }
    }
}

fn tunnel(
    pass: &mut Pass<'_>,
    line: &Line,
    mut index: usize,
    family: Family,
) -> Result<(Option<Encap>, usize), Abort> {
    let (mut id, mut dst, mut src) = (None, None, None);
    let (mut tos, mut ttl, mut flags) = (None, None, None);
    while let Some(option) = value::word(line, index) {
        let known = matches!(
            option.as_str(),
            "id" | "dst" | "src" | "tos" | "tc" | "ttl" | "hoplimit" | "flags"
        );
        if !known {
            break;
        }
        let text = pass.parameter(line, index + 1)?;
        index += 2;
        let good = match option.as_str() {
            "id" => {
                id = text.parse::<u64>().ok();
                id.is_some()
            }
            "dst" => {
                dst = text.parse().ok();
                dst.is_some()
            }
            "src" => {
                src = text.parse().ok();
                src.is_some()
            }
            "tos" | "tc" => {
                tos = names::tos(pass.system(), &text);
                tos.is_some()
            }
            "flags" => {
                flags = names::c_number(&text).and_then(|flags| u16::try_from(flags).ok());
                flags.is_some()
            }
            _ => {
                let value = pass.number(number::unsigned(&text, 0, 255));
                ttl = value.and_then(|value| u8::try_from(value).ok());
                ttl.is_some()
            }
        };
        if !good {
            pass.error(format!("Invalid encap {option} {text}"));
        }
    }
    let encap = Encap::Ip {
        family,
        id,
        dst,
        src,
        tos,
        ttl,
        flags,
    };
    Ok((Some(encap), index))
}
