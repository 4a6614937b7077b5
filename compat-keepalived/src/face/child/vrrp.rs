//! The VRRP process: the driver of the engine, with the reference's words for what happens.

use std::{sync::Arc, time::Duration};

use locum_model::keepalived::Configuration;
use locum_runtime::process::Exit;
use locum_vrrp::{
    bfd::report::{Reader, Report},
    device,
    driver::{self, DumpKind, Face, Order, Trouble},
    effect::Notice,
    event::{Event, InstanceEvent},
    snapshot::Snapshot,
};
use tokio::sync::mpsc;

use super::{
    Child,
    signals::{Order as Signal, Signals},
};
use crate::{
    bfd, dump, event,
    face::{dumping, role::Role},
    line::Line,
    load::Loaded,
    notify::Notifier,
    trouble,
};

/// The reference's process stays so long after everything is taken back; scripts that tell of the stop run meanwhile.
const LEAVE: Duration = Duration::from_secs(1);

pub(super) async fn serve(child: &Child<'_>, loaded: Loaded, signals: &mut Signals) -> Exit {
    let configuration = Arc::new(loaded.configuration);
    let (news, mut messages) = mpsc::unbounded_channel();
    let (orders, queue) = mpsc::unbounded_channel();
    let log = child.log();
    let stays = !configuration.instances.is_empty();
    let mut face = Words {
        child,
        notifier: Notifier::new(configuration.clone(), &host_name(), news),
        starting: Some(Starting::of(&configuration)),
    };
    log.tell(firewall(&configuration));
    let reports = bfd_reports(child);
    let running = driver::run(configuration, &mut face, queue);
    tokio::pin!(running);
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            Some(message) = messages.recv() => child.log().at(message.level(), message.to_string()),
            report = next_report(reports.as_ref()) => {
                log.tell([bfd::received(&report)]);
                let _ = orders.send(Order::Bfd { session: report.name, up: report.up });
            }
            signal = signals.next(), if !stopping => {
                let order = order(signal, child.0.args.dont_release_vrrp);
                stopping = matches!(order, Order::Stop { .. });
                // The driver lives as long as this loop: there is somebody to take it.
                let _ = orders.send(order);
            }
        }
    };
    if let Err(error) = ended {
        child.log().say(format!("VRRP ended: {error}"));
        return Exit::Status(super::FATAL);
    }
    let leave = tokio::time::sleep(if stays { LEAVE } else { Duration::ZERO });
    tokio::pin!(leave);
    loop {
        tokio::select! {
            () = &mut leave => break,
            Some(message) = messages.recv() => child.log().at(message.level(), message.to_string()),
        }
    }
    Exit::Status(0)
}

/// Where the BFD process tells of its sessions.
fn bfd_reports(child: &Child<'_>) -> Option<Reader> {
    let (_, reader) = child.0.reports.to_vrrp.as_ref()?;
    Reader::new(reader.try_clone().ok()?).ok()
}

/// The next report; never, when there is nobody to tell.
async fn next_report(reports: Option<&Reader>) -> Report {
    if let Some(reports) = reports
        && let Ok(report) = reports.next().await
    {
        return report;
    }
    std::future::pending().await
}

fn order(signal: Signal, keep: bool) -> Order {
    match signal {
        Signal::Stop => Order::Stop { answer: None, keep },
        Signal::Reload => Order::Reload,
        Signal::Data => Order::Dump(DumpKind::Data),
        Signal::Statistics => Order::Dump(DumpKind::Statistics),
        Signal::Json => Order::Dump(DumpKind::Json),
        Signal::ClearStatistics => Order::ClearStatistics,
    }
}

fn host_name() -> String {
    nix::unistd::gethostname()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The line about a firewall that is needed and that nobody has chosen.
fn firewall(configuration: &Configuration) -> Option<Line> {
    let mut instances = configuration.instances.iter();
    let drops = instances.any(|instance| !instance.accept);
    let macvlans = || {
        device::wishes(configuration)
            .iter()
            .any(|wish| wish.is_macvlan())
    };
    let is_chosen = configuration.global.firewall.nftables.is_some();
    (!is_chosen && (drops || macvlans())).then(|| {
        Line::info(
            "use_vmac or no_accept/strict specified, but no firewall configured - using nftables",
        )
    })
}

/// What the driver tells, in words.
struct Words<'a> {
    child: &'a Child<'a>,
    notifier: Notifier,
    /// Until the start is complete.
    starting: Option<Starting>,
}

/// Lines of the start that have their place among the others.
struct Starting {
    /// Before anything is said of instances.
    watches: Vec<Line>,
    /// Before instances begin.
    channels: Vec<Line>,
    /// `-d`: before the first of them has a state.
    dump: Vec<Line>,
    /// All that comes before that has been said.
    prepared: bool,
    /// After they have begun.
    sockets: Vec<Line>,
}

impl Starting {
    fn of(configuration: &Configuration) -> Self {
        let announces = |v6: bool| {
            let mut instances = configuration.instances.iter();
            instances.any(|one| {
                let mut all = one.addresses.iter().chain(&one.excluded_addresses);
                all.any(|address| address.value.network.ip.is_ipv6() == v6)
            })
        };
        let channels = [(false, "ARP"), (true, "NDISC")];
        let channels = channels
            .into_iter()
            .filter(|(v6, _)| announces(*v6))
            .map(|(_, what)| format!("Registering gratuitous {what} shared channel"))
            .map(|text| Line::info(text).detail());
        Self {
            watches: Vec::new(),
            dump: Vec::new(),
            prepared: false,
            channels: unused_scripts(configuration).chain(channels).collect(),
            sockets: Vec::new(),
        }
    }
}

/// Scripts that nothing tracks: they aren't run.
fn unused_scripts(configuration: &Configuration) -> impl Iterator<Item = Line> {
    let of_instances = configuration.instances.iter().map(|one| &one.tracks);
    let of_groups = configuration.sync_groups.iter().map(|one| &one.tracks);
    let tracks: Vec<_> = of_instances.chain(of_groups).collect();
    let scripts = configuration.scripts.iter().map(|one| &one.name.value);
    scripts
        .filter(move |name| {
            let mut tracked = tracks.iter().flat_map(|tracks| &tracks.scripts);
            !tracked.any(|one| one.name.value == **name)
        })
        .map(|name| Line::info(format!("Warning - script {name} is not used")))
}

impl Face for Words<'_> {
    fn configured(&mut self, snapshot: &mut dyn FnMut() -> Snapshot) {
        let args = self.child.0.args;
        if args.dump_conf {
            let snapshot = snapshot();
            let configuration = self.notifier.configuration().clone();
            let facts = dumping::facts(args, &configuration, Some(Role::Vrrp));
            let text = dump::configured_vrrp(&configuration, &snapshot, &facts);
            if let Some(starting) = &mut self.starting {
                starting.dump = dumping::lines_of_vrrp(&configuration, &text);
            }
        }
    }

    fn started(&mut self) {
        if let Some(starting) = self.starting.take() {
            self.child.log().tell(starting.sockets);
        }
        self.child.tell_ready();
    }

    fn tell(&mut self, event: &Event) {
        if let Some(starting) = &mut self.starting {
            let lines = match event {
                Event::Instance {
                    event:
                        InstanceEvent::RemovingAddresses
                        | InstanceEvent::RemovingExcludedAddresses
                        | InstanceEvent::RemovingRoutes
                        | InstanceEvent::RemovingRules,
                    ..
                } => &mut starting.watches,
                Event::Instance { .. } if starting.prepared => &mut starting.dump,
                Event::Instance { .. } => &mut starting.watches,
                Event::Prepared => {
                    starting.prepared = true;
                    &mut starting.channels
                }
                _ => &mut Vec::new(),
            };
            self.child.log().tell(std::mem::take(lines));
        }
        self.child.log().tell(event::lines(event));
    }

    fn trouble(&mut self, trouble: &Trouble) {
        let line = trouble::line(trouble);
        match (&mut self.starting, trouble) {
            (Some(starting), Trouble::SocketOpened { .. }) => starting.sockets.extend(line),
            (Some(starting), Trouble::ProcessWatch(_)) => starting.watches.extend(line),
            _ => self.child.log().tell(line),
        }
    }

    fn notify(&mut self, notice: &Notice) {
        self.notifier.notify(notice);
    }

    fn stopping(&mut self) {
        self.notifier.stopping();
    }

    fn restate(&mut self, notice: &Notice) {
        self.notifier.restate(notice);
    }

    fn read(&mut self) -> Option<Arc<Configuration>> {
        let loaded = self.child.read_again()?;
        self.child.log().tell(firewall(&loaded.configuration));
        Some(Arc::new(loaded.configuration))
    }

    fn reloaded(&mut self, configuration: &Arc<Configuration>) {
        self.notifier.reload(configuration.clone());
        self.child.tell_ready();
    }

    fn dump(&mut self, kind: DumpKind, configuration: &Configuration, snapshot: &Snapshot) {
        let log = self.child.log();
        let facts = dumping::facts(self.child.0.args, configuration, Some(Role::Vrrp));
        let (kind, bytes) = match kind {
            DumpKind::Data => {
                log.say(format!(
                    "Printing VRRP data for process({}) on signal",
                    std::process::id()
                ));
                let text = dump::vrrp(configuration, snapshot, &facts);
                (dump::file::Kind::Vrrp, text.into_bytes())
            }
            DumpKind::Statistics | DumpKind::LastStatistics => {
                let clears = kind == DumpKind::LastStatistics;
                let what = if clears {
                    "Printing and clearing"
                } else {
                    "Printing"
                };
                log.say(format!(
                    "{what} VRRP stats for process({}) on signal",
                    std::process::id()
                ));
                let text = dump::statistics(snapshot);
                (dump::file::Kind::Statistics, text.into_bytes())
            }
            DumpKind::Json => {
                log.say(format!(
                    "Printing VRRP as json for process({}) on signal",
                    std::process::id()
                ));
                let bytes = dump::json::write(configuration, snapshot);
                (dump::file::Kind::Json, bytes)
            }
        };
        self.child.write_dump(kind, configuration, &facts, bytes);
    }
}
