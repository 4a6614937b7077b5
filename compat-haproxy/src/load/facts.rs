//! What a configuration that was read makes known of the process in its environment (manual 2.3).
//!
//! ```text
//! HAPROXY_CFGFILES=/etc/haproxy/haproxy.cfg   HAPROXY_MWORKER=1
//! HAPROXY_CLI=unix@/run/haproxy/admin.sock    HAPROXY_MASTER_CLI=unix@/run/haproxy/master.sock
//! ```
//! Lines that stand in the files don't see these yet, but after a reload they see those of the start before.

use locum_model::{address::Address, proxy::Bind};

use super::{Loader, Source};

/// Sets the variables.
pub(super) fn tell(loader: &mut Loader<'_>, files: &[Source]) {
    let options = loader.shared.options;
    let supervised = options.master_worker || loader.model.process.master_worker.is_some();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let sockets = loader.model.global.stats_sockets.iter();
    let mut sockets: Vec<String> = sockets.map(|socket| shown(&socket.bind)).collect();
    // A worker's own way to its master counts as a socket.
    sockets.extend(options.from_master.map(|fd| format!("sockpair@{fd}")));
    let masters = loader.model.process.master_sockets.iter().rev();
    let masters: Vec<String> = masters.map(shown).collect();
    let environment = &mut loader.shared.environment;
    environment.set("HAPROXY_CFGFILES", names.join(";").as_bytes());
    if supervised {
        environment.set("HAPROXY_MWORKER", b"1");
    }
    if !sockets.is_empty() {
        environment.set("HAPROXY_CLI", sockets.join(";").as_bytes());
    }
    if supervised && !masters.is_empty() {
        environment.set("HAPROXY_MASTER_CLI", masters.join(";").as_bytes());
    }
}

fn shown(bind: &Bind) -> String {
    match &bind.address {
        Address::Unix(path) => format!("unix@{}", path.display()),
        Address::Ip { ip, port } if ip.is_ipv4() => format!("ipv4@{ip}:{port}"),
        Address::Ip { ip, port } => format!("ipv6@[{ip}]:{port}"),
        address => address.to_string(),
    }
}
