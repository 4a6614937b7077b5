//! Any bytes as a response: no panic, the same verdict for any cut, and the client is sent one framing only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_runtime::http::h1::body::BodyFraming;
use locum_runtime::http::h1::decode::{DecodeState, Decoded, Limits, decode_response};
use locum_runtime::http::h1::framing::{self, ClientConnection};
use locum_runtime::http::{Buffer, Head, Name, Version};

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (flags, cut, bytes) = input;
    let limits = Limits {
        accept_invalid: flags & 1 != 0,
        ..Limits::default()
    };
    let cut = usize::from(cut).min(bytes.len());
    let (decoded, mut head) = decode(&[bytes], &limits);
    assert_eq!(decoded, decode(&[&bytes[..cut], &bytes[cut..]], &limits).0);
    if decoded != Decoded::Complete {
        return;
    }
    let method: &[u8] = match flags & 6 {
        0 => b"HEAD",
        2 => b"CONNECT",
        _ => b"GET",
    };
    let Some(about) = framing::response_framing(&head, method, flags & 8 != 0) else {
        return;
    };
    let version = if flags & 16 != 0 {
        Version::HTTP_11
    } else {
        Version::HTTP_10
    };
    let client = ClientConnection {
        version,
        keep_alive: flags & 32 != 0,
    };
    let sent = framing::prepare_response_for_client(&mut head, &about, client);
    assert!(!(head.has(Name::ContentLength) && head.has(Name::TransferEncoding)));
    assert!(!(sent.keep_alive && sent.body == BodyFraming::UntilClose));
    assert_eq!(
        sent.body == BodyFraming::Chunked,
        head.has(Name::TransferEncoding) && about.body != BodyFraming::Empty
    );
});

fn decode(parts: &[&[u8]], limits: &Limits) -> (Decoded, Head) {
    let mut buffer = Buffer::with_capacity(20000);
    let (mut state, mut head) = (DecodeState::default(), Head::new());
    let mut decoded = Decoded::Partial;
    for part in parts {
        buffer.append(part);
        decoded = decode_response(&mut buffer, &mut state, &mut head, limits);
        if decoded != Decoded::Partial {
            break;
        }
    }
    (decoded, head)
}
