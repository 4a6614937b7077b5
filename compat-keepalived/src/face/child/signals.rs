//! The signals of a child as events of its loop, those among them that came before there was one.

use std::io;

use locum_runtime::process::{Readable, signal_queue::SignalQueue};

use crate::signal;

/// What a signal asks of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// End gracefully.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Write data.
    Data,
    /// Write counters.
    Statistics,
    /// Write everything as JSON.
    Json,
    /// Write counters and clear them.
    ClearStatistics,
}

/// The queue of this process.
pub(super) struct Signals {
    queue: SignalQueue,
    news: Readable,
}

impl Signals {
    /// Opens it. Must be called within a runtime.
    pub(super) fn open() -> io::Result<Self> {
        let queue = SignalQueue::open(signal::STEERING)?;
        let news = queue.watch()?;
        Ok(Self { queue, news })
    }

    /// The next order. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Order {
        loop {
            match self.queue.take() {
                Ok(Some(arrival)) => {
                    if let Some(order) = order_of(arrival.number) {
                        return order;
                    }
                }
                Ok(None) => {
                    if self.news.ready().await.is_err() {
                        // The reactor has gone: so does this process.
                        return Order::Stop;
                    }
                }
                Err(_) => return Order::Stop,
            }
        }
    }
}

/// The end of a script is noticed by who started it.
fn order_of(number: i32) -> Option<Order> {
    Some(match number {
        signal::STOP | signal::INTERRUPT => Order::Stop,
        signal::RELOAD => Order::Reload,
        signal::DATA => Order::Data,
        signal::STATS => Order::Statistics,
        signal::JSON => Order::Json,
        signal::STATS_CLEAR => Order::ClearStatistics,
        _ => return None,
    })
}
