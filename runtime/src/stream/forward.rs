//! TCP mode: bytes both ways, from the first rule to the second close.

use super::{
    ClientSide, Halt, Phase, Stream,
    dump::Passing,
    failure::Failure,
    inspection::Answering,
    side::{Incoming, Outgoing, SideError, h1::H1Side},
    transfer::{TransferFailure, Transfers},
    upgrade::Upgrade,
};
use locum_model::proxy::Mode;

use crate::{clock, http::h1::body::BodyFraming};

impl<'s, C: ClientSide> Stream<'s, C> {
    /// Runs the session and closes its books, unless its bytes are requests: then it goes on with what is returned.
    pub async fn forward(&mut self) -> Option<Upgrade> {
        let ended = match self.open_bytes().await {
            Ok(()) if self.session.mode == Mode::Http => return Some(self.leave_bytes()),
            Ok(()) => self.forward_phases().await,
            refused => refused,
        };
        if let Err(Halt::Failed(failure)) = &ended {
            // Bytes that nobody has read would make the end a reset.
            self.take_what_is_there().await;
            let row = self.row_of(*failure);
            self.facts.termination.mark(row.cause, row.phase);
            self.count_failure(*failure);
        }
        self.finish(ended);
        None
    }

    /// The frontend's rules over bytes. They, or the choice of a backend that speaks HTTP, make them requests.
    async fn open_bytes(&mut self) -> Phase {
        self.log_begin();
        self.dump(&[Passing::Client]);
        self.filters.on_start();
        self.make_unique_id();
        self.look_at_opening().await;
        self.tcp_request_content(self.frontend).await?;
        match self.session.mode {
            Mode::Tcp => self.switch_by_bytes(),
            Mode::Http => Ok(()),
        }
    }

    async fn forward_phases(&mut self) -> Phase {
        if self.backend.id != self.frontend.id {
            self.tcp_request_content(self.backend).await?;
        }
        self.forget_request();
        let mut link = self.obtain_server().await?;
        link.side.expect_body(BodyFraming::UntilClose);
        self.facts.server_descriptor = Some(link.side.conn.descriptor());
        if self.frontend.options.logasap {
            self.log();
        }
        let limits = self.tunnel_inactivity();
        let mut transfers = Transfers::new(clock::now());
        // With `nolinger` on the other side an end is not passed on: it ends everything.
        let (client_abrupt, server_abrupt) = (
            self.frontend.options.nolinger,
            self.backend.options.nolinger,
        );
        let mut ends = move |transfers: &mut Transfers, client: &mut C, server: &mut H1Side| {
            server_abrupt && transfers.request.is_done()
                || client_abrupt && transfers.response.is_done()
                || pass_ends_on(transfers, client, server)
        };
        if self.inspects_response() {
            let answering = Answering {
                link: &mut link,
                transfers: &mut transfers,
            };
            let inspected = Box::pin(self.inspect_bytes(answering, limits, &mut ends)).await;
            if let Err(halt) = inspected {
                self.count_wire(&link);
                return Err(halt);
            }
        }
        let limits = transfers.cut(limits);
        self.pass_held(&mut link, &mut transfers).await;
        let moved = self
            .transfer(&mut link.side, &mut transfers, limits, ends)
            .await;
        self.count_wire(&link);
        if self.backend.options.nolinger {
            link.side.conn.set_no_linger();
        }
        moved.or_else(|failure| self.byte_failure(failure))
    }

    /// The first look of rules that look at bytes is at those that are there.
    async fn look_at_opening(&mut self) {
        let frontend = self.frontend.frontend.as_ref();
        let switches = frontend.is_some_and(|frontend| !frontend.use_backend.is_empty());
        if switches || !self.frontend.rules.tcp_request_content.is_empty() {
            self.take_what_is_there().await;
            self.look_for_request();
        }
    }

    pub(super) fn byte_failure(&mut self, failure: TransferFailure) -> Phase {
        Err(Halt::Failed(match failure {
            TransferFailure::ClientTimeout => Failure::ClientTimeoutWhileSending,
            TransferFailure::ServerTimeout => Failure::ServerTimeoutWhileReceiving,
            TransferFailure::Client(_) => Failure::ClientClosedWhileSending,
            TransferFailure::Server(
                SideError::Malformed(_) | SideError::Closed | SideError::Broken(_),
            ) => Failure::ServerClosedWhileReceiving,
            TransferFailure::Killed => Failure::KilledWhileForwarding,
        }))
    }
}

/// Each side's end is passed on; all is over when both have ended.
pub(super) fn pass_ends_on<C: Incoming + Outgoing>(
    transfers: &mut Transfers,
    client: &mut C,
    server: &mut H1Side,
) -> bool {
    if transfers.request.take_end() {
        server.shutdown();
    }
    if transfers.response.take_end() {
        client.shutdown();
    }
    transfers.request.is_done() && transfers.response.is_done()
}
