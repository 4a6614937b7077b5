//! The PROXY header's decoder takes any bytes, and reads back what the encoder writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_runtime::net::proxy_protocol::{Decoded, Outgoing, decode, encode_v1, encode_v2};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Decoded::Header(header, used)) = decode(bytes, 16384) else {
        return;
    };
    assert!(used <= bytes.len());
    let mut out = Vec::new();
    encode_v2(
        &Outgoing {
            endpoints: header.endpoints,
            checksum: true,
            unique_id: header.unique_id.as_deref(),
            authority: header.authority.as_deref(),
        },
        &mut out,
    );
    if header.endpoints.is_some() {
        assert_eq!(decode(&out, 16384), Ok(Decoded::Header(header.clone(), out.len())));
    }
    out.clear();
    encode_v1(header.endpoints, &mut out);
    assert!(out.len() <= 107);
    let Ok(Decoded::Header(again, length)) = decode(&out, 16384) else {
        panic!("what was encoded is decoded")
    };
    assert_eq!((again.endpoints, length), (header.endpoints, out.len()));
});
