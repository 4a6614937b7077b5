//! A probe that connects and closes: works if something listens.

use tokio::time::timeout;

use super::{Target, announce, connect, io_failure};
use crate::{
    check::{CheckResult, CheckStatus},
    clock,
};

/// Runs the probe.
pub async fn run(target: &Target) -> CheckResult {
    let started = clock::now();
    let elapsed = || clock::now().saturating_duration_since(started);
    let attempt = async {
        let mut wire = connect(target).await?;
        announce(target, &mut wire).await?;
        Ok(wire)
    };
    match timeout(target.connect_timeout, attempt).await {
        Err(_) => CheckResult::new(CheckStatus::L4Timeout, elapsed()),
        Ok(Err(error)) => io_failure(&error, true, elapsed()),
        Ok(Ok(wire)) => {
            // A reset could overtake the header.
            if target.proxy_header.is_none() {
                wire.reset_on_close();
            }
            CheckResult::new(CheckStatus::L4Ok, elapsed())
        }
    }
}
