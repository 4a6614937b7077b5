//! Any bytes as a chunked body: the same verdict and data for any cut, and what is encoded of it decodes to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_runtime::http::Buffer;
use locum_runtime::http::h1::body::{BodyDecoder, BodyEncoder, BodyFraming, Piece};
use locum_runtime::http::h1::decode::Limits;

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let (data, end) = decode(bytes, usize::MAX, false);
    let cut = decode(bytes, usize::from(step).max(1), false);
    assert_eq!(cut.1, end);
    if end == Some(false) {
        // An error is told before the data that came with it, so that less data comes from fewer cuts.
        let both = data.len().min(cut.0.len());
        assert_eq!(data[..both], cut.0[..both]);
    } else {
        assert_eq!(cut.0, data);
    }
    if end == Some(true) {
        let (again, end) = decode(&decode_and_encode(bytes), usize::MAX, false);
        assert_eq!((again, end), (data, Some(true)));
    }
});

/// The data, and whether the body ended (none: more bytes are needed).
fn decode(bytes: &[u8], step: usize, encode: bool) -> (Vec<u8>, Option<bool>) {
    let mut buffer = Buffer::with_capacity(16384);
    let mut body = BodyDecoder::new(BodyFraming::Chunked);
    let encoder = BodyEncoder::new(if encode {
        BodyFraming::Chunked
    } else {
        BodyFraming::UntilClose
    });
    let mut out = Vec::new();
    let mut rest = bytes;
    loop {
        match body.next(&mut buffer, &Limits::default()) {
            Piece::Data(count) => {
                encoder.data(&buffer.readable()[..count], &mut out);
                body.consume(&mut buffer, count);
            }
            Piece::Partial if rest.is_empty() => return (out, None),
            Piece::Partial => {
                let taken = buffer.append(&rest[..step.min(rest.len())]);
                if taken == 0 {
                    // What fills the buffer and still isn't whole is too long: the proxy refuses it.
                    return (out, Some(false));
                }
                rest = &rest[taken..];
            }
            Piece::Error(_) => return (out, Some(false)),
            Piece::End => {
                encoder.end(body.trailers(), &mut out);
                return (out, Some(true));
            }
        }
    }
}

fn decode_and_encode(bytes: &[u8]) -> Vec<u8> {
    decode(bytes, usize::MAX, true).0
}
