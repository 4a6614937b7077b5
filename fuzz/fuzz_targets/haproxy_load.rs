//! Any bytes as a configuration that is checked: every word's reading and the late checks, without a look-up of names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_compat_haproxy::load::{LoadOptions, Source, Verdict, load};

fuzz_target!(|bytes: &[u8]| {
    // Devices have no end.
    if bytes.windows(4).any(|part| part == b"/dev") {
        return;
    }
    let options = LoadOptions {
        resolve: false,
        ..LoadOptions::default()
    };
    let source = Source {
        name: "fuzz.cfg".to_owned(),
        bytes: bytes.into(),
    };
    let loaded = load(&[source], &options);
    // What is refused says why.
    assert!(loaded.verdict != Verdict::Invalid || !loaded.messages.is_empty());
});
