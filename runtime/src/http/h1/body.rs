//! Bodies on the wire: taking them apart without a copy, and framing them for the other side (RFC 9112 §6 and §7).

use super::super::buffer::Buffer;
use super::super::message::Head;
use super::super::name_case::NameCase;
use super::decode::{DecodeError, DecodeState, Decoded, ErrorKind, Limits, decode_trailers};
use super::encode::{encode_fields, encode_fields_as};

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
    /// Data of chunks that lies joined at the start of the buffer.
    joined: usize,
    /// Framing behind the joined data that is read already, and goes when that data is used.
    framing: usize,
    /// Bytes of the present chunk's line, its extensions included.
    line: usize,
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
            joined: 0,
            framing: 0,
            line: 0,
            trailers: None,
        }
    }

    /// What stands at the start of `buffer`; framing before it is consumed, data is not.
    ///
    /// All chunks that have come are joined, so that an error in any of them is told before their data.
    pub fn next(&mut self, buffer: &mut Buffer, limits: &Limits) -> Piece {
        if self.chunked {
            return self.next_of_chunks(buffer, limits);
        }
        match self.state {
            State::Length => self.data(buffer),
            State::UntilClose if buffer.is_empty() => Piece::Partial,
            State::UntilClose => Piece::Data(buffer.len()),
            _ => Piece::End,
        }
    }

    fn next_of_chunks(&mut self, buffer: &mut Buffer, limits: &Limits) -> Piece {
        if self.state != State::Done {
            let outcome =
                self.join_chunks(buffer, limits.max_weight)
                    .and_then(|()| match self.joined {
                        0 => Ok(()),
                        _ => self.look_at_trailers(buffer, limits),
                    });
            if let Err(error) = outcome {
                return Piece::Error(error);
            }
        }
        match self.state {
            _ if self.joined > 0 => Piece::Data(self.joined),
            State::Done => Piece::End,
            State::Trailers => self.trailer_section(buffer, limits),
            _ => Piece::Partial,
        }
    }

    /// `count` of the data bytes last told were used: takes them from the buffer.
    pub fn consume(&mut self, buffer: &mut Buffer, count: usize) {
        if !self.chunked {
            let count = count.min(buffer.len());
            buffer.advance(count);
            return self.skip(count);
        }
        let count = count.min(self.joined);
        self.joined -= count;
        let used = match self.joined {
            0 => count + std::mem::take(&mut self.framing),
            _ => count,
        };
        buffer.advance(used);
        self.passed += used as u64;
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
            State::ChunkData => self.skip_chunk_data(count),
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

    /// The body has ended, and its data is used.
    #[inline]
    pub fn is_done(&self) -> bool {
        self.state == State::Done && self.joined == 0
    }

    /// Whether the next `count` bytes are known to hold all that is left of the body.
    pub fn ends_within(&self, count: usize) -> bool {
        match self.state {
            State::Done => true,
            State::Length => self.left <= count as u64,
            _ => false,
        }
    }

    /// How many of the `count` bytes in the buffer are known to be data of this body.
    pub fn data_within(&self, count: usize) -> usize {
        match self.state {
            _ if self.chunked => self.joined,
            State::Length => (self.left.min(count as u64)) as usize,
            State::UntilClose => count,
            _ => 0,
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
        let decoded = self.decode_trailers(buffer, limits);
        if decoded == Ok(true) {
            self.passed += (before - buffer.len()) as u64;
            self.state = State::Done;
        }
        match decoded {
            Ok(true) => Piece::End,
            Ok(false) => Piece::Partial,
            Err(error) => Piece::Error(error),
        }
    }

    /// True when the section is complete.
    fn decode_trailers(
        &mut self,
        buffer: &mut Buffer,
        limits: &Limits,
    ) -> Result<bool, DecodeError> {
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
            Decoded::Partial => Ok(false),
            Decoded::Complete => Ok(true),
            Decoded::Error(error) => Err(DecodeError {
                position: self.passed as usize + error.position,
                ..error
            }),
        }
    }

    /// Reads trailers that came together with the data before them, which still lies in the way.
    fn look_at_trailers(&mut self, buffer: &Buffer, limits: &Limits) -> Result<(), DecodeError> {
        let behind = &buffer.readable()[self.joined + self.framing..];
        match behind {
            _ if self.state != State::Trailers => return Ok(()),
            [] | [b'\r'] => return Ok(()),
            [b'\r', b'\n', ..] => self.framing += 2,
            _ => {
                // One more than it holds: a full buffer would mean that no rest can come.
                let mut apart = Buffer::with_capacity(behind.len() + 1);
                apart.append(behind);
                let before = self.joined + self.framing;
                let decoded = self.decode_trailers(&mut apart, limits);
                if !decoded.map_err(|error| DecodeError {
                    position: error.position + before,
                    ..error
                })? {
                    // They are read from the start when the rest has come.
                    self.trailers = None;
                    return Ok(());
                }
                self.framing += behind.len() - apart.len();
            }
        }
        self.state = State::Done;
        Ok(())
    }

    /// Takes the framing out of all chunks that have come: their data lies joined at the start of the buffer behind it.
    /// Extensions are thrown away as they come, but no more of them than `longest` bytes a chunk (RFC 9112 §7.1.1).
    fn join_chunks(&mut self, buffer: &mut Buffer, longest: usize) -> Result<(), DecodeError> {
        let bytes = buffer.readable_mut();
        let (mut start, mut joined) = (0, self.joined);
        let mut read = joined + self.framing;
        while read < bytes.len() && self.state != State::Trailers {
            if self.state != State::ChunkData {
                let judged = match self.line {
                    line if line > longest => Err(ErrorKind::ChunkLineTooLong),
                    _ => self.chunk_byte(bytes[read]),
                };
                judged.map_err(|kind| DecodeError {
                    kind,
                    position: self.passed as usize + read,
                })?;
                self.line += 1;
                read += 1;
                continue;
            }
            self.line = 0;
            let run = self.left.min((bytes.len() - read) as u64) as usize;
            if joined == 0 {
                start = read;
            } else {
                bytes.copy_within(read..read + run, start + joined);
            }
            joined += run;
            read += run;
            self.skip_chunk_data(run);
        }
        let before = if joined == 0 { read } else { start };
        buffer.advance(before);
        self.passed += before as u64;
        self.joined = joined;
        self.framing = read - before - joined;
        Ok(())
    }

    fn skip_chunk_data(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
        if self.left == 0 {
            self.state = State::ChunkCr;
        }
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
        self.end_as(trailers, None, out);
    }

    /// The same with names of trailers as `names` has them.
    pub fn end_as(self, trailers: Option<&Head>, names: Option<&NameCase>, out: &mut Vec<u8>) {
        if self.chunked {
            out.extend_from_slice(b"0\r\n");
            match (trailers, names) {
                (Some(fields), Some(names)) => encode_fields_as(fields, names, out),
                (Some(fields), None) => encode_fields(fields, out),
                (None, _) => out.extend_from_slice(b"\r\n"),
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
