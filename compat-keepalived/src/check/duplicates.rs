//! Two instances must not be the same virtual router: same id, family and interface, and adverts that would meet.

use locum_model::vrrp::{Family, Instance};

use crate::load::{Kind, Pass};

pub(super) fn find(pass: &mut Pass<'_>) {
    let mut texts = Vec::new();
    let instances = &pass.draft.instances;
    for (index, first) in instances.iter().enumerate() {
        for second in &instances[index + 1..] {
            texts.extend(conflict(&first.model, &second.model));
        }
    }
    for text in texts {
        pass.fatal = true;
        pass.tell(Kind::Error, text);
    }
}

fn conflict(first: &Instance, second: &Instance) -> Option<String> {
    let interface = first.interface.as_ref()?;
    let same = first.vrid == second.vrid
        && first.family == second.family
        && second.interface.as_ref() == Some(interface);
    if !same || first.unicast_peers.is_empty() != second.unicast_peers.is_empty() {
        return None;
    }
    let (one, other, id) = (&first.name.value, &second.name.value, first.vrid);
    if !first.unicast_peers.is_empty() {
        let shared = first.unicast_peers.iter().any(|peer| {
            let mut others = second.unicast_peers.iter();
            others.any(|other| other.address == peer.address)
        });
        return shared.then(|| format!("({one}) duplicate VRID conflict with {other} VRID {id}"));
    }
    let family = match first.family {
        Family::Inet => "IPv4",
        Family::Inet6 => "IPv6",
    };
    (first.multicast == second.multicast).then(|| {
        format!(
            "{one} and {other} both use VRID {id} with {family} on interface {}",
            interface.value
        )
    })
}
