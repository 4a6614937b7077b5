//! The name by which others know this machine.

use std::{thread, time::Duration};

use dns_lookup::{AddrInfoHints, getaddrinfo};
use tokio::{sync::oneshot, time::timeout};

/// The canonical name of `host` (getaddrinfo(3), AI_CANONNAME). Servers of names may be asked, so that this takes up to
/// `limit`; `None`: nobody knows it. A thread of its own waits for the answer: the end of the process doesn't.
pub async fn canonical(host: String, limit: Duration) -> Option<String> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("resolver".into())
        .spawn(move || {
            let hints = AddrInfoHints {
                flags: nix::libc::AI_CANONNAME,
                ..AddrInfoHints::default()
            };
            let name = getaddrinfo(Some(&host), None, Some(hints))
                .ok()
                .and_then(|mut found| found.next())
                .and_then(Result::ok)
                .and_then(|first| first.canonname);
            // Who asked has had no patience: then nobody hears.
            let _ = answer.send(name);
        })
        .ok()?;
    timeout(limit, answered).await.ok()?.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_its_own_name_and_a_name_that_nobody_knows_has_none() {
        let limit = Duration::from_secs(60);
        let known = canonical("127.0.0.1".into(), limit).await;
        assert_eq!(known.as_deref(), Some("127.0.0.1"));
        // A label is 63 characters long at most: no server is asked.
        assert_eq!(canonical("x".repeat(64), limit).await, None);
    }
}
