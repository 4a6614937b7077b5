//! The BFD process: sessions, whose states are reported to the processes that track them.

use locum_runtime::process::Exit;
use locum_vrrp::bfd::driver::{self, Command};
use tokio::sync::mpsc;

use super::{
    Child,
    signals::{Order, Signals},
};
use crate::{bfd, load::Loaded};

/// How many orders may wait.
const ORDERS: usize = 16;

pub(super) async fn serve(child: &Child<'_>, loaded: Loaded, signals: &mut Signals) -> Exit {
    let (orders, queue) = mpsc::channel(ORDERS);
    let writer = |pair: &Option<(std::os::unix::net::UnixDatagram, _)>| {
        pair.as_ref()
            .and_then(|(writer, _)| writer.try_clone().ok())
    };
    let reports = child.0.reports;
    let log = child.log().clone();
    let sessions = driver::run(
        loaded.configuration.bfd,
        writer(&reports.to_vrrp),
        writer(&reports.to_checkers),
        queue,
        move |event| log.tell(bfd::lines(&event)),
    );
    tokio::pin!(sessions);
    child.tell_ready();
    loop {
        let order = tokio::select! {
            ended = &mut sessions => {
                if let Err(error) = ended {
                    child.log().say(format!("BFD ended: {error}"));
                    return Exit::Status(super::FATAL);
                }
                return Exit::Status(0);
            }
            order = signals.next() => order,
        };
        let command = match order {
            Order::Stop => Command::Stop,
            Order::Reload => {
                child.log().say("Reloading");
                let loaded = child.read();
                child.tell_ready();
                match loaded {
                    Some(loaded) => Command::Reload(loaded.configuration.bfd),
                    None => continue,
                }
            }
            _ => continue,
        };
        // Only when sessions don't run any more can this fail, which the next turn sees.
        let _ = orders.try_send(command);
    }
}
