//! What can only be judged when all files were read: names that must exist, modes that must fit, timeouts that are
//! missing, servers that can't be found (manual 4; the reference's messages without a line's `parsing`).

mod balance;
mod formats;
mod judge;
mod pages;
mod proxies;
mod references;
mod servers;

pub use judge::{Judged, judge};

use locum_model::{
    Model, Text,
    log::{LogSink, LogTarget},
    proxy::{Greeting, Mode, Proxy},
};

use crate::load::{Draft, Loader, Verdict};

/// Checks everything and fills the model.
pub(crate) fn finish(loader: &mut Loader<'_>, model: &mut Model) -> Verdict {
    let mut drafts = std::mem::take(&mut loader.proxies);
    for text in std::mem::take(&mut loader.shared.late_alerts) {
        loader.shared.alert_plain(text);
    }
    let names = references::Names::of(loader, &drafts);
    for draft in &mut drafts {
        proxies::check(loader, &names, draft);
    }
    references::check(loader, &names);
    for draft in drafts.iter_mut().filter(|draft| !draft.proxy.disabled) {
        pages::collections(loader, draft);
    }
    crate::keyword::name_case::read_file(loader);
    servers::track(loader, &mut drafts);
    let unresolved = !loader.shared.fatal && servers::resolve(loader, &mut drafts);
    if loader.shared.fatal {
        if unresolved {
            loader
                .shared
                .alert_plain("Failed to initialize server(s) addr.");
        } else {
            loader
                .shared
                .alert_plain("Fatal errors found in configuration.");
        }
        return Verdict::Invalid;
    }
    if refuse_unexecuted(loader) {
        return Verdict::Invalid;
    }
    rings(loader);
    let late = unknown_rings(loader, &drafts);
    loader.start_alerts = late;
    let zero_warning = loader.zero_warning || loader.global_facts.zero_warning;
    let warned = loader
        .shared
        .messages
        .iter()
        .any(|message| message.level == crate::message::Level::Warning);
    if zero_warning && warned {
        loader
            .shared
            .alert_plain("Some warnings were found and 'zero-warning' is set. Aborting.");
        return Verdict::Invalid;
    }
    let listens = drafts
        .iter()
        .any(|draft| draft.has_frontend && !draft.frontend.binds.is_empty());
    // Where there are command sockets, the reference's own frontend for them takes the first id (observed).
    let first = if loader.model.global.stats_sockets.is_empty() {
        1
    } else {
        2
    };
    assign_ids(&mut drafts, first);
    *model = std::mem::take(&mut loader.model);
    model.process.environment = std::mem::take(&mut loader.shared.environment.changes);
    model.pattern_lists = std::mem::take(&mut loader.shared.notes.pattern_lists).finish();
    model.proxies = drafts.into_iter().map(complete).collect();
    // A socket for commands is a listener too.
    if listens || !model.global.stats_sockets.is_empty() {
        Verdict::Valid
    } else {
        Verdict::NoListener
    }
}

/// Rings: their lines fit in, and those of `log` lines come behind those that were declared.
fn rings(loader: &mut Loader<'_>) {
    for ring in &mut loader.model.rings {
        if ring.max_length > ring.size {
            loader.shared.warn_plain(format!(
                "ring '{}' event max length '{}' exceeds size, forced to size '{}'.",
                ring.name, ring.max_length, ring.size
            ));
            ring.max_length = ring.size;
        }
        if !ring.servers.is_empty()
            && (ring.connect_timeout.is_none() || ring.server_timeout.is_none())
        {
            loader.shared.warn_plain(format!(
                "missing timeouts for backend '{}'.\n   | While not properly invalid, you will certainly encounter various problems\n   | with such a configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
                ring.name
            ));
        }
    }
    let own = std::mem::take(&mut loader.shared.notes.rings);
    loader.model.rings.extend(own);
}

/// What `log` lines say about rings that aren't there. A check doesn't look for them, a start ends with these alerts.
fn unknown_rings(loader: &Loader<'_>, drafts: &[Draft]) -> Vec<String> {
    let rings = &loader.model.rings;
    let problem = |log: &LogTarget| {
        let LogSink::Ring(name) = &log.sink else {
            return None;
        };
        let (name, at) = (&name.value, &name.at);
        let word = match name.as_str() {
            "stdout" | "stderr" => "incomatible",
            "buf0" => return None,
            name if rings.iter().any(|ring| ring.name == name) => return None,
            _ => "unknown",
        };
        Some(format!(
            "in file '{}' at line {} uses {word} ring named '{name}'.",
            at.file, at.line
        ))
    };
    let of = |owner: String, logs: &[LogTarget]| -> Vec<String> {
        let problems = logs.iter().filter_map(problem);
        problems.map(|text| format!("{owner} {text}")).collect()
    };
    let global = &loader.model.global.logs;
    let mut alerts = of("global log server declared".to_owned(), global);
    for draft in drafts.iter().filter(|draft| !draft.proxy.disabled) {
        let owner = format!("log server declared in proxy section '{}'", draft.name());
        alerts.extend(of(owner, &draft.proxy.logs));
    }
    // The reference's own proxy logs where `global` says.
    let owner = "log server declared in proxy section '<HTTPCLIENT>'".to_owned();
    alerts.extend(of(owner, global));
    alerts
}

/// Words that could fail open refuse the start; the message says how to accept one.
fn refuse_unexecuted(loader: &mut Loader<'_>) -> bool {
    let mut refused = false;
    let mut said = std::collections::BTreeSet::new();
    for (word, at) in std::mem::take(&mut loader.shared.notes.unexecuted) {
        if loader.shared.options.allow_unexecuted.contains(&word)
            || !said.insert((word.clone(), at.line))
        {
            continue;
        }
        refused = true;
        let text = format!(
            "parsing [{at}] : '{word}' is known but not executed yet, and ignoring it could let through what it forbids; '--allow-unexecuted={word}' accepts that."
        );
        loader.shared.alert(&at, text);
    }
    if refused {
        loader
            .shared
            .alert_plain("Fatal errors found in configuration.");
    }
    refused
}

/// Gives every proxy, server and socket without an id the next free one.
fn assign_ids(drafts: &mut [Draft], first: u32) {
    let mut used: std::collections::HashSet<u32> = drafts
        .iter()
        .filter(|draft| draft.has_id)
        .map(|draft| draft.proxy.id)
        .collect();
    let mut next = first;
    for draft in drafts.iter_mut() {
        if !draft.has_id {
            while !used.insert(next) {
                next += 1;
            }
            draft.proxy.id = next;
        }
        let mut servers: std::collections::HashSet<u32> = draft
            .servers
            .iter()
            .filter(|server| server.has_id)
            .map(|server| server.server.value.id)
            .collect();
        let mut next = 1;
        for server in draft.servers.iter_mut().filter(|server| !server.has_id) {
            while !servers.insert(next) {
                next += 1;
            }
            server.server.value.id = next;
        }
        let mut binds: std::collections::HashSet<u32> = draft
            .frontend
            .binds
            .iter()
            .filter(|bind| bind.value.id > 0)
            .map(|bind| bind.value.id)
            .collect();
        let mut next = 1;
        for bind in draft
            .frontend
            .binds
            .iter_mut()
            .filter(|bind| bind.value.id == 0)
        {
            while !binds.insert(next) {
                next += 1;
            }
            bind.value.id = next;
        }
    }
}

/// `mode health` and `monitor-net`: what clients get without being served, in the form of their protocol.
fn greeting(draft: &Draft) -> Option<Greeting> {
    const FINE: &str = "HTTP/1.0 200 OK\r\n\r\n";
    let text = match draft.proxy.mode {
        _ if draft.mode_health && draft.health.speaks_http() => FINE,
        _ if draft.mode_health => "OK\n",
        Mode::Http => FINE,
        Mode::Tcp => "",
    };
    (draft.mode_health || draft.monitor_net.is_some()).then(|| Greeting {
        network: draft.monitor_net.filter(|_| !draft.mode_health),
        text: Text::from(text.as_bytes()),
    })
}

/// The draft without what only its checks needed.
fn complete(mut draft: Draft) -> Proxy {
    draft.frontend.greeting = greeting(&draft);
    if draft.has_backend {
        let probe = draft.health.probe();
        let timeout = draft.proxy.timeouts.check;
        draft.backend.servers = std::mem::take(&mut draft.servers)
            .into_iter()
            .map(|server| servers::complete(server, &probe, timeout))
            .collect();
        if let (Some(cookie), Some(key)) = (&mut draft.backend.cookie, &draft.dynamic_cookie_key) {
            cookie.dynamic_key = Some(key.clone());
        }
        draft.proxy.backend = Some(draft.backend);
    }
    if draft.has_frontend {
        draft.proxy.frontend = Some(draft.frontend);
    }
    draft.proxy
}
