//! The engine's snapshot with what only the driver knows: descriptors, link layers, what runs.

use locum_model::vrrp::{IpvlanMode, MacvlanMode};
use locum_runtime::clock;

use super::Driver;
use crate::{
    engine::device_name,
    snapshot::{InterfaceStatus, Snapshot, Stacked},
};

/// Ethernet (ARPHRD_ETHER).
const ETHERNET: u16 = 1;

impl Driver {
    pub(super) fn snapshot(&self) -> Snapshot {
        let now = clock::both();
        let mut snapshot = self
            .engine
            .snapshot((now.instant, now.date), |id| self.hands.descriptors(id));
        let configuration = self.engine.configuration();
        for (script, status) in configuration.scripts.iter().zip(&mut snapshot.scripts) {
            status.running = self.scripts.is_running(&script.name.value);
        }
        let processes = configuration.track_processes.iter();
        for (process, status) in processes.zip(&mut snapshot.processes) {
            if let Some((count, due)) = self.processes.count(&process.name.value) {
                status.count = count;
                if status.up {
                    status.terminate_at = due;
                } else {
                    status.fork_at = due;
                }
            }
        }
        for interface in &mut snapshot.interfaces {
            if let Some(known) = self.hands.links.get(interface.index) {
                interface.hardware = known.layer;
                if let (ETHERNET, Some(mac)) = (known.layer, known.mac) {
                    interface.mac = mac.into();
                    interface.broadcast = vec![0xff; mac.len()];
                }
            }
        }
        self.mark_ours(&mut snapshot.interfaces);
        snapshot
    }

    /// Interfaces that were made for instances, and those below them.
    fn mark_ours(&self, interfaces: &mut [InterfaceStatus]) {
        let configuration = self.engine.configuration();
        for instance in &configuration.instances {
            let own = device_name(instance, &configuration.global.vmac_prefix);
            let (Some(own), Some(base)) = (own, &instance.interface) else {
                continue;
            };
            let below = interfaces.iter_mut().find(|i| i.name == base.value);
            let (base_up, base_running) = match below {
                Some(below) => {
                    below.arp_users += u32::from(instance.vmac.is_some());
                    (below.up, below.running)
                }
                None => (false, false),
            };
            if let Some(ours) = interfaces.iter_mut().find(|i| *i.name == *own) {
                ours.ours = true;
                ours.stacked = Some(Stacked {
                    ipvlan: instance.ipvlan.is_some(),
                    mode: mode(instance),
                    base: base.value.clone(),
                    base_up,
                    base_running,
                });
            }
        }
    }
}

fn mode(instance: &locum_model::vrrp::Instance) -> &'static str {
    match (&instance.vmac, &instance.ipvlan) {
        (_, Some(ipvlan)) => match ipvlan.mode {
            IpvlanMode::Bridge => "bridge",
            IpvlanMode::Private => "private",
            IpvlanMode::Vepa => "vepa",
        },
        (Some(vmac), None) => match vmac.mode {
            MacvlanMode::Private => "private",
            MacvlanMode::Vepa => "vepa",
            MacvlanMode::Bridge => "bridge",
            MacvlanMode::Passthru => "passthru",
        },
        (None, None) => "private",
    }
}
