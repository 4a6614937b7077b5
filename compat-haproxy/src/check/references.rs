//! Names that expressions use: proxies, servers, user lists, tables must exist.

use std::collections::{HashMap, HashSet};

use locum_model::proxy::{KeyType, Mode};

use crate::{
    load::{Draft, Loader},
    lowering::{GroupTest, Reference, ReferenceKind, acl::ACL_KEYWORD},
};

/// What can be referred to.
pub(crate) struct Names {
    /// Proxies with clients.
    pub(crate) frontends: HashSet<String>,
    /// Proxies with servers: mode and place.
    pub(crate) backends: HashMap<String, Target>,
    /// Proxies of which nothing but the syntax counts.
    disabled: HashSet<String>,
    /// Groups of each user list.
    userlists: HashMap<String, HashSet<String>>,
    tables: HashMap<String, KeyType>,
    /// Servers of each proxy.
    servers: HashMap<String, HashSet<String>>,
}

/// What a reference to a backend wants to know of it.
pub(crate) struct Target {
    /// Its protocol.
    pub(crate) mode: Mode,
    /// Where it was declared.
    pub(crate) at: locum_model::Origin,
}

impl Names {
    /// Gathers them.
    pub(crate) fn of(loader: &Loader<'_>, drafts: &[Draft]) -> Self {
        let mut names = Self {
            frontends: HashSet::new(),
            disabled: HashSet::new(),
            backends: HashMap::with_capacity(drafts.len()),
            userlists: loader
                .model
                .userlists
                .iter()
                .zip(&loader.groups)
                .map(|(list, groups)| {
                    let groups = groups.iter().map(|(name, _)| name.clone()).collect();
                    (list.name.value.clone(), groups)
                })
                .collect(),
            tables: HashMap::new(),
            servers: HashMap::with_capacity(drafts.len()),
        };
        for draft in drafts {
            let name = draft.name().to_owned();
            if draft.proxy.disabled {
                names.disabled.insert(name.clone());
            }
            if draft.has_frontend {
                names.frontends.insert(name.clone());
            }
            if let Some(table) = &draft.proxy.stick_table {
                names.tables.insert(name.clone(), table.key);
            }
            if draft.has_backend {
                let servers = draft
                    .servers
                    .iter()
                    .map(|server| server.server.value.member.name.value.clone())
                    .collect();
                names.servers.insert(name.clone(), servers);
                let target = Target {
                    mode: draft.proxy.mode,
                    at: draft.proxy.name.at.clone(),
                };
                names.backends.insert(name, target);
            }
        }
        names
    }

    /// What the keys of a stick table are, if there is one of that name.
    pub(crate) fn table(&self, name: &str) -> Option<KeyType> {
        self.tables.get(name).copied()
    }

    /// Whether a backend has a server of that name.
    pub(crate) fn has_server(&self, backend: &str, server: &str) -> bool {
        self.servers
            .get(backend)
            .is_some_and(|servers| servers.contains(server))
    }
}

/// Checks all references that lowering noted.
pub(super) fn check(loader: &mut Loader<'_>, names: &Names) {
    for reference in std::mem::take(&mut loader.shared.notes.references) {
        if names.disabled.contains(&reference.proxy) {
            continue;
        }
        if let Some(problem) = problem(&reference, names) {
            let at = &reference.at;
            let mut role = role(&reference);
            if problem.starts_with("proxy ") {
                role = format!(
                    "{}, has not backend capability.",
                    role.trim_end_matches('.')
                );
            }
            if let Some(reason) = reason(&reference) {
                role = format!("{} : {reason}.", role.trim_end_matches('.'));
            }
            let text = format!("parsing [{at}]: {problem}{role}");
            loader.shared.alert(at, text);
        }
    }
    check_groups(loader, names);
}

/// Tests of groups that their user list doesn't have, and those without any: they would match nobody.
fn check_groups(loader: &mut Loader<'_>, names: &Names) {
    for test in std::mem::take(&mut loader.shared.notes.group_tests) {
        let GroupTest { acl, proxy, .. } = &test;
        let Some(known) = names.userlists.get(&test.userlist) else {
            continue;
        };
        if names.disabled.contains(proxy) {
            continue;
        }
        let wrong = test.groups.iter().filter(|group| !known.contains(*group));
        let invalid = wrong.map(|group| format!("invalid group '{group}'."));
        let none = test.is_empty.then(|| "no groups specified.".to_owned());
        for problem in invalid.chain(none) {
            let text = format!("proxy {proxy}: acl {acl} http_auth_group(): {problem}");
            loader.shared.alert_plain(text);
        }
    }
}

fn problem(reference: &Reference, names: &Names) -> Option<String> {
    let name = &reference.name;
    let argument = reference.argument;
    let unable = |what: &str, name: &str| {
        Some(format!(
            "unable to find {what} '{name}' referenced in arg {argument}"
        ))
    };
    match reference.kind {
        ReferenceKind::Frontend if !names.frontends.contains(name) => unable("frontend", name),
        ReferenceKind::Backend
            if reference.is_own
                && names.frontends.contains(name)
                && !names.backends.contains_key(name) =>
        {
            Some(format!("proxy '{name}', referenced in arg {argument}"))
        }
        ReferenceKind::Userlist if name.is_empty() => {
            Some(format!("missing userlist name in arg {argument}"))
        }
        ReferenceKind::Server if name.is_empty() => {
            Some(format!("missing server name in arg {argument}"))
        }
        ReferenceKind::Backend if !names.backends.contains_key(name) => unable("backend", name),
        ReferenceKind::Userlist if !names.userlists.contains_key(name) => unable("userlist", name),
        ReferenceKind::Table if !names.tables.contains_key(name) => unable("table", name),
        ReferenceKind::Server => match name.split_once('/') {
            Some((backend, _)) if !names.backends.contains_key(backend) => unable("proxy", backend),
            Some((backend, server)) if !names.has_server(backend, server) => Some(format!(
                "unable to find server '{server}' in proxy '{backend}', referenced in arg {argument}"
            )),
            None if !names.has_server(&reference.proxy, name) => Some(format!(
                "unable to find server '{name}' in proxy '{}', referenced in arg {argument}",
                reference.proxy
            )),
            _ => None,
        },
        ReferenceKind::Regex if name.is_empty() => Some(format!("missing regex in arg {argument}")),
        ReferenceKind::Regex => {
            reason(reference).map(|_| format!("error in regex '{name}' in arg {argument}"))
        }
        _ => None,
    }
}

/// Why a regular expression is none.
fn reason(reference: &Reference) -> Option<String> {
    let is_regex = reference.kind == ReferenceKind::Regex && !reference.name.is_empty();
    is_regex
        .then(|| crate::lowering::regex::check(reference.name.as_bytes(), false).err())
        .flatten()
}

/// ` of sample fetch keyword 'be_conn' in http-request expression in proxy 'f'.`
fn role(reference: &Reference) -> String {
    let Reference {
        word,
        proxy,
        surroundings,
        ..
    } = reference;
    if surroundings == ACL_KEYWORD {
        return match &reference.fetch {
            None => format!(" of ACL keyword '{word}' in proxy '{proxy}'."),
            Some(fetch) => {
                format!(
                    " of conversion keyword '{word}' for ACL keyword '{fetch}' in proxy '{proxy}'."
                )
            }
        };
    }
    let place = if surroundings.is_empty() {
        String::new()
    } else {
        format!(" in {surroundings}")
    };
    match &reference.fetch {
        None => format!(" of sample fetch keyword '{word}'{place} in proxy '{proxy}'."),
        Some(fetch) => format!(
            " of conversion keyword '{word}' for sample fetch keyword '{fetch}'{place} in proxy '{proxy}'."
        ),
    }
}
