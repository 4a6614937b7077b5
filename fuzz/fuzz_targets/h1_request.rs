//! Any bytes as a request: whole or cut at any place the verdict is the same, and what is forwarded decodes to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_runtime::http::h1::decode::{DecodeState, Decoded, Limits, decode_request};
use locum_runtime::http::h1::{encode, framing};
use locum_runtime::http::{Buffer, Head, cookie};

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (flags, cut, bytes) = input;
    let limits = Limits {
        accept_invalid: flags & 1 != 0,
        any_method_payload: flags & 2 != 0,
        ..Limits::default()
    };
    let cut = usize::from(cut).min(bytes.len());
    let whole = decode(&[bytes], &limits);
    let parts = decode(&[&bytes[..cut], &bytes[cut..]], &limits);
    assert_eq!(whole.0, parts.0);
    if whole.0 != Decoded::Complete {
        return;
    }
    let (_, mut head) = whole;
    assert_eq!(text(&head), text(&parts.1));
    let about = framing::request_framing(&head);
    cookie::remove(&mut head, b"SRV");
    framing::prepare_request_for_server(&mut head, &about, flags & 4 != 0);
    if flags & 1 == 0 {
        let (again, mut second) = decode(
            &[&text(&head)],
            &Limits {
                max_fields: 200,
                max_weight: 20000,
                ..limits
            },
        );
        assert_eq!(again, Decoded::Complete);
        let framing = framing::request_framing(&second);
        assert_eq!(framing.body, about.body);
        framing::prepare_request_for_server(&mut second, &framing, flags & 4 != 0);
        assert_eq!(text(&second), text(&head));
    }
});

fn decode(parts: &[&[u8]], limits: &Limits) -> (Decoded, Head) {
    let mut buffer = Buffer::with_capacity(20000);
    let (mut state, mut head) = (DecodeState::default(), Head::new());
    let mut decoded = Decoded::Partial;
    for part in parts {
        buffer.append(part);
        decoded = decode_request(&mut buffer, &mut state, &mut head, limits);
        if decoded != Decoded::Partial {
            break;
        }
    }
    (decoded, head)
}

fn text(head: &Head) -> Vec<u8> {
    let mut out = Vec::new();
    encode::encode_head(head, &mut out);
    out
}
