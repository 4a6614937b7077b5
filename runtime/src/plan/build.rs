//! Building the plan: the model's names resolved, its words compiled.

use std::{collections::HashMap, net::Ipv4Addr, sync::Arc};

use locum_model::{
    Located, Model,
    acl::Condition as ModelCondition,
    address::Address,
    expr::{LogFormat, Var},
    log::LogTarget as LogSettings,
    proxy::{self as model, GlobalVar},
    rule::Switch,
};

use super::{
    Backend, Frontend, InitialValue, Listener, ListenerId, Plan, Proxy, ProxyId, Server, ServerId,
    ServerTarget, TableId, Target, Tune,
    compile::{Compiler, Names, PlanError, PlanErrorKind, ProxyCompiler},
};
use crate::{
    http::NameCase,
    log::{ProxyLog, Target as LogTarget, ring::Ring},
    process::limits::Limits,
    vocab::{RuleSets, Vocabulary},
};

/// What the process decided before: how many threads serve, how many connections at once.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Worker threads.
    pub threads: usize,
    /// Connections at once over all frontends, and the descriptors that they need.
    pub limits: Limits,
}

impl Capacity {
    fn maxconn(self) -> u32 {
        u32::try_from(self.limits.maxconn).unwrap_or(u32::MAX)
    }
}

/// Resolves and compiles a model.
///
/// # Errors
/// The first thing that can't be: a name that nothing has, a pattern that is none.
pub fn build(model: &Model, vocabulary: Vocabulary, capacity: Capacity) -> Result<Plan, PlanError> {
    let index = Index::of(model);
    let compiler = Compiler::new(vocabulary, model, &index)?;
    let rings = rings(model);
    let mut listeners = Vec::new();
    let proxies = model
        .proxies
        .iter()
        .enumerate()
        .map(|(place, proxy)| {
            let builder = Builder {
                model,
                proxy,
                id: ProxyId(place as u32),
                words: compiler.proxy(proxy)?,
                index: &index,
                vocabulary,
                capacity,
                rings: &rings,
            };
            builder.proxy(&mut listeners)
        })
        .collect::<Result<_, PlanError>>()?;
    let variables = variables(model, &compiler)?;
    Ok(Plan {
        vocabulary,
        names: Arc::new(NameCase::new(
            model
                .global
                .h1_case_adjust
                .iter()
                .map(|(from, to)| (from.as_str(), to.as_str())),
        )),
        has_line_rules: model.proxies.iter().any(|proxy| {
            !proxy.rules.request_lines.is_empty() || !proxy.rules.response_lines.is_empty()
        }),
        tells_server_source: compiler.tells_server_source(),
        tune: Tune::of(&model.global.tune),
        proxies,
        proxy_names: index
            .proxies
            .iter()
            .map(|(name, id)| (Box::from(*name), *id))
            .collect(),
        tables: tables_of(model)
            .map(|(name, table)| (Arc::from(name), table.clone()))
            .collect(),
        listeners: listeners.into(),
        global: model.global.clone(),
        variables,
        pattern_lists: compiler.pattern_lists().into(),
        process: model.process.clone(),
        threads: capacity.threads,
        maxconn: capacity.maxconn(),
        limits: capacity.limits,
        log: ProxyLog {
            targets: targets(&model.global.logs, &rings),
            tag: model
                .global
                .log_tag
                .as_deref()
                .unwrap_or("")
                .as_bytes()
                .into(),
            ..ProxyLog::default()
        },
        rings: rings.into(),
    })
}

/// The rings of the configuration behind the one that is always there.
fn rings(model: &Model) -> Vec<Arc<Ring>> {
    let built_in = std::iter::once(Ring::built_in());
    let declared = model.rings.iter().cloned().map(Ring::new);
    built_in.chain(declared).map(Arc::new).collect()
}

fn targets(logs: &[LogSettings], rings: &[Arc<Ring>]) -> Box<[LogTarget]> {
    let target = |settings: &LogSettings| LogTarget::new(settings.clone(), rings);
    logs.iter().map(target).collect()
}

fn variables(
    model: &Model,
    compiler: &Compiler<'_>,
) -> Result<Box<[(Var, InitialValue)]>, PlanError> {
    let words = compiler.global();
    let lines = model.global.vars.iter();
    let compiled = lines.map(|line| {
        let (var, value) = &line.value;
        let value = match value {
            GlobalVar::Expr(expr) => InitialValue::Expr(words.expr(expr, &line.at)?),
            GlobalVar::Format(format) => InitialValue::Format(words.format(format, &line.at)?),
        };
        Ok((var.clone(), value))
    });
    compiled.collect()
}

/// All stick tables with their names.
fn tables_of(model: &Model) -> impl Iterator<Item = (&str, &model::StickTable)> {
    model.proxies.iter().filter_map(|proxy| {
        let table = proxy.stick_table.as_ref()?;
        Some((proxy.name.as_str(), &table.value))
    })
}

/// Names to ids.
struct Index<'m> {
    proxies: HashMap<&'m str, ProxyId>,
    servers: HashMap<(&'m str, &'m str), ServerId>,
    tables: HashMap<&'m str, TableId>,
}

impl<'m> Index<'m> {
    fn of(model: &'m Model) -> Self {
        let mut index = Index {
            proxies: HashMap::new(),
            servers: HashMap::new(),
            tables: tables_of(model)
                .enumerate()
                .map(|(place, (name, _))| (name, TableId(place as u32)))
                .collect(),
        };
        for (place, proxy) in model.proxies.iter().enumerate() {
            let id = ProxyId(place as u32);
            // A frontend and a backend may share a name; traffic is only ever sent to the backend.
            if proxy.backend.is_some() || !index.proxies.contains_key(proxy.name.as_str()) {
                index.proxies.insert(&proxy.name, id);
            }
            for (place, server) in proxy
                .backend
                .iter()
                .flat_map(|backend| backend.servers.iter().enumerate())
            {
                let server_id = ServerId {
                    backend: id,
                    index: place as u32,
                };
                index
                    .servers
                    .insert((&proxy.name, &server.member.name), server_id);
            }
        }
        index
    }
}

impl Names for Index<'_> {
    fn proxy(&self, name: &str) -> Option<ProxyId> {
        self.proxies.get(name).copied()
    }

    fn server(&self, backend: &str, server: &str) -> Option<ServerId> {
        self.servers.get(&(backend, server)).copied()
    }

    fn table(&self, name: &str) -> Option<TableId> {
        self.tables.get(name).copied()
    }
}

/// Builds one proxy.
struct Builder<'b, 'm> {
    model: &'m Model,
    proxy: &'m model::Proxy,
    id: ProxyId,
    words: ProxyCompiler<'b, 'm>,
    index: &'b Index<'m>,
    vocabulary: Vocabulary,
    capacity: Capacity,
    rings: &'b [Arc<Ring>],
}

impl Builder<'_, '_> {
    fn proxy(&self, listeners: &mut Vec<Listener>) -> Result<Proxy, PlanError> {
        let proxy = self.proxy;
        Ok(Proxy {
            id: self.id,
            name: Arc::from(proxy.name.as_str()),
            kind: proxy.kind,
            number: proxy.id,
            at: proxy.name.at.clone(),
            mode: proxy.mode,
            timeouts: proxy.timeouts.clone(),
            options: proxy.options.clone(),
            connection_mode: proxy.connection_mode,
            restrict_header_names: proxy.restrict_header_names,
            inspect_delay: proxy.rules.inspect_delay,
            response_inspect_delay: proxy.rules.response_inspect_delay,
            rules: self.words.rule_table(&proxy.rules)?,
            log: self.log()?,
            errors: self.words.error_table(&proxy.errors)?,
            forwardfor: proxy.forwardfor.clone(),
            originalto: proxy.originalto.clone(),
            unique_id: proxy
                .unique_id_format
                .as_ref()
                .map(|format| self.words.identifier(format))
                .transpose()?,
            unique_id_header: proxy
                .unique_id_header
                .as_ref()
                .map(|name| name.to_vec().into()),
            stats: proxy.stats.clone(),
            stats_rules: self.stats_rules()?,
            filters: self.filters()?,
            frontend: proxy
                .frontend
                .as_ref()
                .map(|frontend| self.frontend(frontend, listeners))
                .transpose()?,
            backend: proxy
                .backend
                .as_ref()
                .map(|backend| self.backend(backend))
                .transpose()?,
        })
    }

    fn stats_rules(&self) -> Result<Box<[crate::rules::Rule]>, PlanError> {
        let rules = self
            .proxy
            .stats
            .as_ref()
            .map(|page| page.http_request.as_slice());
        self.words
            .rules(rules.unwrap_or_default(), RuleSets::HTTP_REQUEST)
    }

    fn log(&self) -> Result<ProxyLog, PlanError> {
        let tag = self
            .proxy
            .log_tag
            .as_ref()
            .or(self.model.global.log_tag.as_ref());
        Ok(ProxyLog {
            targets: targets(&self.proxy.logs, self.rings),
            format: self.log_format(self.proxy.log_format.as_ref())?,
            // Lines about beginnings have none.
            structured: self
                .log_format(self.proxy.structured_log_format.as_ref())?
                .filter(|_| self.proxy.log_format.is_some()),
            error_format: self.log_format(self.proxy.error_log_format.as_ref())?,
            begin_format: self.log_format(self.proxy.begin_log_format.as_ref())?,
            tag: tag.map_or(&b""[..], |tag| tag.as_bytes()).into(),
        })
    }

    fn log_format(
        &self,
        format: Option<&Located<LogFormat>>,
    ) -> Result<Option<crate::sample::format::Format>, PlanError> {
        format
            .map(|format| self.words.log_format(format))
            .transpose()
    }

    fn filters(&self) -> Result<super::DeclaredFilters, PlanError> {
        self.proxy
            .filters
            .iter()
            .map(|filter| {
                let unknown = || PlanError {
                    at: filter.at.clone(),
                    kind: PlanErrorKind::UnknownFilter(filter.name.clone()),
                };
                let def = (self.vocabulary.filter)(&filter.name).ok_or_else(unknown)?;
                Ok((def, filter.args.clone().into_boxed_slice()))
            })
            .collect()
    }

    fn frontend(
        &self,
        frontend: &model::Frontend,
        listeners: &mut Vec<Listener>,
    ) -> Result<Frontend, PlanError> {
        let first = listeners.len();
        for bind in &frontend.binds {
            listeners.push(Listener {
                id: ListenerId(listeners.len() as u32),
                frontend: self.id,
                bind: bind.value.clone(),
                at: bind.at.clone(),
            });
        }
        let rules = &self.proxy.rules;
        let use_backend = rules
            .use_backend
            .iter()
            .map(|switch| Ok((self.condition_of(switch)?, self.target(switch)?)))
            .collect::<Result<_, PlanError>>()?;
        let monitor_fail = rules
            .monitor_fail
            .iter()
            .map(|condition| self.words.condition(condition, &condition.at))
            .collect::<Result<_, PlanError>>()?;
        let default_backend = frontend.default_backend.as_ref();
        Ok(Frontend {
            listeners: (first..listeners.len())
                .map(|place| ListenerId(place as u32))
                .collect(),
            maxconn: frontend
                .maxconn
                .filter(|n| *n > 0)
                .unwrap_or(self.capacity.maxconn()),
            rate_limit_sessions: frontend.rate_limit_sessions,
            keepalive: self
                .proxy
                .options
                .clitcpka
                .then(|| frontend.tcp_keepalive.clone()),
            default_backend: default_backend
                .map(|target| self.target_of(target, &target.at))
                .transpose()?,
            use_backend,
            greeting: frontend.greeting.clone(),
            monitor_uri: frontend.monitor_uri.as_ref().map(|uri| uri.to_vec().into()),
            monitor_fail,
            request_captures: frontend.request_captures.clone().into(),
            response_captures: frontend.response_captures.clone().into(),
            capture_cookie: frontend
                .capture_cookie
                .as_ref()
                .map(|(name, length)| (name.to_vec().into(), *length as usize)),
        })
    }

    fn condition_of(
        &self,
        switch: &Located<Switch>,
    ) -> Result<Option<crate::rules::Condition>, PlanError> {
        switch
            .condition
            .as_ref()
            .map(|condition| self.words.condition(condition, &switch.at))
            .transpose()
    }

    fn target(&self, switch: &Located<Switch>) -> Result<Target, PlanError> {
        self.target_of(&switch.target, &switch.at)
    }

    fn target_of(&self, format: &LogFormat, at: &locum_model::Origin) -> Result<Target, PlanError> {
        let Some(name) = format.as_constant() else {
            return Ok(Target::Dynamic(self.words.format(format, at)?));
        };
        let name = name.to_string();
        let unknown = || PlanError {
            at: at.clone(),
            kind: PlanErrorKind::UnknownProxy(name.clone()),
        };
        self.index
            .proxy(&name)
            .map(Target::Proxy)
            .ok_or_else(unknown)
    }

    fn backend(&self, backend: &model::Backend) -> Result<Backend, PlanError> {
        let rules = &self.proxy.rules;
        let use_server = rules
            .use_server
            .iter()
            .map(|switch| Ok((self.condition_of(switch)?, self.server_target(switch)?)))
            .collect::<Result<_, PlanError>>()?;
        let persist = rules
            .persist
            .iter()
            .map(|rule| {
                let (force, condition): &(bool, ModelCondition) = rule;
                Ok((*force, self.words.condition(condition, &rule.at)?))
            })
            .collect::<Result<_, PlanError>>()?;
        let servers = backend
            .servers
            .iter()
            .enumerate()
            .map(|(place, server)| Server {
                id: ServerId {
                    backend: self.id,
                    index: place as u32,
                },
                name: Arc::from(server.member.name.as_str()),
                cookie_value: cookie_value(backend, server),
                settings: server.value.clone(),
                at: server.at.clone(),
            });
        let anywhere = Address::Ip {
            ip: Ipv4Addr::UNSPECIFIED.into(),
            port: 0,
        };
        let transparent = self.proxy.options.transparent.then_some(anywhere);
        let nameless = backend.dispatch.clone().or(transparent).map(|address| {
            Box::new(Server {
                id: ServerId {
                    backend: self.id,
                    index: backend.servers.len() as u32,
                },
                name: Arc::from(""),
                cookie_value: None,
                settings: model::Server::at(address),
                at: self.proxy.name.at.clone(),
            })
        });
        Ok(Backend {
            nameless,
            settings: backend.clone(),
            servers: servers.collect(),
            use_server,
            persist,
            balance_key: match &backend.balance {
                locum_model::pool::Balance::Hash(expr) => {
                    Some(self.words.expr(expr, &self.proxy.name.at)?)
                }
                _ => None,
            },
            retries: backend.retries.unwrap_or(3),
        })
    }

    fn server_target(&self, switch: &Located<Switch>) -> Result<ServerTarget, PlanError> {
        let Some(name) = switch.target.as_constant() else {
            return Ok(ServerTarget::Dynamic(
                self.words.format(&switch.target, &switch.at)?,
            ));
        };
        let name = name.to_string();
        let found = self.index.server(&self.proxy.name, &name);
        found
            .map(|id| ServerTarget::Index(id.index))
            .ok_or_else(|| PlanError {
                at: switch.at.clone(),
                kind: PlanErrorKind::UnknownServer(self.proxy.name.value.clone(), name),
            })
    }
}

/// A server's value in the persistence cookie (manual: "cookie", `dynamic`).
fn cookie_value(backend: &model::Backend, server: &model::Server) -> Option<Box<[u8]>> {
    if let Some(value) = &server.cookie {
        return Some(value.to_vec().into());
    }
    let cookie = backend.cookie.as_ref().filter(|cookie| cookie.dynamic)?;
    let key = cookie.dynamic_key.as_ref()?;
    let address =
        std::net::SocketAddr::new(server.member.address.ip()?, server.member.address.port()?);
    Some(
        crate::persistence::dynamic::value(key, address)
            .into_bytes()
            .into(),
    )
}
