//! The data phase: both bodies move at once, each side with its own timeout.

use std::{
    task::Poll,
    time::{Duration, Instant},
};

use super::{
    ClientSide, Halt, Phase, Stream,
    copy::{Transfer, TransferError},
    failure::Failure,
    side::{Incoming, Outgoing, SideError},
};
use crate::{clock, filter::Direction, worker::wait::Interrupted};

/// Both directions of a stream.
pub struct Transfers {
    /// Client to server.
    pub request: Transfer,
    /// Server to client.
    pub response: Transfer,
    /// A side was too late while rules waited; whether it was the client. What has come is passed on, and no more.
    pub late: Option<bool>,
    /// When the server sent what rules have held back until now: its silence began then.
    pub heard: Option<Instant>,
}

/// Timeouts of the data phase; a tunnel has others than a message.
#[derive(Debug, Clone, Copy)]
pub struct Inactivity {
    /// The client is silent or doesn't read.
    pub client: Option<Duration>,
    /// The server is silent or doesn't read.
    pub server: Option<Duration>,
    /// The client, after it was told that nothing more comes.
    pub client_fin: Option<Duration>,
    /// The server likewise.
    pub server_fin: Option<Duration>,
}

/// What ended a data phase early.
#[derive(Debug)]
pub enum TransferFailure {
    /// The client was too slow.
    ClientTimeout,
    /// The server was too slow.
    ServerTimeout,
    /// The client's side failed.
    Client(SideError),
    /// The server's side failed.
    Server(SideError),
    /// Somebody ordered the end.
    Killed,
}

impl Transfers {
    /// At the start of both bodies.
    pub fn new(now: Instant) -> Self {
        Self {
            request: Transfer::new(Direction::Request, now),
            response: Transfer::new(Direction::Response, now),
            late: None,
            heard: None,
        }
    }

    /// These limits, without any patience with a side that was too late already.
    pub fn cut(&self, limits: Inactivity) -> Inactivity {
        let none = Some(Duration::ZERO);
        match self.late {
            None => limits,
            Some(true) => Inactivity {
                client: none,
                client_fin: none,
                ..limits
            },
            Some(false) => Inactivity {
                server: none,
                server_fin: none,
                ..limits
            },
        }
    }

    /// When the next side is too late, and whether that is the client.
    pub(super) fn next_deadline(&self, limits: &Inactivity) -> Option<(Instant, bool)> {
        let active = self.request.active.max(self.response.active);
        let client_waits = !self.request.source_done() || self.response.blocked;
        let server_waits = !self.response.source_done() || self.request.blocked;
        let client_limit = if self.response.is_done() {
            limits.client_fin.or(limits.client)
        } else {
            limits.client
        };
        let server_limit = if self.request.is_done() {
            limits.server_fin.or(limits.server)
        } else {
            limits.server
        };
        let client = client_limit
            .filter(|_| client_waits && !self.request.blocked)
            .map(|t| (active + t, true));
        let server = server_limit
            .filter(|_| server_waits && !self.response.blocked)
            .map(|t| (active + t, false));
        match (client, server) {
            (Some(client), Some(server)) => Some(if server.0 < client.0 { server } else { client }),
            (one, None) => one,
            (None, other) => other,
        }
    }
}

impl<C: ClientSide> Stream<'_, C> {
    /// Moves both bodies until `done` says that enough has happened.
    ///
    /// # Errors
    /// Which side failed or was late.
    pub async fn transfer<S: Incoming + Outgoing>(
        &mut self,
        server: &mut S,
        transfers: &mut Transfers,
        limits: Inactivity,
        mut done: impl FnMut(&mut Transfers, &mut C, &mut S) -> bool,
    ) -> Result<(), TransferFailure> {
        loop {
            let Some((deadline, is_client)) = transfers
                .next_deadline(&limits)
                .map_or(Some((clock::now() + crate::plan::FOREVER, true)), Some)
            else {
                return Ok(());
            };
            let (client, filters) = (&mut *self.client, &mut self.filters);
            let before = transfers.request.active.max(transfers.response.active);
            let stage = (transfers.request.is_done(), transfers.response.is_done());
            let waited = self
                .waiter
                .wait(Some(deadline), |cx| {
                    let up = transfers.request.poll(cx, client, server, filters);
                    let down = transfers.response.poll(cx, server, client, filters);
                    match (up, down) {
                        (Poll::Ready(Err(TransferError::Source(e))), _)
                        | (_, Poll::Ready(Err(TransferError::Sink(e)))) => {
                            Poll::Ready(Some(Err(TransferFailure::Client(e))))
                        }
                        (Poll::Ready(Err(TransferError::Sink(e))), _)
                        | (_, Poll::Ready(Err(TransferError::Source(e)))) => {
                            Poll::Ready(Some(Err(TransferFailure::Server(e))))
                        }
                        _ if done(transfers, client, server) => Poll::Ready(Some(Ok(()))),
                        // One direction is over: the other goes on under other timeouts.
                        _ if stage
                            != (transfers.request.is_done(), transfers.response.is_done()) =>
                        {
                            Poll::Ready(None)
                        }
                        _ => Poll::Pending,
                    }
                })
                .await;
            self.count_moved(transfers);
            match waited {
                Ok(Some(result)) => return result,
                Ok(None) => continue,
                Err(Interrupted::Killed) => return Err(TransferFailure::Killed),
                Err(Interrupted::Deadline) => {
                    // Bytes may have moved since the deadline was computed.
                    if transfers.request.active.max(transfers.response.active) > before
                        || transfers
                            .next_deadline(&limits)
                            .is_none_or(|(at, _)| at > clock::now())
                    {
                        continue;
                    }
                    return Err(if is_client {
                        TransferFailure::ClientTimeout
                    } else {
                        TransferFailure::ServerTimeout
                    });
                }
            }
        }
    }

    /// Takes what moved into the stream's books.
    pub(super) fn count_moved(&mut self, transfers: &mut Transfers) {
        self.facts.bytes_in += transfers.request.take_count();
        self.facts.bytes_out += transfers.response.take_count();
    }

    /// Writes a data phase's failure into the log's flags and the counters.
    pub(super) fn data_failure<T>(&mut self, failure: TransferFailure) -> Phase<T> {
        let failure = match failure {
            TransferFailure::ClientTimeout => Failure::ClientTimeoutWhileSending,
            TransferFailure::ServerTimeout => Failure::ServerTimeoutWhileReceiving,
            TransferFailure::Client(SideError::Malformed(_)) => {
                Failure::ClientMalformedWhileSending
            }
            TransferFailure::Client(_) => Failure::ClientClosedWhileSending,
            TransferFailure::Server(SideError::Malformed(_)) => {
                Failure::ServerMalformedWhileReceiving
            }
            TransferFailure::Server(_) => Failure::ServerClosedWhileReceiving,
            TransferFailure::Killed => Failure::Killed,
        };
        Err(Halt::Failed(failure))
    }
}
