//! The head of a message: start line and header fields, in one block of bytes with an index.
//!
//! The block begins with a copy of what was received; edits append to its end and move index entries, so that no
//! header costs an allocation and a head can be written out in one pass. Names are in lower case, as the reference
//! sends them.

mod fields;
mod lines;
mod pool;

use super::name::Name;
use super::uri;

pub use lines::NotALine;

const WEIGHT_OF_FIELD: usize = 8;
const WEIGHT_OF_LINES: usize = 37;

pub use super::list::{Elements, elements, raw_elements, trim};
pub use pool::HeadPool;

/// Range of bytes in a head's block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// Count of its bytes.
    #[inline]
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    #[inline]
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    #[inline]
    pub(super) fn of_mut(self, bytes: &mut [u8]) -> &mut [u8] {
        bytes
            .get_mut(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// One header field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, in lower case.
    pub name: Span,
    /// Its value without the white space around it.
    pub value: Span,
    /// Which of the hot names it has.
    pub id: Name,
}

/// HTTP version; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// The digit before the dot.
    pub major: u8,
    /// The digit after it.
    pub minor: u8,
}

impl Version {
    /// HTTP/1.0
    pub const HTTP_10: Self = Self { major: 1, minor: 0 };
    /// HTTP/1.1
    pub const HTTP_11: Self = Self { major: 1, minor: 1 };
}

/// What a decoder found out about a head, so that nothing is searched twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Value of Content-Length, if it counts (none beside Transfer-Encoding).
    pub content_length: Option<u64>,
    /// Transfer-Encoding ends in `chunked`.
    pub chunked: bool,
    /// `Connection: close`.
    pub close: bool,
    /// `Connection: keep-alive`.
    pub keep_alive: bool,
    /// `Connection: upgrade` together with an `Upgrade` header.
    pub upgrade: bool,
    /// `Expect: 100-continue`.
    pub expect_continue: bool,
    /// Framing that another implementation could read otherwise (Content-Length beside Transfer-Encoding): the
    /// connection ends after this exchange.
    pub ambiguous: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    Request,
    Response,
}

/// Start line and fields of one message.
#[derive(Clone, Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    fields: Vec<Field>,
    kind: Kind,
    /// Request: method. Response: unused.
    method: Span,
    /// Request: target. Response: reason.
    text: Span,
    version_text: Span,
    version: Version,
    status: u16,
    /// Names that may be there (removals leave their bit).
    present: u32,
    /// The block as it came, names in their own case, where a rule asks for that (see [`Head::keep_case`]).
    cased: Option<Vec<u8>>,
    /// What its decoder found out; whoever edits framing headers afterwards keeps it true.
    pub facts: Facts,
}

impl Head {
    /// An empty head, to decode into.
    pub fn new() -> Self {
        Self::default()
    }

    /// Becomes a copy of another head without giving its own memory up.
    pub fn copy_from(&mut self, other: &Head) {
        let (mut bytes, mut fields) = (
            std::mem::take(&mut self.bytes),
            std::mem::take(&mut self.fields),
        );
        bytes.clear();
        bytes.extend_from_slice(&other.bytes);
        fields.clear();
        fields.extend_from_slice(&other.fields);
        let Head {
            kind,
            method,
            text,
            version_text,
            version,
            status,
            present,
            facts,
            ..
        } = *other;
        *self = Self {
            bytes,
            fields,
            kind,
            method,
            text,
            version_text,
            version,
            status,
            present,
            // A copy is on its way out: no rule looks at its lines any more.
            cased: None,
            facts,
        };
    }

    /// A request made by the proxy itself, without fields.
    pub fn request(method: &[u8], uri: &[u8], version: Version) -> Self {
        let mut head = Self::new();
        head.start_request(method, uri, version);
        head
    }

    /// A response made by the proxy itself, without fields.
    pub fn response(version: Version, status: u16, reason: &[u8]) -> Self {
        let mut head = Self::new();
        head.start_response(version, status, reason);
        head
    }

    /// Empties it and makes it a request; allocations stay.
    pub fn start_request(&mut self, method: &[u8], uri: &[u8], version: Version) {
        self.recycle();
        self.kind = Kind::Request;
        self.method = self.store(method);
        self.text = self.store(uri);
        self.set_version(version);
    }

    /// Empties it and makes it a response; allocations stay.
    pub fn start_response(&mut self, version: Version, status: u16, reason: &[u8]) {
        self.recycle();
        self.kind = Kind::Response;
        self.status = status;
        self.text = self.store(reason);
        self.set_version(version);
    }

    /// Empties it for the next message; allocations stay.
    pub fn recycle(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        self.kind = Kind::Request;
        self.method = Span::default();
        self.text = Span::default();
        self.version_text = Span::default();
        self.version = Version::default();
        self.status = 0;
        self.present = 0;
        self.cased = None;
        self.facts = Facts::default();
    }

    /// Whether this is a request.
    #[inline]
    pub fn is_request(&self) -> bool {
        matches!(self.kind, Kind::Request)
    }

    /// What it weighs: its start line (method and target, or status and reason; version), names and values, 8 bytes a
    /// field, and 37. That is what the reference's own form of it takes of a buffer, so that its limits are kept to the
    /// byte.
    pub fn weight(&self) -> usize {
        let line = match self.kind {
            Kind::Request => self.method.len() + self.text.len(),
            Kind::Response => 3 + self.text.len(),
        };
        let fields = self.fields.iter();
        let fields = fields.map(|field| WEIGHT_OF_FIELD + field.name.len() + field.value.len());
        WEIGHT_OF_LINES + line + self.version_text.len() + fields.sum::<usize>()
    }

    /// Whether it weighs at most `limit` once it has grown by `more` and shrunk by `less`.
    #[inline]
    pub fn fits(&self, more: usize, less: usize, limit: usize) -> bool {
        // The block has all parts in it but the status, and what was replaced besides: most heads need no sum.
        let most = self.bytes.len() + 3 + self.fields.len() * WEIGHT_OF_FIELD + WEIGHT_OF_LINES;
        most + more <= limit || (self.weight() + more).saturating_sub(less) <= limit
    }

    // --- start line

    /// The method; empty in a response.
    #[inline]
    pub fn method(&self) -> &[u8] {
        self.method.of(&self.bytes)
    }

    /// The request target as it stands in the request line; empty in a response.
    #[inline]
    pub fn uri(&self) -> &[u8] {
        if self.is_request() {
            self.text.of(&self.bytes)
        } else {
            &[]
        }
    }

    /// The target's parts.
    #[inline]
    pub fn target(&self) -> uri::Target<'_> {
        uri::Target::of(self.uri())
    }

    /// The target's path, without the query; empty if it has none.
    #[inline]
    pub fn path(&self) -> &[u8] {
        self.target().path
    }

    /// What follows the target's first `?`.
    #[inline]
    pub fn query(&self) -> Option<&[u8]> {
        self.target().query
    }

    /// The version as two numbers.
    #[inline]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The version as received, such as `HTTP/1.1`.
    #[inline]
    pub fn version_text(&self) -> &[u8] {
        self.version_text.of(&self.bytes)
    }

    /// The status; 0 in a request.
    #[inline]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase; empty in a request.
    #[inline]
    pub fn reason(&self) -> &[u8] {
        if self.is_request() {
            &[]
        } else {
            self.text.of(&self.bytes)
        }
    }

    /// Replaces the method.
    pub fn set_method(&mut self, method: &[u8]) {
        self.method = self.store(method);
    }

    /// Replaces the whole request target.
    pub fn set_uri(&mut self, uri: &[u8]) {
        self.text = self.store(uri);
    }

    /// Replaces the target's path, keeps scheme, authority and query.
    pub fn set_path(&mut self, path: &[u8]) {
        let mut uri = self.target().before_path().to_vec();
        uri.extend_from_slice(path);
        if let Some(query) = self.query() {
            uri.push(b'?');
            uri.extend_from_slice(query);
        }
        self.set_uri(&uri);
    }

    /// Replaces path and query together, keeps scheme and authority.
    pub fn set_path_and_query(&mut self, path_and_query: &[u8]) {
        let mut uri = self.target().before_path().to_vec();
        uri.extend_from_slice(path_and_query);
        self.set_uri(&uri);
    }

    /// Replaces what follows the target's `?`; an empty one takes the `?` away too.
    pub fn set_query(&mut self, query: &[u8]) {
        let target = self.target();
        let mut uri = target.before_path().to_vec();
        uri.extend_from_slice(target.path);
        if !query.is_empty() {
            uri.push(b'?');
            uri.extend_from_slice(query);
        }
        self.set_uri(&uri);
    }

    /// Replaces the version by one of single digits.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
        let text = [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'0' + version.major % 10,
            b'.',
            b'0' + version.minor % 10,
        ];
        self.version_text = self.store(&text);
    }

    /// Replaces status and reason.
    pub fn set_status(&mut self, status: u16, reason: &[u8]) {
        self.status = status;
        self.text = self.store(reason);
    }

    fn store(&mut self, text: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        if let Some(cased) = &mut self.cased {
            cased.extend_from_slice(text);
        }
        Span::new(start, self.bytes.len())
    }

    // --- for the decoder

    pub(super) fn push_raw(&mut self, name: Span, value: Span) {
        self.fields.push(Field {
            name,
            value,
            id: Name::Other,
        });
    }

    pub(super) fn last_value_mut(&mut self) -> Option<&mut Span> {
        self.fields.last_mut().map(|field| &mut field.value)
    }

    /// Takes the received bytes over, under the index that the decoder has made.
    pub(super) fn adopt(&mut self, received: &[u8], line: StartLine) {
        self.bytes.clear();
        self.bytes.extend_from_slice(received);
        match line {
            StartLine::Request {
                method,
                uri,
                version_text,
                version,
            } => {
                self.kind = Kind::Request;
                self.method = method;
                self.text = uri;
                self.version_text = version_text;
                self.version = version;
            }
            StartLine::Response {
                version_text,
                version,
                status,
                reason,
            } => {
                self.kind = Kind::Response;
                self.version_text = version_text;
                self.version = version;
                self.status = status;
                self.text = reason;
            }
            StartLine::None => {}
        }
        let mut present = 0;
        for field in &mut self.fields {
            let name = field.name.of_mut(&mut self.bytes);
            name.make_ascii_lowercase();
            field.id = Name::of(name);
            present |= field.id.bit();
        }
        self.present = present;
    }

    /// Also keeps names as they came: for rules that look at whole lines. Goes before [`Head::adopt`].
    pub(super) fn keep_case(&mut self, received: &[u8]) {
        self.cased = Some(received.to_vec());
    }

    pub(super) fn narrow_uri(&mut self, uri: Span) {
        self.text = uri;
    }

    pub(super) fn uri_span(&self) -> Span {
        self.text
    }
}

/// A decoded start line, as ranges of the received bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum StartLine {
    Request {
        method: Span,
        uri: Span,
        version_text: Span,
        version: Version,
    },
    Response {
        version_text: Span,
        version: Version,
        status: u16,
        reason: Span,
    },
    /// A trailer section has none.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Head {
        Head::request(b"GET", b"http://h:1/a/b?q=1", Version::HTTP_11)
    }

    #[test]
    fn a_target_part_is_replaced_and_the_others_stay() {
        let mut head = request();
        head.set_path(b"/x");
        assert_eq!(head.uri(), b"http://h:1/x?q=1");
        head.set_query(b"z");
        assert_eq!(head.uri(), b"http://h:1/x?z");
        head.set_query(b"");
        assert_eq!(head.uri(), b"http://h:1/x");
        head.set_path_and_query(b"/y?w");
        assert_eq!((head.path(), head.query()), (&b"/y"[..], Some(&b"w"[..])));
        head.set_method(b"POST");
        assert_eq!(head.method(), b"POST");
    }
}
