//! The one table from what went wrong to what the client is told and the log says (manual 8.5).

use super::facts::Termination;

/// Everything that can end an exchange early, named by phase and culprit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is a row of the table below")]
pub enum Failure {
    RequestTimeout,
    RequestAborted,
    RequestMalformed(u16),
    RequestRewrite,
    BufferedRequestTimeout,
    InspectionTimeout,
    InspectionAborted,
    RequestBodyTimeout,
    RequestBodyAborted,
    RequestBodyMalformed,
    NoBackend,
    NoServer,
    QueueTimeout,
    QueueAborted,
    ConnectRefused,
    ConnectTimeout,
    ConnectAborted,
    ConnectResources,
    ResponseAborted,
    ResponseClosed,
    ResponseTimeout,
    ResponseBodyTimeout,
    ResponseMalformed,
    ResponseRewrite,
    ReusedConnectionClosed,
    ClientTimeoutWhileSending,
    ClientClosedWhileSending,
    ClientMalformedWhileSending,
    ServerTimeoutWhileReceiving,
    ServerClosedWhileReceiving,
    ServerMalformedWhileReceiving,
    ServerCutOff,
    Internal,
    Killed,
    KilledWhileForwarding,
}

/// Whose fault a failure is, for the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client's.
    Client,
    /// The server's.
    Server,
    /// The proxy's.
    Proxy,
}

/// A row: status of the reply (0: none can be sent any more), cause and phase characters, fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Status of the error page; 0 where the response is under way or the client is gone.
    pub status: u16,
    /// First termination character.
    pub cause: u8,
    /// Second one.
    pub phase: u8,
    /// Whose fault it is.
    pub fault: Fault,
}

const fn row(status: u16, flags: &[u8; 2], fault: Fault) -> Row {
    Row {
        status,
        cause: flags[0],
        phase: flags[1],
        fault,
    }
}

impl Failure {
    /// The failure's row.
    pub fn row(self) -> Row {
        use Fault::{Client, Proxy, Server};
        match self {
            Failure::RequestTimeout => row(408, b"cR", Client),
            Failure::RequestAborted => row(400, b"CR", Client),
            Failure::RequestMalformed(status) => row(status, b"PR", Client),
            Failure::RequestRewrite => row(500, b"PR", Proxy),
            Failure::ResponseRewrite => row(500, b"PH", Proxy),
            Failure::BufferedRequestTimeout => row(408, b"cR", Client),
            Failure::InspectionTimeout => row(0, b"cR", Client),
            Failure::InspectionAborted => row(0, b"CR", Client),
            Failure::RequestBodyTimeout => row(408, b"cD", Client),
            Failure::RequestBodyAborted => row(0, b"CD", Client),
            Failure::RequestBodyMalformed => row(400, b"PH", Client),
            Failure::NoBackend => row(503, b"SC", Server),
            Failure::NoServer => row(503, b"SC", Server),
            Failure::QueueTimeout => row(503, b"sQ", Server),
            Failure::QueueAborted => row(0, b"CQ", Client),
            Failure::ConnectRefused => row(503, b"SC", Server),
            Failure::ConnectTimeout => row(503, b"sC", Server),
            Failure::ConnectAborted => row(0, b"CC", Client),
            Failure::ConnectResources => row(503, b"SC", Proxy),
            Failure::ResponseAborted => row(400, b"CH", Client),
            Failure::ResponseClosed => row(502, b"SH", Server),
            Failure::ResponseTimeout => row(504, b"sH", Server),
            Failure::ResponseBodyTimeout => row(504, b"sR", Server),
            Failure::ResponseMalformed => row(502, b"PH", Server),
            Failure::ReusedConnectionClosed => row(0, b"SH", Server),
            Failure::ClientTimeoutWhileSending => row(0, b"cD", Client),
            Failure::ClientClosedWhileSending => row(0, b"CD", Client),
            Failure::ClientMalformedWhileSending => row(0, b"PD", Client),
            Failure::ServerTimeoutWhileReceiving => row(0, b"sD", Server),
            Failure::ServerClosedWhileReceiving => row(0, b"SD", Server),
            Failure::ServerCutOff => row(0, b"SD", Server),
            Failure::ServerMalformedWhileReceiving => row(0, b"PD", Server),
            Failure::Internal => row(500, b"IR", Proxy),
            Failure::Killed => row(0, b"KD", Proxy),
            Failure::KilledWhileForwarding => row(0, b"K-", Proxy),
        }
    }

    /// Writes the failure's characters where no earlier event wrote some.
    pub fn mark(self, termination: &mut Termination) {
        let row = self.row();
        if termination.cause == b'-' {
            termination.cause = row.cause;
            termination.phase = row.phase;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_stays() {
        let mut termination = Termination::default();
        Failure::ConnectTimeout.mark(&mut termination);
        Failure::ClientClosedWhileSending.mark(&mut termination);
        assert_eq!((termination.cause, termination.phase), (b's', b'C'));
    }
}
