use super::super::super::buffer::Buffer;
use super::super::decode::{DecodeState, Decoded, Limits, decode_request, decode_response};
use super::super::encode::encode_head;
use super::*;

fn received(bytes: &str) -> Head {
    let mut buffer = Buffer::with_capacity(16384);
    buffer.append(bytes.as_bytes());
    let (mut state, mut head) = (DecodeState::default(), Head::new());
    let decode = if bytes.starts_with("HTTP/") {
        decode_response
    } else {
        decode_request
    };
    assert_eq!(
        decode(&mut buffer, &mut state, &mut head, &Limits::default()),
        Decoded::Complete,
        "{bytes}"
    );
    head
}

fn text(head: &Head) -> String {
    let mut out = Vec::new();
    encode_head(head, &mut out);
    String::from_utf8(out).unwrap()
}

/// What the server gets of a request with these lines, with a connection that is kept or not.
fn to_server(lines: &str, keep_alive: bool) -> String {
    let mut head = received(&format!("{lines}\r\n\r\n"));
    let framing = request_framing(&head);
    prepare_request_for_server(&mut head, &framing, keep_alive);
    text(&head).trim_end().replace("\r\n", "|")
}

/// What a client gets of a response: its client's version and wish, the response's lines.
fn to_client(
    version: Version,
    keep_alive: bool,
    method: &str,
    lines: &str,
) -> (String, ClientFraming) {
    let mut head = received(&format!("{lines}\r\n\r\n"));
    let framing = response_framing(&head, method.as_bytes(), true).unwrap();
    let sent = prepare_response_for_client(
        &mut head,
        &framing,
        ClientConnection {
            version,
            keep_alive,
        },
    );
    (text(&head).trim_end().replace("\r\n", "|"), sent)
}

const V10: Version = Version::HTTP_10;
const V11: Version = Version::HTTP_11;

#[test]
fn the_connection_line_to_a_server_depends_on_the_version() {
    assert_eq!(
        to_server("GET / HTTP/1.1\r\nConnection: close\r\nX: 1", true),
        "GET / HTTP/1.1|x: 1"
    );
    assert_eq!(
        to_server("GET / HTTP/1.1\r\nConnection: keep-alive\r\nX: 1", false),
        "GET / HTTP/1.1|x: 1|connection: close"
    );
    assert_eq!(
        to_server("GET / HTTP/1.0\r\nX: 1", true),
        "GET / HTTP/1.0|x: 1|connection: keep-alive"
    );
    assert_eq!(
        to_server("GET / HTTP/1.0\r\nConnection: close\r\nX: 1", false),
        "GET / HTTP/1.0|x: 1"
    );
}

#[test]
fn other_connection_tokens_pass_and_hop_by_hop_headers_too() {
    let lines = "GET / HTTP/1.1\r\nConnection: keep-alive, X\r\nX: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers";
    let sent = "GET / HTTP/1.1|connection: X|x: 1|keep-alive: 5|proxy-connection: x|te: trailers";
    assert_eq!(to_server(lines, true), sent);
    assert_eq!(to_server(lines, false), format!("{sent}|connection: close"));
}

#[test]
fn tokens_go_in_place_as_in_the_reference() {
    for (value, sent) in [
        ("a ,  b,close,c", "a ,  b,c"),
        ("close,a", "a"),
        ("a,close", "a"),
        ("a, close, b", "a,b"),
        ("keep-alive  ,a", "a"),
        ("a;close", "a;close"),
        ("\"close\"", "\"close\""),
        ("a,keep-alive,,close,b", "a,,b"),
        ("close close", "close close"),
        ("foo, ,close ,keep-alive", "foo"),
        ("a,,b", "a,,b"),
    ] {
        let mut bytes = value.as_bytes().to_vec();
        let kept = strip_value(&mut bytes);
        assert_eq!(&bytes[..kept], sent.as_bytes(), "{value}");
    }
    assert_eq!(
        to_server(
            "GET / HTTP/1.1\r\nConnection:\r\nConnection: Close\r\nConnection: b",
            true
        ),
        "GET / HTTP/1.1|connection: b"
    );
}

#[test]
fn an_upgrade_passes_without_a_mark_and_not_with_a_body() {
    let lines = "GET / HTTP/1.1\r\nConnection: upgrade, close\r\nUpgrade: h2c";
    assert_eq!(
        to_server(lines, false),
        "GET / HTTP/1.1|connection: upgrade|upgrade: h2c"
    );
    assert!(request_framing(&received(&format!("{lines}\r\n\r\n"))).upgrade);
    let with_body = "POST / HTTP/1.1\r\nContent-Length: 5\r\nConnection: Upgrade\r\nUpgrade: foo";
    assert_eq!(
        to_server(with_body, true),
        "POST / HTTP/1.1|content-length: 5|connection: Upgrade"
    );
    assert!(!request_framing(&received(&format!("{with_body}\r\n\r\n"))).upgrade);
}

#[test]
fn connect_has_no_length_and_becomes_a_tunnel() {
    let lines = "CONNECT a:80 HTTP/1.1\r\nContent-Length: 5";
    assert_eq!(to_server(lines, true), "CONNECT a:80 HTTP/1.1");
    assert_eq!(
        request_framing(&received(&format!("{lines}\r\n\r\n"))).body,
        BodyFraming::Tunnel
    );
    let (sent, framing) = to_client(V11, true, "CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 2");
    assert_eq!(
        (sent.as_str(), framing.body),
        ("HTTP/1.1 200 OK", BodyFraming::Tunnel)
    );
    let (sent, framing) = to_client(V11, true, "CONNECT", "HTTP/1.1 407 no\r\nContent-Length: 2");
    assert_eq!(
        (sent.as_str(), framing.body),
        ("HTTP/1.1 407 no|content-length: 2", BodyFraming::Length(2))
    );
}

#[test]
fn the_connection_line_to_a_client_depends_on_both_versions() {
    let ok = |version: &str| {
        format!(
            "HTTP/{version} 200 OK\r\nConnection: keep-alive, close\r\nX: 1\r\nContent-Length: 2"
        )
    };
    let sent = |client, keep_alive, version| to_client(client, keep_alive, "GET", &ok(version)).0;
    assert_eq!(
        sent(V11, true, "1.1"),
        "HTTP/1.1 200 OK|x: 1|content-length: 2"
    );
    assert_eq!(
        sent(V11, false, "1.1"),
        "HTTP/1.1 200 OK|x: 1|content-length: 2|connection: close"
    );
    assert_eq!(
        sent(V10, true, "1.1"),
        "HTTP/1.1 200 OK|x: 1|content-length: 2|connection: keep-alive"
    );
    assert_eq!(
        sent(V10, false, "1.1"),
        "HTTP/1.1 200 OK|x: 1|content-length: 2|connection: close"
    );
    assert_eq!(
        sent(V11, true, "1.0"),
        "HTTP/1.0 200 OK|x: 1|content-length: 2|connection: keep-alive"
    );
    assert_eq!(
        sent(V11, false, "1.0"),
        "HTTP/1.0 200 OK|x: 1|content-length: 2"
    );
    assert_eq!(
        sent(V10, true, "1.0"),
        "HTTP/1.0 200 OK|x: 1|content-length: 2|connection: keep-alive"
    );
    let upgrade = "HTTP/1.1 426 X\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 2";
    assert_eq!(
        to_client(V11, false, "GET", upgrade).0,
        "HTTP/1.1 426 X|connection: Upgrade|upgrade: foo|content-length: 2"
    );
}

#[test]
fn a_body_without_end_closes_the_client() {
    let (sent, framing) = to_client(V11, true, "GET", "HTTP/1.1 200 OK");
    assert_eq!(
        (sent.as_str(), framing),
        (
            "HTTP/1.1 200 OK|connection: close",
            ClientFraming {
                body: BodyFraming::UntilClose,
                keep_alive: false
            }
        )
    );
    let (sent, framing) = to_client(V11, true, "GET", "HTTP/1.0 200 OK");
    assert_eq!(
        (sent.as_str(), framing.keep_alive),
        ("HTTP/1.0 200 OK", false)
    );
    let (sent, framing) = to_client(V10, true, "HEAD", "HTTP/1.1 200 OK");
    assert_eq!(
        (sent.as_str(), framing.keep_alive),
        ("HTTP/1.1 200 OK|connection: keep-alive", true)
    );
}

#[test]
fn chunks_go_to_a_client_of_11_and_not_to_an_older_one() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
    let (sent, framing) = to_client(V11, true, "GET", chunked);
    assert_eq!(
        (sent.as_str(), framing.body),
        (
            "HTTP/1.1 200 OK|transfer-encoding: chunked",
            BodyFraming::Chunked
        )
    );
    let (sent, framing) = to_client(V10, true, "GET", chunked);
    assert_eq!(
        (sent.as_str(), framing.body),
        ("HTTP/1.1 200 OK|connection: close", BodyFraming::UntilClose)
    );
    let (sent, framing) = to_client(
        V11,
        true,
        "GET",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked",
    );
    assert_eq!(
        (sent.as_str(), framing.body),
        ("HTTP/1.0 200 OK", BodyFraming::UntilClose)
    );
    assert_eq!(
        to_client(V11, true, "HEAD", chunked).0,
        "HTTP/1.1 200 OK|transfer-encoding: chunked"
    );
}

#[test]
fn heads_without_a_body_keep_what_the_reference_keeps() {
    let sent = |status: &str| {
        to_client(
            V11,
            true,
            "GET",
            &format!("HTTP/1.1 {status} X\r\nContent-Length: 7"),
        )
    };
    assert_eq!(sent("204").0, "HTTP/1.1 204 X");
    assert_eq!(sent("304").0, "HTTP/1.1 304 X|content-length: 7");
    assert_eq!(sent("304").1.body, BodyFraming::Empty);
    assert_eq!(sent("205").1.body, BodyFraming::Length(7));
    let (interim, _) = to_client(
        V10,
        false,
        "GET",
        "HTTP/1.1 103 Early\r\nLink: x\r\nConnection: foo, close",
    );
    assert_eq!(interim, "HTTP/1.1 103 Early|link: x|connection: foo");
    assert!(is_interim(100) && !is_interim(101) && !is_interim(200));
}

#[test]
fn a_101_must_have_been_asked_for_and_name_upgrade() {
    let switched = received("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n");
    assert_eq!(
        response_framing(&switched, b"GET", true).unwrap().body,
        BodyFraming::Tunnel
    );
    assert_eq!(response_framing(&switched, b"GET", false), None);
    assert_eq!(
        response_framing(
            &received("HTTP/1.1 101 X\r\nUpgrade: foo\r\n\r\n"),
            b"GET",
            true
        ),
        None
    );
    let (sent, _) = to_client(
        V11,
        false,
        "GET",
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: foo",
    );
    assert_eq!(sent, "HTTP/1.1 101 X|connection: Upgrade|upgrade: foo");
}

#[test]
fn a_mode_keeps_a_server_only_if_both_sections_do() {
    use ConnectionMode::{Close, KeepAlive, ServerClose};
    assert!(
        KeepAlive.keeps_server(KeepAlive) && KeepAlive.keeps_client() && ServerClose.keeps_client()
    );
    assert!(!Close.keeps_client());
    for (frontend, backend) in [
        (Close, KeepAlive),
        (KeepAlive, Close),
        (ServerClose, KeepAlive),
        (KeepAlive, ServerClose),
    ] {
        assert!(!frontend.keeps_server(backend));
    }
}

#[test]
fn keep_alive_is_what_version_and_tokens_say() {
    let keeps = |lines: &str| request_framing(&received(&format!("{lines}\r\n\r\n"))).keep_alive;
    assert!(
        keeps("GET / HTTP/1.1")
            && !keeps("GET / HTTP/1.0")
            && keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive")
    );
    assert!(!keeps("GET / HTTP/1.1\r\nConnection: keep-alive, close"));
    assert!(!keeps(
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
    ));
    let expects =
        |lines: &str| request_framing(&received(&format!("{lines}\r\n\r\n"))).expect_continue;
    assert!(expects(
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1"
    ));
    assert!(!expects("POST / HTTP/1.1\r\nExpect: 100-continue"));
    assert!(!expects(
        "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1"
    ));
}

// What the reference logged for these as %U and %B.
#[test]
fn a_head_counts_its_parts_without_their_separators() {
    let weight = |lines: &str| head_weight(&received(&format!("{lines}\r\n\r\n")));
    assert_eq!(weight("GET /a HTTP/1.1\r\nHost: a"), 39);
    assert_eq!(
        weight("GET /a HTTP/1.1\r\nHost: a\r\nConnection: Close"),
        39
    );
    let upgrade = "GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo";
    assert_eq!(weight(upgrade), 67);
    assert_eq!(
        weight("HTTP/1.1 200 OK\r\nX-Y:  z \r\nConnection: keep-alive"),
        38
    );
    assert_eq!(weight("HTTP/1.1 100 Continue"), 40);
    assert_eq!(trailers_weight(None), 1);
}
