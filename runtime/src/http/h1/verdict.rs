//! What a message may be, and what is wrong with one that is refused.

/// What a head may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most fields of a head: `tune.http.maxhdr` − 1 (the reference counts the start line).
    pub max_fields: usize,
    /// Most that a head may weigh; see [`Limits::of_buffer`].
    pub max_weight: usize,
    /// `option accept-invalid-http-request` or `-response`: names, targets and versions of any shape, bare LF.
    pub accept_invalid: bool,
    /// `h1-accept-payload-with-any-method`: a body with GET, HEAD and DELETE of HTTP/1.0.
    pub any_method_payload: bool,
    /// Names of fields are also kept in the case they came in, for rules over whole lines.
    pub keep_case: bool,
}

/// Header that the reference's internal form of a message costs in a buffer.
pub const WEIGHT_OF_BUFFER: usize = 48;

impl Limits {
    /// Limits under `tune.bufsize`, `tune.maxrewrite` and `tune.http.maxhdr`.
    ///
    /// The reference refuses a head whose start line (method, target, version), names and values, plus 8 bytes a
    /// field, plus 37, exceed bufsize − 48 − maxrewrite.
    pub fn of_buffer(bufsize: usize, maxrewrite: usize, maxhdr: usize) -> Self {
        Self {
            max_fields: maxhdr.saturating_sub(1),
            max_weight: bufsize.saturating_sub(WEIGHT_OF_BUFFER + maxrewrite),
            accept_invalid: false,
            any_method_payload: false,
            keep_case: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of_buffer(16384, 1024, 101)
    }
}

/// Why and where a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset of the offending byte from the message's first one.
    pub position: usize,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ErrorKind {
    BadMethod,
    BadTarget,
    BadVersion,
    /// A request line without a version: HTTP/0.9.
    NoVersion,
    BadStatus,
    BadName,
    /// A name longer than 255 bytes, the reference's limit.
    NameTooLong,
    /// CR without LF, or CR inside a line.
    BareCr,
    /// LF without CR: another implementation may see other lines (RFC 9112 §2.2).
    BareLf,
    TooManyFields,
    TooLarge,
    /// A WebSocket handshake without a proper key, or an answer to it without its proof.
    BadWebSocketKey,
    /// Two Host fields that differ, or one that differs from the target's authority.
    BadHost,
    /// CONNECT without host and port.
    BadConnectTarget,
    BadContentLength,
    BadTransferEncoding,
    /// Encodings besides chunked, which nobody here undoes: 422 to a client.
    UnsupportedTransferEncoding,
    /// Transfer-Encoding in a message older than HTTP/1.1 (RFC 9112 §6.1).
    TransferEncodingInOldVersion,
    /// A body with GET, HEAD or DELETE of HTTP/1.0: 413 to a client.
    UnexpectedPayload,
    BadChunkSize,
    ChunkTooLarge,
    /// Extensions without an end.
    ChunkLineTooLong,
    /// Something else than CRLF behind a chunk's data.
    BadChunkEnd,
}

impl ErrorKind {
    /// The status that answers a request with this error. The log's termination flags are `PR` for every one.
    ///
    /// A response with any error is answered with 502 and `PH`.
    pub fn request_status(self) -> u16 {
        match self {
            Self::UnsupportedTransferEncoding => 422,
            Self::UnexpectedPayload => 413,
            _ => 400,
        }
    }
}
