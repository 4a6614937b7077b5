//! The driver of a server's checks: waits until one is due, runs the probe, tells the farm.

use std::{rc::Rc, sync::Arc, time::Duration};

use tokio::time::{Instant as Timer, sleep_until};

use super::{
    CheckResult,
    probe::{
        Target,
        http::{self, HttpExchange},
        tcp_connect,
    },
    scheduler::CheckTiming,
};
use crate::{
    clock,
    server::{Event, Farm},
};

/// What is asked of a server.
#[derive(Debug)]
pub enum Probe {
    /// To accept a connection.
    TcpConnect,
    /// To answer an HTTP request.
    Http(HttpExchange),
}

/// One server's checks.
pub struct ServerCheck {
    /// The backend's servers.
    pub farm: Arc<Farm>,
    /// The server's place there.
    pub server: u32,
    /// When.
    pub timing: CheckTiming,
    /// What.
    pub probe: Probe,
    /// Where, asked before each check since addresses change; `None`: there is no address now.
    pub target: Box<dyn Fn() -> Option<Target>>,
    /// `spread-checks`, in percent.
    pub spread_percent: u32,
}

/// Checks the server for ever, the first time after `offset`. Every outcome goes to `tell`. Runs on a worker's local
/// set; dropping the future ends it.
pub async fn run(check: ServerCheck, offset: Duration, tell: Rc<dyn Fn(Vec<Event>)>) {
    let Some(state) = check.farm.servers.get(check.server as usize) else {
        return;
    };
    let mut planned = clock::now() + offset;
    let mut seed = u64::from(check.server) + 1;
    loop {
        tokio::select! {
            () = sleep_until(Timer::from_std(planned)) => {}
            () = state.hastened() => {
                planned = planned.min(clock::now() + check.timing.fast);
                continue;
            }
        }
        if state.checks_enabled()
            && let Some(target) = (check.target)()
        {
            state.check_begins();
            let result = probe(&check.probe, &target).await;
            tell(check.farm.on_check(clock::now(), check.server, result));
        }
        planned = check.timing.next(
            planned,
            clock::now(),
            state.health().phase(),
            check.spread_percent,
            jitter(&mut seed),
        );
    }
}

async fn probe(probe: &Probe, target: &Target) -> CheckResult {
    match probe {
        Probe::TcpConnect => tcp_connect::run(target).await,
        Probe::Http(exchange) => http::run(target, exchange).await,
    }
}

/// 0..1, good enough to keep checks from marching in step.
fn jitter(seed: &mut u64) -> f64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1u64 << 53) as f64
}
