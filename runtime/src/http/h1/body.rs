//! Bodies on the wire: taking them apart without a copy, and framing them for the other side (RFC 9112 §6 and §7).

use super::super::buffer::Buffer;
use super::super::message::Head;
use super::decode::{DecodeError, DecodeState, Decoded, ErrorKind, Limits, decode_trailers};
use super::encode::encode_fields;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is none.
    Empty,
    /// After that many bytes.
    Length(u64),
    /// With the last chunk and its trailers.
    Chunked,
    /// When the peer closes.
    UntilClose,
    /// Bytes of another protocol in both directions, until a close (CONNECT, 101).
    Tunnel,
}

/// What a decoder found at the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The first that many readable bytes are data. Use them, then call [`BodyDecoder::consume`].
    Data(usize),
    /// The body has ended; trailers, if any, are in [`BodyDecoder::trailers`].
    End,
    /// More bytes are needed.
    Partial,
    /// The body is refused: 400 and `PR` (or, with the request already sent on, as the client's fault) for a request,
    /// the server's fault for a response.
    Error(DecodeError),
}

/// The largest chunk that the reference takes: 13 hexadecimal digits.
const MAX_CHUNK: u64 = (1 << 52) - 1;

/// Takes one body apart. Nothing is kept but the place in it.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    /// Data bytes until the end of the body or chunk.
    left: u64,
    /// Bytes of this body that went before, for the position of an error.
    passed: u64,
    chunked: bool,
    trailers: Option<Box<Trailers>>,
}

#[derive(Debug)]
struct Trailers {
    state: DecodeState,
    fields: Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length,
    UntilClose,
    /// Before the first digit of a chunk's size.
    SizeStart,
    Size,
    /// White space behind the size.
    SizeEnd,
    Extension,
    SizeLf,
    ChunkData,
    ChunkCr,
    ChunkLf,
    Trailers,
    Done,
}

impl BodyDecoder {
    /// A decoder at the start of a body.
    pub fn new(framing: BodyFraming) -> Self {
        let (state, left) = match framing {
            BodyFraming::Empty | BodyFraming::Length(0) => (State::Done, 0),
            BodyFraming::Length(length) => (State::Length, length),
            BodyFraming::Chunked => (State::SizeStart, 0),
            BodyFraming::UntilClose | BodyFraming::Tunnel => (State::UntilClose, 0),
        };
        Self {
            state,
            left,
            passed: 0,
            chunked: framing == BodyFraming::Chunked,
            trailers: None,
        }
    }

    /// What stands at the start of `buffer`; framing before it is consumed, data is not.
    pub fn next(&mut self, buffer: &mut Buffer, limits: &Limits) -> Piece {
        match self.state {
            State::Done => Piece::End,
            State::Length | State::ChunkData => self.data(buffer),
            State::UntilClose if buffer.is_empty() => Piece::Partial,
            State::UntilClose => Piece::Data(buffer.len()),
            State::Trailers => self.trailer_section(buffer, limits),
            _ => match self.chunk_line(buffer) {
                Ok(true) if self.state == State::Trailers => self.trailer_section(buffer, limits),
                Ok(true) => self.data(buffer),
                Ok(false) => Piece::Partial,
                Err(error) => Piece::Error(error),
            },
        }
    }

    /// `count` of the data bytes last told were used: takes them from the buffer.
    pub fn consume(&mut self, buffer: &mut Buffer, count: usize) {
        let count = count.min(buffer.len());
        buffer.advance(count);
        self.skip(count);
    }

    /// `count` data bytes went past the buffer (splice, direct read): counts them. Never more than [`left`](Self::left).
    pub fn skip(&mut self, count: usize) {
        self.passed += count as u64;
        match self.state {
            State::Length => {
                self.left = self.left.saturating_sub(count as u64);
                if self.left == 0 {
                    self.state = State::Done;
                }
            }
            State::ChunkData => {
                self.left = self.left.saturating_sub(count as u64);
                if self.left == 0 {
                    self.state = State::ChunkCr;
                }
            }
            _ => {}
        }
    }

    /// The peer closed: the body has ended properly (`true`) or is cut short.
    pub fn finish_at_close(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// The body has ended.
    #[inline]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the next `count` bytes are known to hold all that is left of the body.
    pub fn ends_within(&self, count: usize) -> bool {
        match self.state {
            State::Done => true,
            State::Length => self.left <= count as u64,
            _ => false,
        }
    }

    /// Data bytes that must come before the next framing or the end; none when only the close ends them.
    pub fn left(&self) -> Option<u64> {
        (self.state != State::UntilClose).then_some(self.left)
    }

    /// Whether the body comes in chunks: a section of trailers ends it, be it empty.
    #[inline]
    pub fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Fields behind the last chunk, once the end was told.
    pub fn trailers(&self) -> Option<&Head> {
        self.trailers
            .as_deref()
            .map(|trailers| &trailers.fields)
            .filter(|fields| !fields.is_empty())
    }

    fn data(&mut self, buffer: &Buffer) -> Piece {
        match (buffer.len() as u64).min(self.left) as usize {
            0 => Piece::Partial,
            count => Piece::Data(count),
        }
    }

    fn trailer_section(&mut self, buffer: &mut Buffer, limits: &Limits) -> Piece {
        let received = buffer.readable();
        // Nearly no message has trailers: an empty section costs no allocation.
        if self.trailers.is_none() {
            match received {
                [] | [b'\r'] => return Piece::Partial,
                [b'\r', b'\n', ..] => {
                    buffer.advance(2);
                    self.passed += 2;
                    self.state = State::Done;
                    return Piece::End;
                }
                _ => {}
            }
        }
        let before = buffer.len();
        let trailers = self.trailers.get_or_insert_with(|| {
            Box::new(Trailers {
                state: DecodeState::default(),
                fields: Head::new(),
            })
        });
        // A trailer with a name that isn't a token, or a bare LF, is refused whatever option the head was read under.
        let strict = Limits {
            accept_invalid: false,
            ..*limits
        };
        match decode_trailers(buffer, &mut trailers.state, &mut trailers.fields, &strict) {
            Decoded::Partial => Piece::Partial,
            Decoded::Complete => {
                self.passed += (before - buffer.len()) as u64;
                self.state = State::Done;
                Piece::End
            }
            Decoded::Error(error) => Piece::Error(DecodeError {
                position: self.passed as usize + error.position,
                ..error
            }),
        }
    }

    /// Consumes the line end behind a chunk and the next size line; true at the start of data or trailers.
    fn chunk_line(&mut self, buffer: &mut Buffer) -> Result<bool, DecodeError> {
        let mut used = 0;
        let mut outcome = Ok(false);
        for &byte in buffer.readable() {
            match self.chunk_byte(byte) {
                Ok(()) => used += 1,
                Err(kind) => {
                    outcome = Err(DecodeError {
                        kind,
                        position: self.passed as usize + used,
                    });
                    break;
                }
            }
            if matches!(self.state, State::ChunkData | State::Trailers) {
                outcome = Ok(true);
                break;
            }
        }
        buffer.advance(used);
        self.passed += used as u64;
        outcome
    }

    fn chunk_byte(&mut self, byte: u8) -> Result<(), ErrorKind> {
        self.state = match (self.state, byte) {
            (State::ChunkCr, b'\r') => State::ChunkLf,
            (State::ChunkLf, b'\n') => State::SizeStart,
            (State::ChunkCr | State::ChunkLf, _) => return Err(ErrorKind::BadChunkEnd),
            (State::SizeStart, _) if byte.is_ascii_hexdigit() => {
                self.left = 0;
                self.add_digit(byte)?;
                State::Size
            }
            (State::Size, _) if byte.is_ascii_hexdigit() => {
                self.add_digit(byte)?;
                State::Size
            }
            (State::Size | State::SizeEnd, b' ' | b'\t') => State::SizeEnd,
            (State::Size | State::SizeEnd, b';') => State::Extension,
            (State::Size | State::SizeEnd | State::Extension, b'\r') => State::SizeLf,
            // A chunk line that ends with a bare LF ends elsewhere for another reader (RFC 9112 §7.1, §2.2).
            (State::Size | State::SizeEnd | State::Extension, b'\n') => {
                return Err(ErrorKind::BareLf);
            }
            (State::Extension, _) => State::Extension,
            (State::SizeLf, b'\n') if self.left == 0 => State::Trailers,
            (State::SizeLf, b'\n') => State::ChunkData,
            (State::SizeLf, _) => return Err(ErrorKind::BareCr),
            _ => return Err(ErrorKind::BadChunkSize),
        };
        Ok(())
    }

    fn add_digit(&mut self, byte: u8) -> Result<(), ErrorKind> {
        let digit = char::from(byte)
            .to_digit(16)
            .ok_or(ErrorKind::BadChunkSize)?;
        self.left = self.left * 16 + u64::from(digit);
        if self.left > MAX_CHUNK {
            Err(ErrorKind::ChunkTooLarge)
        } else {
            Ok(())
        }
    }
}

/// Frames a body for the side that receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyEncoder {
    chunked: bool,
}

impl BodyEncoder {
    /// An encoder that writes chunks, or passes data as it is (a length, or until the close).
    pub fn new(framing: BodyFraming) -> Self {
        Self {
            chunked: framing == BodyFraming::Chunked,
        }
    }

    /// Whether data gets chunk framing: otherwise it may be sent straight from its buffer.
    #[inline]
    pub fn is_chunked(self) -> bool {
        self.chunked
    }

    /// Appends data with its framing to `out`, which may already hold the head: both leave in one write.
    pub fn data(self, data: &[u8], out: &mut Vec<u8>) {
        if data.is_empty() {
            return;
        }
        if self.chunked {
            let mut prefix = [0; 18];
            out.extend_from_slice(chunk_prefix(data.len(), &mut prefix));
            out.extend_from_slice(data);
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(data);
        }
    }

    /// Appends what ends the body: the last chunk and the trailers, or nothing.
    pub fn end(self, trailers: Option<&Head>, out: &mut Vec<u8>) {
        if self.chunked {
            out.extend_from_slice(b"0\r\n");
            match trailers {
                Some(fields) => encode_fields(fields, out),
                None => out.extend_from_slice(b"\r\n"),
            }
        }
    }
}

/// The size line of a chunk, for writers that send it beside the data: `1A\r\n`, upper case as the reference has it.
pub fn chunk_prefix(length: usize, space: &mut [u8; 18]) -> &[u8] {
    let mut at = 16;
    let mut rest = length;
    space[16] = b'\r';
    space[17] = b'\n';
    loop {
        at -= 1;
        space[at] = b"0123456789ABCDEF"[rest & 15];
        rest >>= 4;
        if rest == 0 {
            break;
        }
    }
    &space[at..]
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
