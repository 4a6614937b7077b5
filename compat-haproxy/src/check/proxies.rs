//! One proxy once all are known, in the order of the reference's messages.

use locum_model::{
    Origin,
    expr::Arg,
    log::LogSink,
    proxy::{KeyType, Mode},
};

use super::{balance, formats, pages, references::Names, servers};
use crate::{
    load::{Draft, Loader},
    lowering::{CaptureSlot, Track, expr::converts, known::Kind},
};

/// Checks a proxy.
pub(super) fn check(loader: &mut Loader<'_>, names: &Names, draft: &mut Draft) {
    if draft.proxy.disabled {
        // Nothing but the syntax of a disabled proxy counts.
        return;
    }
    let (kind, name) = (draft.type_word(), draft.name().to_owned());
    if draft.has_frontend && !draft.has_backend && draft.frontend.binds.is_empty() {
        loader.shared.warn_plain(format!(
            "frontend '{name}' has no 'bind' directive. Please declare it as a backend if this was intended."
        ));
    }
    balance::check(loader, draft);
    default_backend(loader, names, draft);
    switches(loader, names, draft);
    raw_conditions(loader, draft, None);
    upgrades(loader, draft);
    if tables(loader, names, draft) {
        content_tracks(loader, draft);
    }
    pages::replies(loader, draft);
    capture_slots(loader, draft);
    bind_threads(loader, draft);
    if let Some(at) = &draft.log_global {
        let mut logs = loader.model.global.logs.clone();
        for log in &mut logs {
            // They count as written here (observed).
            if let LogSink::Ring(name) = &mut log.sink {
                name.at = at.clone();
            }
        }
        logs.append(&mut draft.proxy.logs);
        draft.proxy.logs = logs;
    }
    let had_format =
        (draft.log_format.is_some() || draft.log_format_sd.is_some()) && draft.has_frontend;
    formats::check(loader, draft);
    timeouts(loader, draft);
    captured_cookie(loader, draft);
    ignored(loader, draft);
    let unlogged = draft.proxy.logs.is_empty();
    if had_format && unlogged && !draft.format_unread {
        loader.shared.warn_plain(format!(
            "log format ignored for {kind} '{name}' since it has no log address."
        ));
    }
    if draft.health.has_rules && draft.health.kind != crate::keyword::http_check::ProbeKind::Http {
        loader.shared.warn_plain(format!(
            "{kind} '{name}' uses http-check rules without 'option httpchk', so the rules are ignored."
        ));
    }
    certificates(loader, draft);
    if draft.has_backend {
        duplicate_servers(loader, draft);
        servers::check(loader, draft);
    }
}

/// Slots that `capture … id` names must be declared in the frontend; a mere backend may name those of any.
fn capture_slots(loader: &mut Loader<'_>, draft: &Draft) {
    let named = std::mem::take(&mut loader.shared.notes.capture_slots);
    let (own, others): (Vec<_>, Vec<_>) = named
        .into_iter()
        .partition(|slot| slot.proxy == draft.name());
    loader.shared.notes.capture_slots = others;
    if !draft.has_frontend {
        return;
    }
    for CaptureSlot {
        slot, is_request, ..
    } in own
    {
        let (declared, word) = if is_request {
            (&draft.frontend.request_captures, "http-request")
        } else {
            (&draft.frontend.response_captures, "http-response")
        };
        // A negative number passes, and captures nothing (observed).
        if usize::try_from(slot).is_ok_and(|slot| slot >= declared.len()) {
            let name = draft.name();
            loader.shared.alert_plain(format!(
                "Proxy '{name}': unable to find capture id '{slot}' referenced by {word} capture rule."
            ));
        }
    }
}

fn default_backend(loader: &mut Loader<'_>, names: &Names, draft: &Draft) {
    if !draft.has_frontend {
        return;
    }
    let Some(target) = draft
        .frontend
        .default_backend
        .as_ref()
        .and_then(|target| target.value.as_constant())
    else {
        return;
    };
    let target = String::from_utf8_lossy(&target);
    backend_exists(
        loader,
        names,
        draft,
        &target,
        "default_backend",
        "as its default backend",
    );
}

/// Warns of conditions on bytes in HTTP mode: of the one at a line, or of all that are left.
fn raw_conditions(loader: &mut Loader<'_>, draft: &Draft, only: Option<&Origin>) {
    let notes = &mut loader.shared.notes;
    let is_meant = |(proxy, at): &mut (String, Origin)| {
        proxy == draft.name() && only.is_none_or(|only| only == at)
    };
    let found: Vec<_> = notes.raw_conditions.extract_if(.., is_meant).collect();
    if draft.proxy.mode != Mode::Http {
        return;
    }
    for (proxy, at) in found {
        let text = format!(
            "Proxy '{proxy}': L6 sample fetches ignored on HTTP proxies (declared at {at})."
        );
        loader.shared.warn_plain(text);
    }
}

fn switches(loader: &mut Loader<'_>, names: &Names, draft: &Draft) {
    for rule in &draft.proxy.rules.use_backend {
        // Names made of the traffic are looked up when it comes.
        if let Some(target) = rule.value.target.as_constant() {
            let target = String::from_utf8_lossy(&target);
            backend_exists(
                loader,
                names,
                draft,
                &target,
                "use_backend",
                "in a 'use_backend' rule",
            );
        }
        raw_conditions(loader, draft, Some(&rule.at));
    }
    for rule in &draft.proxy.rules.use_server {
        let Some(target) = rule.value.target.as_constant() else {
            continue;
        };
        let target = String::from_utf8_lossy(&target).into_owned();
        if !names.has_server(draft.name(), &target) {
            loader.shared.alert_plain(format!(
                "{} '{}' : unable to find server '{target}' referenced in a 'use-server' rule.",
                draft.type_word(),
                draft.name()
            ));
        }
    }
}

/// A backend that `word` names must be there, and of a mode that its clients can be given to.
fn backend_exists(
    loader: &mut Loader<'_>,
    names: &Names,
    draft: &Draft,
    target: &str,
    word: &str,
    place: &str,
) {
    let Some(found) = names.backends.get(target) else {
        loader.shared.alert_plain(format!(
            "Proxy '{}': unable to find required {word}: '{target}'.",
            draft.name()
        ));
        return;
    };
    if incompatible(draft.proxy.mode, found.mode) {
        loader.shared.alert_plain(format!(
            "{} {} '{}' ({}) tries to use incompatible {} backend '{target}' ({}) {place} (see 'mode').",
            mode(draft.proxy.mode),
            draft.type_word(),
            draft.name(),
            draft.proxy.name.at,
            mode(found.mode),
            found.at
        ));
    }
}

/// A TCP client may be given to an HTTP backend: it is upgraded.
fn incompatible(frontend: Mode, backend: Mode) -> bool {
    frontend == Mode::Http && backend == Mode::Tcp
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
    }
}

/// Peers of the proxy's table, and tables that its rules track in: whether these are all there.
fn tables(loader: &mut Loader<'_>, names: &Names, draft: &Draft) -> bool {
    let tracks = std::mem::take(&mut loader.shared.notes.tracks);
    let mut all_there = true;
    let (own, others): (Vec<_>, Vec<_>) = tracks
        .into_iter()
        .partition(|track| track.proxy == draft.name());
    loader.shared.notes.tracks = others;
    for Track {
        table,
        word,
        output,
        ..
    } in own
    {
        let problem = match names.table(&table) {
            None => format!("unable to find table '{table}' referenced by {word}."),
            Some(key) if !makes_key(output, key) => {
                format!("stick-table '{table}' uses a type incompatible with the '{word}' rule.")
            }
            Some(_) => continue,
        };
        all_there = false;
        loader
            .shared
            .alert_plain(format!("Proxy '{}': {problem}", draft.name()));
    }
    for peers in &draft.peers {
        if !loader.named_sections.contains(&("peers", peers.clone())) {
            loader.shared.alert_plain(format!(
                "Proxy '{}': unable to find sync peers '{peers}'.",
                draft.name()
            ));
        }
    }
    all_there
}

/// Rules that track what they may not see in time, or too late.
fn content_tracks(loader: &mut Loader<'_>, draft: &Draft) {
    for track in &draft.facts.content_tracks {
        let problem = if track.key_needs_request && draft.proxy.rules.inspect_delay.is_none() {
            "explicitly depending on request contents without any 'tcp-request inspect-delay' setting. This means that this rule will randomly find its contents. This can be fixed by setting the tcp-request inspect-delay."
        } else if !track.key_needs_request
            && !track.condition_needs_request
            && draft.proxy.mode == Mode::Http
        {
            "not depending on request contents for an HTTP frontend should be executed at the session level, using a 'tcp-request session' rule (mandatory to track invalid HTTP requests)."
        } else {
            continue;
        };
        loader.shared.warn_plain(format!(
            "{} '{}' : a 'tcp-request content track-sc*' rule {problem}",
            draft.type_word(),
            draft.name()
        ));
    }
}

/// Whether a value of that type can be such a key.
fn makes_key(output: Kind, key: KeyType) -> bool {
    converts(
        output,
        match key {
            KeyType::Ip => Kind::Ipv4,
            KeyType::Ipv6 => Kind::Ipv6,
            KeyType::Integer => Kind::Int,
            KeyType::String(_) => Kind::Str,
            KeyType::Binary(_) => Kind::Bin,
        },
    )
}

fn timeouts(loader: &mut Loader<'_>, draft: &Draft) {
    let known = &draft.proxy.timeouts;
    let client = draft.has_frontend && known.client.is_none();
    let has_servers = !draft.servers.is_empty() || draft.backend.dispatch.is_some();
    let server =
        draft.has_backend && has_servers && (known.connect.is_none() || known.server.is_none());
    if client || server {
        loader.shared.warn_plain(format!(
            "missing timeouts for {} '{}'.\n   | While not properly invalid, you will certainly encounter various problems\n   | with such a configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
            draft.type_word(),
            draft.name()
        ));
    }
}

/// `capture cookie` keeps no more than `tune.http.cookielen` allows.
fn captured_cookie(loader: &mut Loader<'_>, draft: &mut Draft) {
    let longest = loader.model.global.tune.http_cookielen.unwrap_or(63);
    let shown = format!("{} '{}'", draft.type_word(), draft.name());
    if let Some((_, length)) = &mut draft.frontend.capture_cookie
        && *length > longest
    {
        *length = longest;
        loader.shared.warn_plain(format!(
            "truncating capture length to {longest} bytes for {shown}."
        ));
    }
}

/// The last line of a rule with a format, where one of them says something of a request.
fn http_format(loader: &mut Loader<'_>, draft: &Draft) -> Option<Origin> {
    let formats = &loader.shared.notes.rule_formats;
    let own = || formats.iter().filter(|format| format.proxy == draft.name());
    own().any(|format| format.needs_http).then(|| {
        let last = own().filter_map(|format| format.at.clone()).next_back();
        let log = draft.log_format.as_ref().map(|format| format.at.clone());
        let lines = last.into_iter().chain(log);
        lines.max_by_key(|at| at.line).unwrap_or_else(|| Origin {
            file: "(null)".into(),
            ..Origin::nowhere()
        })
    })
}

/// The protocols that `switch-mode http proto` names.
fn upgrades(loader: &mut Loader<'_>, draft: &Draft) {
    for rule in &draft.proxy.rules.tcp_request_content {
        let Some(Arg::Word(protocol)) = rule.value.args.first() else {
            continue;
        };
        if rule.value.action != "switch-mode" {
            continue;
        }
        match protocol.as_str() {
            "h2" => loader
                .shared
                .unexecuted("switch-mode http proto h2", &rule.at),
            "fcgi" => loader.shared.alert_plain(format!(
                "Proxy '{}': MUX protocol 'fcgi' is not compatible with the selected mode.",
                draft.name()
            )),
            _ => {}
        }
    }
}

/// A rule makes requests of its bytes.
fn may_become_http(draft: &Draft) -> bool {
    let rules = &draft.proxy.rules.tcp_request_content;
    rules.iter().any(|rule| rule.value.action == "switch-mode")
}

/// What needs HTTP mode and is ignored without it.
fn ignored(loader: &mut Loader<'_>, draft: &mut Draft) {
    if draft.proxy.mode == Mode::Http || draft.mode_health {
        return;
    }
    let (kind, name) = (draft.type_word(), draft.name().to_owned());
    let mut say = |what: &str| {
        loader.shared.warn_plain(format!(
            "{what} will be ignored for {kind} '{name}' (needs 'mode http')."
        ));
    };
    if draft.backend.cookie.is_some() && draft.has_backend {
        say("cookie");
        draft.backend.cookie = None;
    }
    if draft.frontend.monitor_uri.is_some() && draft.has_frontend {
        say("monitor-uri");
        draft.frontend.monitor_uri = None;
    }
    if let Some(at) = http_format(loader, draft) {
        loader.shared.warn_plain(format!(
            "parsing [{at}] : HTTP log/header format not usable with {kind} '{name}' (needs 'mode http')."
        ));
    }
    if may_become_http(draft) {
        let elsewhere =
            draft.frontend.default_backend.is_some() || !draft.proxy.rules.use_backend.is_empty();
        if !draft.servers.is_empty() && !elsewhere {
            loader.shared.warn_plain(format!(
                "Proxy '{name}' : 'switch-mode http' configured for a tcp proxy with no backend. Incoming connections upgraded to HTTP cannot be routed to TCP servers"
            ));
        }
        return;
    }
    let mut say = |what: &str, verb: &str| {
        loader.shared.warn_plain(format!(
            "{what} ignored for {kind} '{name}' as {verb} HTTP mode."
        ));
    };
    if draft.facts.http_request {
        say("'http-request' rules", "they require");
    }
    if draft.facts.http_response {
        say("'http-response' rules", "they require");
    }
    if draft.facts.http_after_response {
        say("'http-after-response' rules", "they require");
    }
    if !draft.proxy.rules.redirect.is_empty() {
        say("'redirect' rules", "they require");
    }
    if draft.proxy.forwardfor.take().is_some() {
        say("'option forwardfor'", "it requires");
    }
    if draft.proxy.originalto.take().is_some() {
        say("'option originalto'", "it requires");
    }
    for switch in crate::option::SWITCHES.iter().filter(|switch| switch.http) {
        if *(switch.field)(&mut draft.proxy.options) {
            say(&format!("'option {}'", switch.name), "it requires");
            *(switch.field)(&mut draft.proxy.options) = false;
        }
    }
}

/// Sockets whose threads don't exist: `thread 5` of a process with four.
fn bind_threads(loader: &mut Loader<'_>, draft: &Draft) {
    if !draft.has_frontend {
        return;
    }
    let threads = loader.model.process.nbthread.unwrap_or_else(|| {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        u32::try_from(processors).unwrap_or(u32::MAX)
    });
    for bind in &draft.bind_threads {
        if bind.first <= threads {
            continue;
        }
        let what = if bind.of_group {
            "only references threads not belonging to the group"
        } else {
            "contains threads that belong to no group"
        };
        let text = format!(
            "Proxy '{}': 'thread' directive {what} in 'bind {}' at [{}].",
            draft.name(),
            bind.address,
            bind.at
        );
        loader.shared.alert(&bind.at, text);
    }
}

fn certificates(loader: &mut Loader<'_>, draft: &Draft) {
    for bind in &draft.tls_binds {
        if bind.enabled && !bind.has_certificate {
            let text = format!(
                "Proxy '{}': no SSL certificate specified for bind '{}' at [{}] (use 'crt').",
                draft.name(),
                bind.address,
                bind.at
            );
            loader.shared.alert(&bind.at, text);
        }
    }
}

fn duplicate_servers(loader: &mut Loader<'_>, draft: &Draft) {
    let mut lines = std::collections::HashMap::with_capacity(draft.servers.len());
    for server in &draft.servers {
        let name = &server.server.value.member.name.value;
        let at = server.server.at.clone();
        if let Some(line) = lines.insert(name.clone(), at.line) {
            let text = format!(
                "parsing [{at}] : {} '{}', another server named '{name}' was already defined at line {line}, please use distinct names.",
                draft.type_word(),
                draft.name()
            );
            loader.shared.alert(&at, text);
        }
    }
}
