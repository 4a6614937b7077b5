//! The VRRP process: the driver of the engine, with the reference's words for what happens.

use std::{sync::Arc, time::Duration};

use locum_model::keepalived::Configuration;
use locum_runtime::process::Exit;
use locum_vrrp::{
    bfd::report::{Reader, Report},
    driver::{self, DumpKind, Face, Order, Trouble},
    effect::Notice,
    event::Event,
    snapshot::Snapshot,
};
use nix::sys::stat::{Mode, umask};
use tokio::sync::mpsc;

use super::{
    Child,
    signals::{Order as Signal, Signals},
};
use crate::{
    dump, event,
    load::Loaded,
    notify::{Message, Notifier},
    trouble,
};

/// The reference's process stays so long after everything is taken back; scripts that tell of the stop run meanwhile.
const LEAVE: Duration = Duration::from_secs(1);

pub(super) async fn serve(child: &Child<'_>, loaded: Loaded, signals: &mut Signals) -> Exit {
    let configuration = Arc::new(loaded.configuration);
    let (news, mut messages) = mpsc::unbounded_channel();
    let (orders, queue) = mpsc::unbounded_channel();
    let mut face = Words {
        child,
        notifier: Notifier::new(configuration.clone(), &host_name(), news),
    };
    let reports = bfd_reports(child);
    let running = driver::run(configuration, &mut face, queue);
    tokio::pin!(running);
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            Some(message) = messages.recv() => child.log().at(message.level(), message.to_string()),
            report = next_report(reports.as_ref()) => {
                let _ = orders.send(Order::Bfd { session: report.name, up: report.up });
            }
            signal = signals.next(), if !stopping => {
                let order = order(signal);
                stopping = matches!(order, Order::Stop(_));
                // The driver lives as long as this loop: there is somebody to take it.
                let _ = orders.send(order);
            }
        }
    };
    if let Err(error) = ended {
        child.log().say(format!("VRRP ended: {error}"));
        return Exit::Status(super::FATAL);
    }
    let leave = tokio::time::sleep(LEAVE);
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

fn order(signal: Signal) -> Order {
    match signal {
        Signal::Stop => Order::Stop(None),
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

/// What the driver tells, in words.
struct Words<'a> {
    child: &'a Child<'a>,
    notifier: Notifier,
}

impl Face for Words<'_> {
    fn started(&mut self) {
        self.child.tell_ready();
    }

    fn tell(&mut self, event: &Event) {
        self.child.log().tell(event::lines(event));
    }

    fn trouble(&mut self, trouble: &Trouble) {
        self.child.log().tell(trouble::line(trouble));
    }

    fn notify(&mut self, notice: &Notice) {
        self.notifier.notify(notice);
    }

    fn read(&mut self) -> Option<Arc<Configuration>> {
        self.child.log().say("Reloading");
        let loaded = self.child.read();
        Some(Arc::new(loaded?.configuration))
    }

    fn reloaded(&mut self, configuration: &Arc<Configuration>) {
        self.notifier.reload(configuration.clone());
        self.child.tell_ready();
    }

    fn dump(&mut self, kind: DumpKind, configuration: &Configuration, snapshot: &Snapshot) {
        let log = self.child.log();
        let (kind, bytes) = match kind {
            DumpKind::Data => {
                log.say(format!(
                    "Printing VRRP data for process({}) on signal",
                    std::process::id()
                ));
                let facts = self.facts(configuration);
                let text = dump::vrrp(configuration, snapshot, &facts);
                (dump::file::Kind::Vrrp, text.into_bytes())
            }
            DumpKind::Statistics => {
                log.say(format!(
                    "Printing VRRP stats for process({}) on signal",
                    std::process::id()
                ));
                let text = dump::statistics(snapshot);
                (dump::file::Kind::Statistics, text.into_bytes())
            }
            DumpKind::Json => (
                dump::file::Kind::Json,
                dump::json::write(configuration, snapshot),
            ),
        };
        let global = &configuration.global;
        let suffix = global
            .instance
            .as_deref()
            .or(global.net_namespace.as_deref());
        let path = dump::file::path(kind, suffix.filter(|_| global.data_use_instance));
        let news = self.notifier.news();
        dump::file::write_behind(path, bytes, file_mask(), move |path, error| {
            let _ = news.send(Message::DumpFailed {
                path: path.to_owned(),
                error,
            });
        });
    }
}

impl Words<'_> {
    fn facts(&self, configuration: &Configuration) -> dump::Facts {
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
        dump::Facts {
            vrrp: true,
            hostname: host_name(),
            user: user
                .ok()
                .flatten()
                .map_or_else(String::new, |user| user.name),
            namespace: configuration.global.net_namespace.clone(),
            firewall: dump::needs_firewall(configuration),
            realtime: None,
            umask: file_mask(),
        }
    }
}

/// The file creation mask, which can only be read by setting it.
fn file_mask() -> u32 {
    let mask = umask(Mode::from_bits_truncate(0o177));
    umask(mask);
    mask.bits()
}
