//! Starting the checks of a process: one task per checked server, on the first worker.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use locum_model::{
    address::Address,
    check::{Check, HttpExpect, HttpExpectKind, HttpProbe, Probe as ModelProbe},
    expr::{FormatPart, LogFormat},
    proxy::ProxyProtocol,
};

use super::{
    driver::{self, Probe, ServerCheck},
    probe::{
        ProxyHeader, Target, TargetAddress,
        http::{self, Expectation, Expected, HttpExchange},
    },
    scheduler::{CheckTiming, first_offsets},
};
use crate::{
    net::proxy_protocol::{Outgoing, encode_v2},
    plan::{Proxy, ProxyId, Server, ServerId},
    sample::regex::Regex,
    server::{Event, Farm},
    worker::Worker,
};

/// Takes the events of one backend.
pub type Tell = Rc<dyn Fn(ProxyId, Vec<Event>)>;

/// Starts all checks; they end with the worker. Runs on its local set.
pub fn start(worker: &Rc<Worker>, tell: &Tell) {
    let tell = &with_followers(worker, tell.clone());
    worker.tell_to(tell.clone());
    let checked: Vec<(&Proxy, &Server, &Check)> = worker
        .plan
        .proxies
        .iter()
        .flat_map(|proxy| {
            proxy
                .backend
                .iter()
                .flat_map(move |backend| backend.servers.iter().map(move |s| (proxy, s)))
        })
        .filter_map(|(proxy, server)| Some((proxy, server, server.settings.member.check.as_ref()?)))
        .collect();
    let timings: Vec<CheckTiming> = checked
        .iter()
        .map(|(proxy, _, check)| CheckTiming::new(check, proxy.timeouts.connect))
        .collect();
    let offsets = first_offsets(&timings, worker.plan.global.max_spread_checks);
    for (((proxy, server, check), timing), offset) in checked.iter().zip(timings).zip(offsets) {
        let Some(farm) = &worker.live.proxy(proxy.id).farm else {
            continue;
        };
        let (id, tell) = (proxy.id, tell.clone());
        let check = ServerCheck {
            farm: farm.clone(),
            server: server.id.index,
            timing,
            probe: probe(check),
            target: target(
                farm.clone(),
                proxy,
                server,
                check,
                timing,
                worker.plan.global.pp2_never_send_local,
            ),
            spread_percent: worker.plan.global.spread_checks,
        };
        tokio::task::spawn_local(driver::run(
            check,
            offset,
            Rc::new(move |events| tell(id, events)),
        ));
    }
    for proxy in &worker.plan.proxies {
        if let Some(farm) = &worker.live.proxy(proxy.id).farm {
            tokio::task::spawn_local(ramp(farm.clone()));
        }
    }
}

/// Has servers that track another one (manual 5.2: "track") go up and down with it.
fn with_followers(worker: &Rc<Worker>, tell: Tell) -> Tell {
    let plan = &worker.plan;
    let mut followers: HashMap<ServerId, Vec<ServerId>> = HashMap::new();
    for proxy in &plan.proxies {
        for server in proxy.backend.iter().flat_map(|backend| &backend.servers) {
            let Some((backend, name)) = &server.settings.track else {
                continue;
            };
            let backend = if backend.is_empty() {
                Some(proxy.id)
            } else {
                plan.proxy_named(backend)
            };
            let leader = backend.and_then(|id| {
                let mut servers = plan
                    .proxy(id)
                    .backend
                    .iter()
                    .flat_map(|backend| &backend.servers);
                servers
                    .find(|server| *server.name == **name)
                    .map(|server| server.id)
            });
            if let Some(leader) = leader {
                followers.entry(leader).or_default().push(server.id);
            }
        }
    }
    if followers.is_empty() {
        return tell;
    }
    let worker = worker.clone();
    Rc::new(move |backend, events| {
        let mut queue = VecDeque::from([(backend, events)]);
        // A chain of trackers is as long as the configuration at most: each server changes once.
        while let Some((backend, events)) = queue.pop_front() {
            for (server, up) in events.iter().filter_map(change) {
                let leader = ServerId {
                    backend,
                    index: server,
                };
                let name = leader_name(&worker, leader);
                for follower in followers.get(&leader).into_iter().flatten() {
                    if let Some(farm) = &worker.live.proxy(follower.backend).farm {
                        let now = crate::clock::now();
                        queue.push_back((
                            follower.backend,
                            farm.follow(now, follower.index, up, &name),
                        ));
                    }
                }
            }
            tell(backend, events);
        }
    })
}

fn change(event: &Event) -> Option<(u32, bool)> {
    match event {
        Event::Down { server, .. } => Some((*server, false)),
        Event::Up { server, .. } => Some((*server, true)),
        _ => None,
    }
}

fn leader_name(worker: &Worker, id: ServerId) -> String {
    let server = worker.plan.server(id).map_or("", |server| &server.name);
    format!("{}/{server}", worker.plan.proxy(id.backend).name)
}

/// Moves the weights of servers that start slowly.
async fn ramp(farm: Arc<Farm>) {
    /// How often servers that may begin to start are looked for.
    const PERIOD: Duration = Duration::from_secs(1);
    if farm
        .servers
        .iter()
        .all(|server| server.rules.slowstart.is_none())
    {
        return;
    }
    loop {
        let now = crate::clock::now();
        let next = farm
            .tick(now)
            .map_or(now + PERIOD, |next| next.min(now + PERIOD));
        tokio::time::sleep_until(next.into()).await;
    }
}

fn probe(check: &Check) -> Probe {
    match &check.probe {
        ModelProbe::TcpConnect => Probe::TcpConnect,
        ModelProbe::Http(http) => Probe::Http(exchange(http)),
    }
}

fn exchange(probe: &HttpProbe) -> HttpExchange {
    let headers: Vec<_> = probe
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), constant(value)))
        .collect();
    HttpExchange {
        request: http::request(
            &probe.method,
            &constant(&probe.uri),
            &probe.version,
            &headers,
            &probe.body,
        ),
        expect: probe.expect.iter().filter_map(expectation).collect(),
        disable_on_404: probe.disable_on_404,
    }
}

/// The text of a format; lowering lets only constant ones through.
fn constant(format: &LogFormat) -> Vec<u8> {
    let mut text = Vec::new();
    for part in &format.parts {
        if let FormatPart::Text(part) = part {
            text.extend_from_slice(part);
        }
    }
    text
}

fn expectation(expect: &HttpExpect) -> Option<Expectation> {
    let of = match &expect.matches {
        HttpExpectKind::Status(ranges) => Expected::Status(ranges.clone()),
        HttpExpectKind::StatusRegex(regex) => {
            Expected::StatusMatches(Regex::new(&regex.pattern, regex.ignore_case).ok()?)
        }
        HttpExpectKind::Body(text) => Expected::Body(text.clone()),
        HttpExpectKind::BodyRegex(regex) => {
            Expected::BodyMatches(Regex::new(&regex.pattern, regex.ignore_case).ok()?)
        }
    };
    Some(Expectation {
        negated: expect.negated,
        of,
    })
}

/// Where a server's checks go: its own address now, unless the check names another.
fn target(
    farm: Arc<Farm>,
    proxy: &Proxy,
    server: &Server,
    check: &Check,
    timing: CheckTiming,
    never_local: bool,
) -> Box<dyn Fn() -> Option<Target>> {
    let index = server.id.index as usize;
    let (address, port) = (check.address.clone(), check.port);
    let backend_source = proxy
        .backend
        .as_ref()
        .and_then(|backend| backend.settings.source.as_ref());
    let source: Option<SocketAddr> = server
        .settings
        .source
        .as_ref()
        .or(backend_source)
        .map(|source| source.address);
    let proxy_header = check.send_proxy.then(|| match server.settings.send_proxy {
        Some(ProxyProtocol::V2(_)) if never_local => ProxyHeader::OwnEndsBinary,
        Some(ProxyProtocol::V2(_)) => {
            let mut local = Vec::new();
            encode_v2(&Outgoing::default(), &mut local);
            ProxyHeader::Fixed(local)
        }
        // Version 1 has no LOCAL: the check speaks of its own connection.
        _ => ProxyHeader::OwnEnds,
    });
    Box::new(move || {
        let own = farm.servers.get(index)?.address();
        let address = match address.as_ref().unwrap_or(&own) {
            Address::Ip { ip, port: given } => {
                let given = if *given == 0 {
                    own.port().unwrap_or(0)
                } else {
                    *given
                };
                TargetAddress::Ip(SocketAddr::new(*ip, port.unwrap_or(given)))
            }
            Address::Unix(path) => TargetAddress::Unix(path.clone()),
            Address::Abstract(_) | Address::Descriptor(_) => return None,
        };
        Some(Target {
            address,
            source,
            proxy_header: proxy_header.clone(),
            connect_timeout: timing.connect,
            exchange_timeout: timing.exchange,
        })
    })
}
