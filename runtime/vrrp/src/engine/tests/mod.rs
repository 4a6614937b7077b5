//! Single engines against recorded behaviour: what they do, in which order, and when.

mod adverts;
mod changes;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use locum_model::{
    Located,
    address::Network,
    keepalived::Configuration,
    track::{TrackScript, Tracked, Weight},
    vrrp::{Address, Authentication, InitialState, Instance as Config, Peer, SyncGroup, Version},
};

use super::Engine;
use crate::{
    effect::{Effect, Effects, NoticeState, Subject},
    event::{Event, InstanceEvent, Rejection},
    fsm::State,
    identity::{InstanceId, SocketId},
    input::{Interface, Opening, Received, ScriptResult},
    packet::{self, Content},
};

pub(super) fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    Instant::now()
}

pub(super) fn config(name: &str, vrid: u8) -> Config {
    let mut config = Config::new(Located::built_in(name.into()));
    config.interface = Some(Located::built_in("eth0".into()));
    config.vrid = vrid;
    let ip = IpAddr::from([192, 0, 2, vrid]);
    config.addresses = vec![Located::built_in(Address::bare(Network { ip, prefix: 24 }))];
    config
}

pub(super) fn link(index: u32, name: &str, up: bool) -> Interface {
    Interface {
        index,
        name: name.into(),
        up,
        running: up,
        flags: u32::from(up),
        base: None,
        mtu: 1500,
    }
}

/// An engine with one interface, and the time.
struct Bench {
    engine: Engine,
    now: Instant,
    start: Instant,
    out: Effects,
    log: Vec<(u64, String)>,
}

impl Bench {
    fn new(configuration: Configuration) -> Self {
        let now = instant();
        let mut bench = Self {
            engine: Engine::new(Arc::new(configuration)),
            now,
            start: now,
            out: Effects::new(),
            log: Vec::new(),
        };
        bench
            .engine
            .on_interface(now, link(2, "eth0", true), &mut bench.out);
        bench
            .engine
            .on_interface(now, link(3, "v1", true), &mut bench.out);
        bench
            .engine
            .on_address(now, 2, IpAddr::from([192, 0, 2, 211]), true, &mut bench.out);
        bench.engine.start(now, &mut bench.out);
        bench.settle();
        bench
    }

    fn of(instances: Vec<Config>) -> Self {
        Self::new(Configuration {
            instances: instances.into_iter().map(Arc::new).collect(),
            ..Configuration::default()
        })
    }

    /// Writes effects down and runs what is due.
    fn settle(&mut self) {
        loop {
            let ms = (self.now - self.start).as_millis() as u64;
            for effect in self.out.drain().collect::<Vec<_>>() {
                if let Some(text) = describe(&effect) {
                    self.log.push((ms, text));
                }
            }
            if self.engine.deadline().is_none_or(|at| at > self.now) {
                return;
            }
            self.engine.on_timer(self.now, &mut self.out);
        }
    }

    fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.engine.deadline().filter(|&at| at <= end) {
            self.now = at.max(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn hear(&mut self, vrid: u8, priority: u8, last: u8) {
        let ip = IpAddr::from([192, 0, 2, vrid]);
        self.hear_with(
            last,
            |content| {
                *content = Content {
                    vrid,
                    priority,
                    ..*content
                }
            },
            &[ip],
        );
    }

    fn hear_with(&mut self, last: u8, change: impl FnOnce(&mut Content<'_>), addresses: &[IpAddr]) {
        let mut content = Content {
            version: Version::V2,
            vrid: 51,
            priority: 90,
            addresses,
            interval: 1,
            authentication: packet::Authentication::None,
            pseudo: None,
        };
        change(&mut content);
        let mut payload = Vec::new();
        packet::encode(&content, &mut payload);
        let received = Received {
            source: IpAddr::from([192, 0, 2, last]),
            destination: None,
            hop_limit: Some(255),
            header: &[0; 20],
            payload: &payload,
        };
        self.engine
            .on_packet(self.now, SocketId(0), &received, &mut self.out);
        self.settle();
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    fn times(&mut self, of: &str) -> Vec<u64> {
        self.log
            .iter()
            .filter(|(_, text)| text == of)
            .map(|(ms, _)| *ms)
            .collect()
    }

    fn state(&self, id: u32) -> State {
        self.engine.instance(InstanceId(id)).unwrap().state
    }
}

/// The effects that tests look at, short.
fn describe(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::SendAdvert { instance, priority } => format!("advert {} {priority}", instance.0),
        Effect::AddAddresses(lines) => format!("add {}", lines.len()),
        Effect::RemoveAddresses(lines) => format!("remove {}", lines.len()),
        Effect::Announce { address, .. } => format!("announce {address}"),
        Effect::Notify(notice) => match notice.subject {
            Subject::Instance(_) => {
                format!("{} {:?} {}", notice.name, notice.state, notice.priority)
            }
            Subject::Group(_) => format!("group {} {:?}", notice.name, notice.state),
        },
        Effect::Tell(Event::Instance { name, event, .. }) => match event {
            InstanceEvent::EnteredBackup { initial } => {
                format!("{name} enters backup, initial {initial}")
            }
            InstanceEvent::EnteredMaster => format!("{name} enters master"),
            InstanceEvent::EnteredFault => format!("{name} enters fault"),
            InstanceEvent::SentPriorityZero => format!("{name} sent zero"),
            InstanceEvent::AdvertTimeout => format!("{name} times out"),
            InstanceEvent::PriorityChanged { from, to } => format!("{name} {from}->{to}"),
            InstanceEvent::LowerDiscarded { theirs, .. } => format!("{name} discards {theirs}"),
            InstanceEvent::Rejected(rejection) => format!("{name} rejects {rejection:?}"),
            InstanceEvent::OwnerConflict => format!("{name} owner conflict"),
            _ => return None,
        },
        Effect::Tell(Event::Group { name, event, .. }) => format!("{name} {event:?}"),
        _ => return None,
    })
}
