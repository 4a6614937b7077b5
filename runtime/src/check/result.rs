//! What one health check found out.

use std::time::Duration;

/// How far a check came (management.txt 9.1, fields 36 and 56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckStatus {
    /// Nothing known: checks are not configured.
    Unknown,
    /// No check has ended yet.
    Initializing,
    /// A socket could not be made or used on our side.
    SocketError,
    /// Connected; nothing above was asked for.
    L4Ok,
    /// The connection didn't stand in time.
    L4Timeout,
    /// The connection was refused, reset or had no route.
    L4Connection,
    /// The TLS handshake succeeded; nothing above was asked for.
    L6Ok,
    /// The TLS handshake didn't end in time.
    L6Timeout,
    /// The TLS handshake failed.
    L6Response,
    /// The application answered as expected.
    L7Ok,
    /// The application answers but wants no new clients (404 with `disable-on-404`).
    L7OkConditional,
    /// The application didn't answer in time.
    L7Timeout,
    /// The answer was not understood, or its body is not what is expected.
    L7Response,
    /// The answer's status is not what is expected.
    L7Status,
    /// Enough errors in the proxied traffic (`observe`).
    Observed,
}

/// What a status means for rise and fall (management.txt 9.3, `srv_check_result`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No information.
    Unknown,
    /// The member doesn't work.
    Failed,
    /// The member works.
    Passed,
    /// The member works and wants no new sessions.
    ConditionallyPassed,
}

/// Details of a result, for a face to word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CheckInfo {
    /// Nothing to add.
    #[default]
    None,
    /// The system's error number.
    Os(i32),
    /// The HTTP reason phrase as received.
    Reason(Vec<u8>),
    /// The body lacks what is expected.
    UnexpectedBody,
    /// The body has what must not be there.
    UnwantedBody,
    /// There is no body to look at.
    NoBody,
    /// A consecutive number of errors was seen in traffic; the last one was of this kind.
    ConsecutiveErrors(u32, super::rise_fall::Observation),
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// How far it came.
    pub status: CheckStatus,
    /// From start to outcome.
    pub duration: Duration,
    /// HTTP status code where there was one.
    pub code: Option<u16>,
    /// Details.
    pub info: CheckInfo,
}

impl CheckStatus {
    /// What it means for rise and fall.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Unknown | Self::Initializing => Verdict::Unknown,
            Self::L4Ok | Self::L6Ok | Self::L7Ok => Verdict::Passed,
            Self::L7OkConditional => Verdict::ConditionallyPassed,
            _ => Verdict::Failed,
        }
    }
}

impl CheckResult {
    /// A result without code or details.
    pub fn new(status: CheckStatus, duration: Duration) -> Self {
        Self {
            status,
            duration,
            code: None,
            info: CheckInfo::None,
        }
    }

    /// The same with details.
    pub fn with(mut self, info: CheckInfo) -> Self {
        self.info = info;
        self
    }

    /// The same with an HTTP status code.
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }
}
