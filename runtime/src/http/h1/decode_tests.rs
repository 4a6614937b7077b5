use super::*;
use proptest::prelude::*;

fn decode_with(bytes: &[u8], limits: &Limits) -> (Decoded, Head, usize) {
    let mut buffer = Buffer::with_capacity(16384);
    buffer.append(bytes);
    let (mut state, mut head) = (DecodeState::default(), Head::new());
    let decoded = decode_request(&mut buffer, &mut state, &mut head, limits);
    (decoded, head, buffer.len())
}

fn request(bytes: &[u8]) -> Result<Head, ErrorKind> {
    match decode_with(bytes, &Limits::default()) {
        (Decoded::Complete, head, 0) => Ok(head),
        (Decoded::Error(error), ..) => Err(error.kind),
        other => panic!("{other:?}"),
    }
}

fn lenient(bytes: &[u8]) -> Result<Head, ErrorKind> {
    match decode_with(
        bytes,
        &Limits {
            accept_invalid: true,
            ..Limits::default()
        },
    ) {
        (Decoded::Complete, head, 0) => Ok(head),
        (Decoded::Error(error), ..) => Err(error.kind),
        other => panic!("{other:?}"),
    }
}

fn response(bytes: &[u8]) -> Result<Head, ErrorKind> {
    let mut buffer = Buffer::with_capacity(16384);
    buffer.append(bytes);
    let (mut state, mut head) = (DecodeState::default(), Head::new());
    match decode_response(&mut buffer, &mut state, &mut head, &Limits::default()) {
        Decoded::Complete => Ok(head),
        Decoded::Error(error) => Err(error.kind),
        Decoded::Partial => panic!("partial"),
    }
}

/// What a server would get.
fn forwarded(bytes: &[u8]) -> String {
    let head = request(bytes).unwrap();
    let mut out = Vec::new();
    super::super::encode::encode_head(&head, &mut out);
    String::from_utf8(out).unwrap()
}

fn line(line: &[u8]) -> Result<Head, ErrorKind> {
    request(&[line, b"\r\nHost: a\r\n\r\n"].concat())
}

fn fields(fields: &[u8]) -> Result<Head, ErrorKind> {
    request(&[b"POST / HTTP/1.1\r\nHost: a\r\n", fields, b"\r\n"].concat())
}

#[test]
fn a_plain_request_is_taken_apart() {
    let head = request(b"GET /x?y HTTP/1.1\r\nHost: a\r\nX-Y:\t b  \r\nEmpty:\r\n\r\n").unwrap();
    assert_eq!(
        (head.method(), head.uri(), head.path()),
        (&b"GET"[..], &b"/x?y"[..], &b"/x"[..])
    );
    assert_eq!(head.version(), Version::HTTP_11);
    let found: Vec<_> = head.iter().collect();
    assert_eq!(
        found,
        [(&b"host"[..], &b"a"[..]), (b"x-y", b"b"), (b"empty", b"")]
    );
}

#[test]
fn empty_lines_before_the_request_line_are_skipped() {
    assert_eq!(
        forwarded(b"\r\n\n\r\nGET / HTTP/1.1\r\n\r\n"),
        "GET / HTTP/1.1\r\n\r\n"
    );
    assert_eq!(
        request(b"\rGET / HTTP/1.1\r\n\r\n").unwrap_err(),
        ErrorKind::BareCr
    );
    assert_eq!(
        request(b" GET / HTTP/1.1\r\n\r\n").unwrap_err(),
        ErrorKind::BadMethod
    );
}

#[test]
fn the_request_line_is_as_strict_as_the_reference() {
    for good in [
        &b"get / HTTP/1.1"[..],
        b"!#$%&'*+-.^_`|~09 / HTTP/1.1",
        b"GET \t/  HTTP/1.1",
        b"GET /%zz\"<>\\^`{|} HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    ] {
        line(good).unwrap();
    }
    assert_eq!(line(b"G@T / HTTP/1.1").unwrap_err(), ErrorKind::BadMethod);
    assert_eq!(line(b"GET").unwrap_err(), ErrorKind::BadMethod);
    assert_eq!(line(b"GET /").unwrap_err(), ErrorKind::NoVersion);
    for bad in [
        &b"GET /a\x01 HTTP/1.1"[..],
        b"GET /a\x7fb HTTP/1.1",
        b"GET /\x80 HTTP/1.1",
        b"GET /#x HTTP/1.1",
    ] {
        assert_eq!(line(bad).unwrap_err(), ErrorKind::BadTarget);
    }
    for bad in [
        "HTTP/1.10",
        "HTTP/1",
        "http/1.1",
        "FOO/1.1",
        "RTSP/1.0",
        "HTTP/1.1 ",
        "a HTTP/1.1",
        "HTTP/1.1x",
        "HTTP/.1",
    ] {
        assert_eq!(
            line(format!("GET / {bad}").as_bytes()).unwrap_err(),
            ErrorKind::BadVersion,
            "{bad}"
        );
    }
}

#[test]
fn a_newer_version_is_sent_as_11_and_an_older_one_as_it_is() {
    for (received, sent) in [
        ("HTTP/1.2", "HTTP/1.1"),
        ("HTTP/2.0", "HTTP/1.1"),
        ("HTTP/1.0", "HTTP/1.0"),
        ("HTTP/0.9", "HTTP/0.9"),
    ] {
        assert_eq!(
            forwarded(format!("GET / {received}\r\n\r\n").as_bytes()),
            format!("GET / {sent}\r\n\r\n")
        );
    }
}

#[test]
fn a_missing_host_is_taken_and_different_ones_are_refused() {
    assert!(request(b"GET / HTTP/1.1\r\n\r\n").is_ok());
    assert_eq!(
        forwarded(b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nhost: A\r\n\r\n"),
        "GET / HTTP/1.1\r\nhost: a\r\nx: 1\r\n\r\n"
    );
    assert_eq!(
        request(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").unwrap_err(),
        ErrorKind::BadHost
    );
}

/// Method, target, Host; then target and Host as the reference sends them on, or none where it answers 400.
type HostCase = (
    &'static str,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
);

const HOST_CASES: &[HostCase] = &[
    ("GET", "http://a/", "A", Some(("http://a/", "A"))),
    ("GET", "http://a/", "b", None),
    ("GET", "http://a:80/", "a", Some(("http://a/", "a"))),
    ("GET", "http://a:80/", "a:80", Some(("http://a/", "a"))),
    ("GET", "http://A:80/", "a", Some(("http://A/", "A"))),
    ("GET", "http://a:/", "a", Some(("http://a/", "a"))),
    ("GET", "http://a/", "a:80", Some(("http://a/", "a:80"))),
    ("GET", "http://a/", "a:", Some(("http://a/", "a:"))),
    ("GET", "http://a:80", "a", Some(("http://a", "a"))),
    ("GET", "https://a:443/", "a:443", Some(("https://a/", "a"))),
    ("GET", "https://a/", "a:443", Some(("https://a/", "a:443"))),
    (
        "GET",
        "http://[::1]:80/",
        "[::1]",
        Some(("http://[::1]/", "[::1]")),
    ),
    ("GET", "http://a:443/", "a", None),
    ("GET", "http://a:81/", "a", None),
    ("GET", "http://a", "a:443", None),
    ("GET", "x://a:80/", "a", None),
    ("GET", "x://a:/", "a", Some(("x://a/", "a"))),
    ("GET", "http://a:080/", "a", None),
    ("GET", "http://u@a/", "a", Some(("http://u@a/", "a"))),
    ("GET", "http://u@a/", "u@a", None),
    ("GET", "http://a?x", "a?x", Some(("http://a?x", "a?x"))),
    ("GET", "http://a?x", "a", None),
    ("GET", "http:///x", "a", Some(("http:///x", "a"))),
    ("GET", "http://a/", "", None),
    ("GET", "//a/", "b", Some(("//a/", "b"))),
    ("GET", "b", "a", None),
    ("GET", "a/b", "a", Some(("a/b", "a"))),
    ("GET", "a:80", "a", None),
    ("GET", "a:80", "a:80", Some(("a:80", "a:80"))),
    ("GET", "@", "b", Some(("@", "b"))),
    ("GET", "a@b@c", "c", Some(("a@b@c", "c"))),
    ("GET", "1x://q", "1x:", Some(("1x://q", "1x:"))),
    ("CONNECT", "a:80", "A:80", Some(("a:80", "A"))),
    ("CONNECT", "a:80", "a", Some(("a:80", "a"))),
    ("CONNECT", "a:443", "a:443", Some(("a:443", "a"))),
    ("CONNECT", "a:443", "a:80", None),
    ("CONNECT", "a:8080", "a:8080", Some(("a:8080", "a:8080"))),
    ("CONNECT", "u@a:80", "a:80", Some(("u@a:80", "a"))),
    ("CONNECT", "a:81", "a", None),
    ("CONNECT", "a", "a", None),
    ("CONNECT", "a:", "a", None),
    ("CONNECT", ":80", "a", None),
    ("CONNECT", "a:x", "a:x", None),
    ("CONNECT", "/", "a", None),
    ("CONNECT", "*", "a", None),
];

#[test]
fn the_targets_authority_and_host_agree_as_the_reference_wants() {
    for &(method, target, host, sent) in HOST_CASES {
        let head =
            request(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        let found = head.as_ref().ok().map(|head| (head.uri(), head.value(0)));
        assert_eq!(
            found,
            sent.map(|(target, host)| (target.as_bytes(), host.as_bytes())),
            "{method} {target} {host}"
        );
    }
    assert!(lenient(b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n").is_ok());
    assert!(lenient(b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n").is_ok());
}

#[test]
fn a_name_has_255_bytes_at_most() {
    for (length, tail) in [(255, &b": 1\r\n"[..]), (255, b": 1\r\n 2\r\n")] {
        let name = vec![b'x'; length];
        assert!(fields(&[&name[..], tail].concat()).is_ok());
        let longer = [&name[..], b"x", tail].concat();
        assert_eq!(fields(&longer).unwrap_err(), ErrorKind::NameTooLong);
    }
}

#[test]
fn a_folded_value_becomes_one_line_of_the_same_length() {
    let folded = |bytes: &[u8]| fields(bytes).unwrap().value(1).to_vec();
    assert_eq!(folded(b"X: a\r\n b\r\n\tc\r\nY: 1\r\n"), b"a   b  \tc");
    assert_eq!(folded(b"X:\r\n b\r\n"), b"b");
    assert!(
        fields(b"Transfer-Encoding:\r\n chunked\r\n")
            .unwrap()
            .facts
            .chunked
    );
    assert_eq!(
        fields(b"Content-Length:\r\n 5\r\n")
            .unwrap()
            .facts
            .content_length,
        Some(5)
    );
    assert_eq!(folded(b"X: a\r\n \r\n"), b"a");
    assert_eq!(fields(b" X: a\r\n").unwrap().value(0), b"a   X: a");
    assert_eq!(
        request(b"GET / HTTP/1.1\r\n X: a\r\n\r\n").unwrap_err(),
        ErrorKind::BadName
    );
}

#[test]
fn field_names_are_tokens_and_values_hold_anything_but_line_ends() {
    for bad in [
        &b"X : a\r\n"[..],
        b": a\r\n",
        b"X\r\n",
        b"X Y: 1\r\n",
        b"X\x80: 1\r\n",
        b"X(: 1\r\n",
        b"\0: 1\r\n",
        b"X=: 1\r\n",
    ] {
        assert_eq!(fields(bad).unwrap_err(), ErrorKind::BadName);
    }
    assert_eq!(
        fields(b"X: a\0b\x01\x7f\x80\xff\x0b\r\n").unwrap().value(1),
        b"a\0b\x01\x7f\x80\xff\x0b"
    );
    assert_eq!(
        fields(b"!#$%&'*+-.^_`|~09: a\r\n").unwrap().name(1),
        b"!#$%&'*+-.^_`|~09"
    );
    assert_eq!(fields(b"X: a\rb\r\n").unwrap_err(), ErrorKind::BareCr);
    assert_eq!(fields(b"X: a\r\r\n").unwrap_err(), ErrorKind::BareCr);
    assert_eq!(
        lenient(b"GET / HTTP/1.1\r\nX \x80: a\r\n\r\n")
            .unwrap()
            .name(0),
        b"x \x80"
    );
}

#[test]
fn a_bare_line_feed_is_refused_unless_invalid_requests_are_accepted() {
    for bytes in [
        &b"GET / HTTP/1.1\nHost: a\n\n"[..],
        b"GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\r\n\n",
    ] {
        assert_eq!(request(bytes).unwrap_err(), ErrorKind::BareLf);
        assert!(lenient(bytes).is_ok());
    }
}

#[test]
fn a_head_has_a_hundred_fields_at_most() {
    let with = |count: usize| {
        [
            &b"GET / HTTP/1.1\r\n"[..],
            &b"X: 1\r\n".repeat(count),
            b"\r\n",
        ]
        .concat()
    };
    assert_eq!(request(&with(100)).unwrap().len(), 100);
    assert_eq!(request(&with(101)).unwrap_err(), ErrorKind::TooManyFields);
}

#[test]
fn a_head_weighs_at_most_what_the_reference_takes() {
    // Whole sizes at which the reference changed its mind.
    for (extra, most) in [
        (0, 15273),
        (1, 15269),
        (10, 15233),
        (50, 15073),
        (98, 14881),
    ] {
        let with = |size: usize| {
            let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
            head.extend((0..extra).flat_map(|index| format!("y{index:02}: 1\r\n").into_bytes()));
            let pad = size - head.len() - 7;
            [head, b"X: ".to_vec(), vec![b'a'; pad], b"\r\n\r\n".to_vec()].concat()
        };
        assert!(request(&with(most)).is_ok());
        assert_eq!(request(&with(most + 1)).unwrap_err(), ErrorKind::TooLarge);
    }
    let uri = |size: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(size - 27));
    assert!(request(uri(15277).as_bytes()).is_ok());
    assert_eq!(
        request(uri(15278).as_bytes()).unwrap_err(),
        ErrorKind::TooLarge
    );
    assert_eq!(request(&[b'a'; 16384]).unwrap_err(), ErrorKind::TooLarge);
}

#[test]
fn content_lengths_must_be_one_number() {
    for (value, sent) in [
        ("5", "5"),
        (" 5\t", "5"),
        ("05", "05"),
        ("5,5", "5"),
        ("5, 05", "05"),
        ("9223372036854775807", "9223372036854775807"),
    ] {
        let head = fields(format!("Content-Length:{value}\r\n").as_bytes()).unwrap();
        assert_eq!(head.value(1), sent.as_bytes());
        assert!(head.facts.content_length.is_some());
    }
    for bad in [
        "",
        "+5",
        "-5",
        "5 5",
        "5,6",
        "5,",
        ",5",
        "a",
        "5a",
        "0x5",
        "5.0",
        "\"5\"",
        "5;",
        "9223372036854775808",
        "18446744073709551616",
    ] {
        assert_eq!(
            fields(format!("Content-Length: {bad}\r\n").as_bytes()).unwrap_err(),
            ErrorKind::BadContentLength,
            "{bad}"
        );
    }
    let twice = fields(b"Content-Length: 5\r\nX: 1\r\nContent-Length: 05\r\n").unwrap();
    assert_eq!((twice.len(), twice.facts.content_length), (3, Some(5)));
    assert_eq!(
        fields(b"Content-Length: 5\r\nContent-Length: 6\r\n").unwrap_err(),
        ErrorKind::BadContentLength
    );
    assert_eq!(
        fields(b"Content-Length:\r\nContent-Length: 5\r\n").unwrap_err(),
        ErrorKind::BadContentLength
    );
}

#[test]
fn chunked_must_be_the_only_encoding() {
    for good in ["chunked", "CHUNKED", "chunked,", "chunked, "] {
        assert!(
            fields(format!("Transfer-Encoding: {good}\r\n").as_bytes())
                .unwrap()
                .facts
                .chunked
        );
    }
    assert!(
        fields(b"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n")
            .unwrap()
            .facts
            .chunked
    );
    for (value, kind) in [
        ("gzip, chunked", ErrorKind::UnsupportedTransferEncoding),
        ("identity, chunked", ErrorKind::UnsupportedTransferEncoding),
        (",chunked", ErrorKind::UnsupportedTransferEncoding),
        ("chunked, gzip", ErrorKind::BadTransferEncoding),
        ("chunked, chunked", ErrorKind::BadTransferEncoding),
        ("identity", ErrorKind::BadTransferEncoding),
        ("gzip", ErrorKind::BadTransferEncoding),
        ("", ErrorKind::BadTransferEncoding),
        ("chunked;q=1", ErrorKind::BadTransferEncoding),
        ("x chunked", ErrorKind::BadTransferEncoding),
        ("\"chunked\"", ErrorKind::BadTransferEncoding),
        ("\x0bchunked", ErrorKind::BadTransferEncoding),
        ("chunkedd", ErrorKind::BadTransferEncoding),
    ] {
        assert_eq!(
            fields(format!("Transfer-Encoding: {value}\r\n").as_bytes()).unwrap_err(),
            kind,
            "{value}"
        );
    }
    assert_eq!(ErrorKind::UnsupportedTransferEncoding.request_status(), 422);
    let twice = b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(fields(twice).unwrap_err(), ErrorKind::BadTransferEncoding);
}

#[test]
fn transfer_encoding_beats_content_length_and_ends_the_connection() {
    let head = fields(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").unwrap();
    assert_eq!(
        (head.len(), head.facts.content_length, head.facts.ambiguous),
        (2, None, true)
    );
    assert_eq!(
        fields(b"Transfer-Encoding: chunked\r\nContent-Length: x\r\n").unwrap_err(),
        ErrorKind::BadContentLength
    );
}

#[test]
fn old_versions_have_no_transfer_encoding_and_no_body_with_get() {
    let connect = b"CONNECT a:80 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(
        request(connect).unwrap_err(),
        ErrorKind::BadTransferEncoding
    );
    let old = |method: &str, field: &str| {
        request(format!("{method} / HTTP/1.0\r\n{field}\r\n\r\n").as_bytes())
    };
    assert_eq!(
        old("POST", "Transfer-Encoding: chunked").unwrap_err(),
        ErrorKind::TransferEncodingInOldVersion
    );
    for method in ["GET", "HEAD", "DELETE"] {
        assert_eq!(
            old(method, "Content-Length: 1")
                .unwrap_err()
                .request_status(),
            413
        );
        assert!(old(method, "Content-Length: 0").is_ok());
    }
    assert!(old("get", "Content-Length: 1").is_ok() && old("PUT", "Content-Length: 1").is_ok());
}

#[test]
fn connection_and_expect_become_facts() {
    let facts = fields(b"Connection: foo, ,Close ,keep-alive\r\nConnection: upgrade\r\nUpgrade: x\r\nExpect: 100-Continue\r\n").unwrap().facts;
    assert!(facts.close && facts.keep_alive && facts.upgrade && facts.expect_continue);
    assert!(!fields(b"Connection: upgrade\r\n").unwrap().facts.upgrade);
}

#[test]
fn an_error_is_told_before_the_head_is_whole() {
    let (decoded, ..) = decode_with(b"GET / HTTP/1.1\r\nX@", &Limits::default());
    assert_eq!(
        decoded,
        Decoded::Error(DecodeError {
            kind: ErrorKind::BadName,
            position: 17
        })
    );
    assert_eq!(
        decode_with(b"GET / HTTP/1.1\r\nX", &Limits::default()).0,
        Decoded::Partial
    );
}

#[test]
fn a_response_is_taken_apart() {
    let head = response(b"HTTP/1.0 404 Not  Found here\r\nServer: x\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    assert_eq!(
        (head.status(), head.reason(), head.version()),
        (404, &b"Not  Found here"[..], Version::HTTP_10)
    );
    assert_eq!(head.facts.content_length, Some(2));
}

#[test]
fn a_status_line_is_as_lenient_as_the_reference_but_for_the_status() {
    let status_line =
        |line: &str| response(format!("{line}\r\nContent-Length: 2\r\n\r\n").as_bytes());
    for (line, reason) in [
        ("HTTP/1.1 200", ""),
        ("HTTP/1.1 200 ", ""),
        ("HTTP/1.1  200  OK  x ", "OK  x "),
        ("HTTP/1.1\t200\tOK", "OK"),
    ] {
        assert_eq!(status_line(line).unwrap().reason(), reason.as_bytes());
    }
    for good in [
        "\r\nHTTP/1.1 200 OK",
        "HTTP/2.0 999 OK",
        "HTTP/0.9 200 OK",
        "RTSP/1.0 200 OK",
        "HTTP/1.1 200 O\x01K",
    ] {
        status_line(good).unwrap();
    }
    for (bad, kind) in [
        ("ICY 200 OK", ErrorKind::BadVersion),
        ("http/1.1 200 OK", ErrorKind::BadVersion),
        ("HTTP/1.10 200 OK", ErrorKind::BadVersion),
        (" HTTP/1.1 200 OK", ErrorKind::BadVersion),
        ("HTTP/1.1 2x0 OK", ErrorKind::BadStatus),
        ("HTTP/1.1 200OK", ErrorKind::BadStatus),
        ("HTTP/1.1 20 OK", ErrorKind::BadStatus),
        ("HTTP/1.1 2000 OK", ErrorKind::BadStatus),
        ("HTTP/1.1 099 OK", ErrorKind::BadStatus),
        ("HTTP/1.1 200 O\rK", ErrorKind::BareCr),
    ] {
        assert_eq!(status_line(bad).unwrap_err(), kind, "{bad}");
    }
}

#[test]
fn a_response_with_doubtful_framing_is_refused_or_ends_its_connection() {
    let with = |fields: &str| response(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes());
    assert_eq!(
        with("Transfer-Encoding: gzip, chunked").unwrap_err(),
        ErrorKind::UnsupportedTransferEncoding
    );
    assert_eq!(
        with("Transfer-Encoding: gzip").unwrap_err(),
        ErrorKind::BadTransferEncoding
    );
    assert_eq!(
        with("Content-Length: 3\r\nContent-Length: 2").unwrap_err(),
        ErrorKind::BadContentLength
    );
    let both = with("Content-Length: 3\r\nTransfer-Encoding: chunked").unwrap();
    assert!(both.facts.ambiguous && both.len() == 1);
    assert_eq!(with("Host: b\r\nHost: c").unwrap().len(), 2);
    let old = response(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    assert!(old.facts.chunked && old.facts.ambiguous);
}

#[test]
fn a_web_socket_handshake_needs_its_key_and_its_proof() {
    let asked = |more: &str| {
        fields(format!("Connection: Upgrade\r\nUpgrade: foo, WebSocket\r\n{more}").as_bytes())
    };
    assert!(asked("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").is_ok());
    assert_eq!(asked("").unwrap_err(), ErrorKind::BadWebSocketKey);
    assert_eq!(
        asked("Sec-WebSocket-Key: short\r\n").unwrap_err(),
        ErrorKind::BadWebSocketKey
    );
    assert!(fields(b"Upgrade: websocket\r\n").is_ok());
    let answer = |more: &str| {
        response(
            format!("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n{more}\r\n")
                .as_bytes(),
        )
    };
    assert!(answer("Sec-WebSocket-Accept: x\r\n").is_ok());
    assert_eq!(answer("").unwrap_err(), ErrorKind::BadWebSocketKey);
}

#[test]
fn a_lenient_peer_may_speak_any_version() {
    let sent = |line: &str| {
        let head = lenient(format!("{line}\r\n\r\n").as_bytes()).unwrap();
        let mut out = Vec::new();
        super::super::encode::encode_head(&head, &mut out);
        String::from_utf8(out).unwrap()
    };
    for version in ["HTTP/1.10", "HTTP/1", "FOO/1.1", "ABC", "RTSP/1.0"] {
        assert_eq!(
            sent(&format!("GET / {version}")),
            format!("GET / {version}\r\n\r\n")
        );
    }
    assert_eq!(sent("GET / RTSP/1.1"), "GET / HTTP/1.1\r\n\r\n");
    assert_eq!(
        lenient(b"GET / http/1.1\r\n\r\n").unwrap_err(),
        ErrorKind::BadVersion
    );
    for simple in [&b"GET /x\r\n"[..], b"GET /x\n"] {
        let head = lenient(simple).unwrap();
        assert_eq!((head.uri(), head.version()), (&b"/x"[..], Version::HTTP_10));
    }
    assert_eq!(lenient(b"POST /x\r\n").unwrap_err(), ErrorKind::NoVersion);
}

/// Decodes what `bytes` begins with, fed in parts cut at `cuts`.
fn fed(bytes: &[u8], cuts: &[usize]) -> (Decoded, String, Vec<u8>) {
    let mut buffer = Buffer::with_capacity(16384);
    let (mut state, mut head) = (DecodeState::default(), Head::new());
    let (mut from, mut decoded) = (0, Decoded::Partial);
    for &to in cuts.iter().chain([&bytes.len()]) {
        buffer.append(&bytes[from..to]);
        from = to;
        decoded = decode_request(&mut buffer, &mut state, &mut head, &Limits::default());
        if decoded != Decoded::Partial {
            break;
        }
    }
    buffer.append(&bytes[from..]);
    let shown = if decoded == Decoded::Complete {
        format!("{:?}", head.iter().collect::<Vec<_>>())
    } else {
        String::new()
    };
    (decoded, shown, buffer.readable().to_vec())
}

const SPLIT_CASES: &[&[u8]] = &[
    b"\r\nGET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2 \r\nEmpty:\r\nY:\t\r\n\tz\r\n\r\nGET /next",
    b"GET  /a  HTTP/1.1\r\nHost: a\r\n \r\nB: c\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\nhello",
];

#[test]
fn a_split_at_any_position_changes_nothing() {
    for &bytes in SPLIT_CASES {
        let whole = fed(bytes, &[]);
        let every: Vec<usize> = (1..bytes.len()).collect();
        assert_eq!(fed(bytes, &every), whole);
        for at in 0..bytes.len() {
            assert_eq!(fed(bytes, &[at]), whole, "split at {at}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), lenient: bool) {
        let limits = Limits { accept_invalid: lenient, ..Limits::default() };
        decode_with(&bytes, &limits);
        decode_with(&[b"GET http://a:80/ HTTP/1.1\r\nHost: ", &bytes[..]].concat(), &limits);
    }

    #[test]
    fn what_was_encoded_decodes_to_the_same(
        method in "[A-Z]{1,8}", path in "/[!\"$-~]{0,20}",
        fields in proptest::collection::vec(("x-[a-z0-9-]{1,12}", "([!-~]([ -~]{0,20}[!-~])?)?"), 0..20),
    ) {
        let mut head = Head::request(method.as_bytes(), path.as_bytes(), Version::HTTP_11);
        for (name, value) in &fields {
            head.add(name.as_bytes(), value.as_bytes());
        }
        if method != "CONNECT" {
            let mut out = Vec::new();
            super::super::encode::encode_head(&head, &mut out);
            let again = request(&out).unwrap();
            prop_assert_eq!(again.method(), head.method());
            prop_assert_eq!(again.uri(), head.uri());
            prop_assert_eq!(again.iter().collect::<Vec<_>>(), head.iter().collect::<Vec<_>>());
        }
    }
}
