//! Servers once all are known: tracking, checks without a port, TLS without an authority, names to look up.

use std::{collections::HashMap, time::Duration};

use locum_model::{
    Located,
    address::Address,
    check::{Check, Probe},
    proxy::{InitAddress, Server},
};

use crate::{
    address,
    load::{Draft, Loader, ServerDraft},
};

/// Checks one proxy's servers.
pub(super) fn check(loader: &mut Loader<'_>, draft: &Draft) {
    let proxy = draft.name();
    let verify_none = loader
        .model
        .global
        .ssl
        .words
        .get("ssl-server-verify")
        .is_some_and(|word| word == "none");
    for server in &draft.servers {
        let name = &server.server.value.member.name.value;
        let at = server.server.at.clone();
        if let Some(resolvers) = &server.resolvers
            && !loader
                .named_sections
                .contains(&("resolvers", resolvers.clone()))
        {
            let text = format!(
                "{} '{proxy}', server '{name}': unable to find required resolvers '{resolvers}'",
                draft.type_word()
            );
            loader.shared.alert(&at, text);
        }
        if server.server.value.member.weight == 0 {
            let text = format!(
                "[{at}] : 'server {proxy}/{name}' : configured with weight of 0 will never be selected by load balancing algorithms"
            );
            loader.shared.diag(&at, text);
        }
        if server.tls && server.tls_verify.is_none() && !verify_none {
            let text = format!(
                "[{at}] : 'server {proxy}/{name}' : verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default."
            );
            loader.shared.alert(&at, text);
        }
        if server.probe.agent && server.probe.agent_port == 0 {
            let text = format!(
                "[{at}] : 'server {proxy}/{name}' : server {name} does not have agent port. Agent check has been disabled."
            );
            loader.shared.alert(&at, text);
        }
        let is_ip = matches!(server.server.value.member.address, Address::Ip { .. });
        let has_port =
            server.probe.port.is_some() || server.server.value.member.address.port().is_some();
        if server.check && server.server.value.track.is_none() && is_ip && !has_port {
            let text = format!(
                "config: {} '{proxy}': server '{name}' has neither service port nor check port.",
                draft.type_word()
            );
            loader.shared.alert(&at, text);
        }
        if server.server.value.fast_open {
            let retry = &draft.backend.retry_on;
            if !(retry.connection && retry.empty_response && retry.response_timeout) {
                let text = format!(
                    "[{at}] : 'server {proxy}/{name}' : server has tfo activated, the backend should be configured with at least 'conn-failure', 'empty-response' and 'response-timeout' or we wouldn't be able to retry the connection on failure."
                );
                loader.shared.warn(&at, text);
            }
        }
    }
}

/// `track`: the server must exist, be checked, and not lead back.
pub(super) fn track(loader: &mut Loader<'_>, drafts: &mut [Draft]) {
    if drafts.iter().all(|draft| {
        draft
            .servers
            .iter()
            .all(|server| server.server.value.track.is_none())
    }) {
        return;
    }
    let mut known: HashMap<(String, String), Option<(String, String)>> = HashMap::new();
    let mut checked: HashMap<(String, String), bool> = HashMap::new();
    for draft in drafts.iter().filter(|draft| draft.has_backend) {
        for server in &draft.servers {
            let key = (
                draft.name().to_owned(),
                server.server.value.member.name.value.clone(),
            );
            let target = server.server.value.track.clone().map(|(proxy, name)| {
                (
                    if proxy.is_empty() {
                        draft.name().to_owned()
                    } else {
                        proxy
                    },
                    name,
                )
            });
            checked.insert(key.clone(), server.check || server.probe.agent);
            known.insert(key, target);
        }
    }
    let proxies: std::collections::HashSet<String> = drafts
        .iter()
        .filter(|draft| draft.has_backend)
        .map(|draft| draft.name().to_owned())
        .collect();
    for draft in drafts.iter().filter(|draft| draft.has_backend) {
        for server in &draft.servers {
            let own = (
                draft.name().to_owned(),
                server.server.value.member.name.value.clone(),
            );
            let Some(Some(target)) = known.get(&own) else {
                continue;
            };
            let problem = if !proxies.contains(&target.0) {
                Some(format!(
                    "unable to find required proxy '{}' for tracking.",
                    target.0
                ))
            } else if !known.contains_key(target) {
                Some(format!(
                    "unable to find required server '{}' for tracking.",
                    target.1
                ))
            } else {
                chain_problem(&own, target, &known, &checked)
            };
            if let Some(problem) = problem {
                let at = server.server.at.clone();
                let text = format!("[{at}] : 'server {}/{}' : {problem}", own.0, own.1);
                loader.shared.alert(&at, text);
            }
        }
    }
}

type ServerKey = (String, String);

fn chain_problem(
    own: &ServerKey,
    target: &ServerKey,
    known: &HashMap<ServerKey, Option<ServerKey>>,
    checked: &HashMap<ServerKey, bool>,
) -> Option<String> {
    let mut end = target;
    let mut seen = std::collections::HashSet::from([own]);
    loop {
        if !seen.insert(end) {
            return Some(format!(
                "unable to track {}/{} as it belongs to a tracking chain looping back to {}/{}.",
                target.0, target.1, end.0, end.1
            ));
        }
        match known.get(end) {
            Some(Some(next)) => end = next,
            _ => break,
        }
    }
    (!checked.get(end).copied().unwrap_or(false)).then(|| {
        format!(
            "unable to use {}/{} for tracking as it does not have any check nor agent enabled.",
            end.0, end.1
        )
    })
}

/// Looks up names; true if one that must be known isn't.
pub(super) fn resolve(loader: &mut Loader<'_>, drafts: &mut [Draft]) -> bool {
    let mut found: HashMap<(String, address::Family), Option<std::net::IpAddr>> = HashMap::new();
    let mut failed = false;
    for draft in drafts.iter_mut().filter(|draft| draft.has_backend) {
        let proxy = draft.name().to_owned();
        for server in &mut draft.servers {
            let Some(hostname) = server.hostname.clone() else {
                continue;
            };
            let key = (hostname.clone(), server.family);
            let ip = *found.entry(key).or_insert_with(|| {
                loader
                    .shared
                    .options
                    .resolve
                    .then(|| address::resolve(&hostname, server.family))
                    .flatten()
            });
            let Server {
                init_addr, member, ..
            } = &mut server.server.value;
            let methods: &[InitAddress] = if init_addr.is_empty() {
                &[InitAddress::Last, InitAddress::Libc]
            } else {
                init_addr
            };
            let mut settled = None;
            for method in methods {
                settled = match method {
                    InitAddress::Last => None,
                    InitAddress::Libc => ip.map(Some),
                    InitAddress::Ip(ip) => Some(Some(*ip)),
                    InitAddress::None => Some(None),
                };
                if settled.is_some() {
                    break;
                }
            }
            member.hostname = Some(hostname.clone());
            match (settled, &mut member.address) {
                (Some(Some(ip)), Address::Ip { ip: own, .. }) => *own = ip,
                // `none`: the server begins without an address, and so in maintenance.
                (Some(None), _) => server.server.value.disabled = true,
                _ if loader.shared.options.tolerate_unresolved => {
                    let at = server.server.at.clone();
                    let text = format!(
                        "[{at}] : 'server {proxy}/{}' : could not resolve address '{hostname}', disabling server.",
                        member.name.value
                    );
                    server.server.value.disabled = true;
                    loader.shared.warn(&at, text);
                }
                _ => {
                    failed = true;
                    let at = server.server.at.clone();
                    let text = format!(
                        "[{at}] : 'server {proxy}/{}' : could not resolve address '{hostname}'.",
                        member.name.value
                    );
                    loader.shared.alert(&at, text);
                }
            }
        }
    }
    failed
}

/// The server without what only its checks needed.
pub(super) fn complete(
    draft: ServerDraft,
    probe: &Probe,
    timeout: Option<Duration>,
) -> Located<Server> {
    let mut server = draft.server;
    if draft.check && server.value.track.is_none() {
        let settings = draft.probe;
        let send_proxy = settings.send_proxy
            || server.value.send_proxy.is_some()
                && settings.port.is_none()
                && settings.address.is_none();
        server.value.member.check = Some(Check {
            probe: probe.clone(),
            address: settings.address,
            port: settings.port,
            inter: settings.inter,
            fast_inter: settings.fast_inter,
            down_inter: settings.down_inter,
            rise: settings.rise,
            fall: settings.fall,
            timeout,
            send_proxy,
        });
    }
    server
}
