//! The VRRP process: the driver of the engine, with the reference's words for what happens.

use std::{sync::Arc, time::Duration};

use locum_model::keepalived::Configuration;
use locum_runtime::process::Exit;
use locum_vrrp::{
    bfd::report::{Reader, Report},
    driver::{self, DumpKind, Face, Order, Trouble},
    effect::Notice,
    engine::Engine,
    event::Event,
};
use tokio::sync::mpsc;

use super::{
    Child,
    signals::{Order as Signal, Signals},
};
use crate::{event, load::Loaded, notify::Notifier, vrrp};

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
        self.child.log().tell(vrrp::trouble(trouble));
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

    fn dump(&mut self, kind: DumpKind, _engine: &Engine) {
        if kind == DumpKind::Data {
            self.child.log().say(format!(
                "Printing VRRP data for process({}) on signal",
                std::process::id()
            ));
        }
    }
}
