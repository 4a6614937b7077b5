//! The reader of ClientHellos takes any bytes, and what it has found in some is found in more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_runtime::net::client_hello::{Peek, client_hello, hello_type, version};

fuzz_target!(|bytes: &[u8]| {
    let _ = version(bytes);
    let kind = hello_type(bytes);
    let found = client_hello(bytes);
    if let Peek::Value(hello) = found {
        for text in [hello.server_name(), hello.protocol(), hello.session_ticket()] {
            assert!(text.is_none_or(|text| text.len() < bytes.len()));
        }
        let _ = hello.has_curves();
    }
    let mut more = bytes.to_vec();
    more.push(0);
    if kind != Peek::NotYet {
        assert_eq!(hello_type(&more), kind);
    }
    if found != Peek::NotYet {
        assert_eq!(client_hello(&more), found);
    }
});
