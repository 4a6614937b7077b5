//! The BFD process: sessions, whose states are reported to the processes that track them.

use std::sync::Arc;

use locum_model::keepalived::Configuration;
use locum_runtime::{clock, process::Exit};
use locum_vrrp::bfd::driver::{self, Command, Status};
use tokio::sync::{mpsc, oneshot};

use super::{
    Child,
    signals::{Order, Signals},
};
use crate::{
    bfd,
    dump::{self, Text},
    face::{dumping, role::Role},
    load::Loaded,
};

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
    let mut configuration = Arc::new(loaded.configuration);
    log_configuration(child, &configuration);
    let sessions = driver::run(
        configuration.bfd.clone(),
        writer(&reports.to_vrrp),
        writer(&reports.to_checkers),
        queue,
        move |event| log.tell(bfd::lines(&event)),
    );
    tokio::pin!(sessions);
    child.rest();
    let mut asked: Option<oneshot::Receiver<Status>> = None;
    loop {
        let order = tokio::select! {
            ended = &mut sessions => {
                if let Err(error) = ended {
                    child.log().say(format!("BFD ended: {error}"));
                    return Exit::Status(super::FATAL);
                }
                return Exit::Status(0);
            }
            Ok(status) = answer(&mut asked) => {
                asked = None;
                write_dump(child, &configuration, &status);
                continue;
            }
            order = signals.next() => order,
        };
        let command = match order {
            Order::Stop => Command::Stop,
            Order::Reload => match child.read_again() {
                Some(loaded) => {
                    child.rest();
                    configuration = Arc::new(loaded.configuration);
                    Command::Reload(configuration.bfd.clone())
                }
                None => continue,
            },
            Order::Data => {
                child.log().say(format!(
                    "Printing BFD data for process({}) on signal",
                    std::process::id()
                ));
                let (tell, told) = oneshot::channel();
                asked = Some(told);
                Command::Snapshot(tell)
            }
            _ => continue,
        };
        // Only when sessions don't run any more can this fail, which the next turn sees.
        let _ = orders.try_send(command);
    }
}

/// The answer that is waited for; without one, none comes.
async fn answer(
    asked: &mut Option<oneshot::Receiver<Status>>,
) -> Result<Status, oneshot::error::RecvError> {
    match asked {
        Some(told) => told.await,
        None => std::future::pending().await,
    }
}

fn write_dump(child: &Child<'_>, configuration: &Configuration, status: &Status) {
    let facts = dumping::facts(child.0.args, configuration, Some(Role::Bfd));
    let date = clock::both().date;
    let text = dump::bfd(configuration, status, date, &facts);
    child.write_dump(
        dump::file::Kind::Bfd,
        configuration,
        &facts,
        text.into_bytes(),
    );
}

/// `-d`.
fn log_configuration(child: &Child<'_>, configuration: &Configuration) {
    if child.0.args.dump_conf {
        let facts = dumping::facts(child.0.args, configuration, Some(Role::Bfd));
        dumping::log(child.log(), &dump::parent(configuration, &facts));
        let mut text = Text::default();
        dump::bfd::write_configured(&mut text, &configuration.bfd);
        dumping::log(child.log(), &text);
    }
}
