//! Inputs that are almost what a converter reads: dates, documents, packets, messages, tokens.

use crate::random::Random;

/// Where the public keys of the tokens lie.
pub(crate) const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/converters/keys");
/// Signed tokens, one a line behind its name; secrets are `secret`.
const TOKENS: &str = include_str!("keys/tokens");

/// Base64 with padding (RFC 4648 section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for at in 0..4 {
            out.push(match at <= group.len() {
                true => char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]),
                false => '=',
            });
        }
    }
    out
}

pub(crate) fn base64_text(random: &mut Random) -> Vec<u8> {
    let bytes = random.number().to_be_bytes();
    let mut text = base64(&bytes[..random.below(9)]).into_bytes();
    match random.below(4) {
        0 => text.retain(|byte| *byte != b'='),
        1 => text = random.bytes(9, b"YQWJj=-_+/ "),
        2 => text.iter_mut().for_each(|byte| match byte {
            b'+' => *byte = b'-',
            b'/' => *byte = b'_',
            _ => {}
        }),
        _ => {}
    }
    text.trim_ascii().to_vec()
}

/// Encrypted texts: their size of key, nonce, key, tag and bytes.
const ENCRYPTED: [(&str, &str, &str, &str, [u8; 5]); 3] = [
    (
        "128",
        "aWlpaWlpaWlpaWlp",
        "a2tra2tra2tra2tra2traw==",
        "k2mvu5mIBn/vRGDLgjZJPw==",
        [0x75, 0x81, 0x4a, 0x67, 0x73],
    ),
    (
        "192",
        "aWlpaWlpaWlpaWlp",
        "a2tra2tra2tra2tra2tra2tra2tra2tr",
        "D2GRPA5T2BgviHLPDCfqmg==",
        [0x7e, 0x1e, 0xfa, 0xb8, 0x6e],
    ),
    (
        "256",
        "aWlpaWlpaWlpaWlp",
        "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        "bhPDyLc0mahZA7CefIak2w==",
        [0xb2, 0xe1, 0x94, 0x18, 0x5d],
    ),
];

pub(crate) fn aes_arguments(random: &mut Random) -> String {
    let (bits, nonce, key, tag, _) = random.pick(&ENCRYPTED);
    format!("({bits},{nonce},{key},{tag})")
}

pub(crate) fn aes(random: &mut Random) -> Vec<u8> {
    let bytes = random.pick(&ENCRYPTED).4.to_vec();
    match random.below(4) {
        0 => random.mutate(bytes),
        _ => bytes,
    }
}

pub(crate) fn host(random: &mut Random) -> Vec<u8> {
    let host = random.pick(&[
        "Host.Example",
        "127.0.0.1",
        "[::1]",
        "a",
        "",
        "::1",
        "x]",
        "[a",
    ]);
    let port = random.pick(&["", ":80", ":", ":0080", ":99999999999", ":8x"]);
    let text = format!("{host}{port}").into_bytes();
    match random.below(6) {
        0 => random.bytes(8, b"a:[]1"),
        _ => text,
    }
}

pub(crate) fn mask4(random: &mut Random) -> String {
    match random.below(3) {
        0 => random
            .pick(&["255.255.0.0", "255.0.255.0", "0.0.0.1", "0.0.0.0"])
            .to_owned(),
        _ => random.below(33).to_string(),
    }
}

pub(crate) fn mask6(random: &mut Random) -> String {
    match random.below(3) {
        0 => random.pick(&["ffff::", "ffff:0:ffff::1", "::"]).to_owned(),
        _ => random.below(129).to_string(),
    }
}

pub(crate) fn address(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => random
            .pick(&[
                "::1",
                "2001:db8:1:2:3:4:5:6",
                "::ffff:1.2.3.4",
                "fe80::",
                "::1.2.3.4",
                "1:2:3:4:5:6:7:8:9",
                "::g",
            ])
            .as_bytes()
            .to_vec(),
        1 => random.bytes(9, b"1234.2560x:"),
        _ => {
            let number = random.number().to_be_bytes();
            let tail = random.pick(&["", "", "", "", ":80", "/24", ".", ".5", "x"]);
            format!(
                "{}.{}.{}.{}{tail}",
                number[0], number[1], number[2], number[3]
            )
            .into_bytes()
        }
    }
}

pub(crate) fn date(random: &mut Random) -> Vec<u8> {
    let number = match random.below(4) {
        0 => random.integer(),
        1 => (random.number() % 253_402_300_800).to_string(),
        _ => (random.number() % 4_102_444_800).to_string(),
    };
    number.into_bytes()
}

pub(crate) fn date_format(random: &mut Random) -> String {
    let conversions = "aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ";
    let mut format = String::new();
    for _ in 0..random.below(4) + 1 {
        let letter = conversions.as_bytes()[random.below(conversions.len())];
        format.push('%');
        // What flags do to an offset is not worth a word.
        if letter != b'z' && random.once_in(4) {
            format.push(random.pick(&['_', '-', '0', '^', '#', '5']));
        }
        format.push(char::from(letter));
        format.push(random.pick(&[' ', '-', 'x', '/']));
    }
    format
}

pub(crate) fn languages(random: &mut Random) -> Vec<u8> {
    let mut text = String::new();
    for at in 0..random.below(4) {
        if at > 0 {
            text.push_str(random.pick(&[",", ", ", " ,"]));
        }
        text.push_str(random.pick(&[
            "fr", "en", "en-US", "de", "fr-CA", "*", "de-CH", "EN", "es-MX-x",
        ]));
        text.push_str(random.pick(&[
            "", "", ";q=0.5", ";q=0.9", "; q=0.25", ";q=1.0", ";q=0", ";q=0.001", ";x=1",
        ]));
    }
    text.into_bytes()
}

pub(crate) fn utf8(random: &mut Random) -> Vec<u8> {
    let pieces: [&[u8]; 16] = [
        b"a",
        b"\"",
        b"/\\",
        b"\x01",
        b"\n",
        b"\xc3\xa9",
        b"\xe2\x82\xac",
        b"\xf0\x9f\x98\x80",
        b"\xc0\xaf",
        b"\x80",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xe2\x82",
        b"\xc3",
        b"\xf8\x88\x80\x80\x80",
        b"\xef\xbf\xbd",
    ];
    (0..random.below(6))
        .flat_map(|_| random.pick(&pieces).to_vec())
        .collect()
}

pub(crate) fn json_path(random: &mut Random) -> String {
    let mut path = "$".to_owned();
    for _ in 0..random.below(3) + 1 {
        path.push_str(random.pick(&[
            ".a", ".b", ".a", ".n", "[0]", "[1]", "[2]", "[x]", ".a\\.b", ".",
        ]));
    }
    path
}

pub(crate) fn json(random: &mut Random) -> Vec<u8> {
    let mut text = String::new();
    json_value(random, &mut text, 0);
    let mut bytes = text.into_bytes();
    if random.once_in(5) && bytes.len() > 1 {
        let at = random.below(bytes.len() - 1);
        bytes[at] = random.pick(b"{}[],:\"x 1");
    }
    // The reference reads on behind a number that ends a document.
    bytes.push(b' ');
    bytes
}

fn json_value(random: &mut Random, out: &mut String, depth: usize) {
    match if depth > 3 {
        2 + random.below(4)
    } else {
        random.below(6)
    } {
        0 => {
            out.push('{');
            for at in 0..random.below(4) {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(random.pick(&["\"a\":", "\"b\" : ", "\"n\":", "\"a.b\":", "\"\":"]));
                json_value(random, out, depth + 1);
            }
            out.push('}');
        }
        1 => {
            out.push('[');
            for at in 0..random.below(4) {
                if at > 0 {
                    out.push_str(random.pick(&[",", ", "]));
                }
                json_value(random, out, depth + 1);
            }
            out.push(']');
        }
        2 => out.push_str(random.pick(&[
            "true",
            "false",
            "null",
            "\"\"",
            "\"text\"",
            "\"q\\\"x\"",
            "\"\\u0041\\n\"",
            "\"\\/\"",
        ])),
        3 => out.push_str(&random.integer()),
        _ => {
            let (whole, part) = (random.below(2000), random.below(100_000));
            let exponent = random.pick(&["", "", "", "e3", "E-2", "e+10"]);
            out.push_str(&format!("{whole}.{part}{exponent}"));
        }
    }
}

pub(crate) fn token(random: &mut Random) -> Vec<u8> {
    let lines: Vec<&str> = TOKENS.lines().collect();
    let token = random.pick(&lines).split(' ').nth(1).unwrap_or_default();
    let mut token = token.as_bytes().to_vec();
    match random.below(8) {
        0 => token = random.bytes(6, b"a.A="),
        1 => {
            let at = random.below(token.len());
            token[at] = random.pick(b"A.x!");
        }
        2 => token.extend_from_slice(b"AAAA"),
        3 => token.truncate(token.len() - 1 - random.below(3)),
        _ => {}
    }
    token
}

pub(crate) fn fix(random: &mut Random) -> Vec<u8> {
    let mut body = format!("35={}\u{1}", random.pick(&["A", "0", "AE"]));
    for _ in 0..random.below(3) {
        body.push_str(random.pick(&[
            "49=S\u{1}",
            "58=a b\u{1}",
            "58=\u{1}",
            "1=x=y\u{1}",
            "x=1\u{1}",
            "0=1\u{1}",
        ]));
    }
    let version = random.pick(&["FIX.4.2", "FIX.4.4", "FIXT.1.1", "FIX.5.0", "FIX.4.0"]);
    let length = if random.once_in(8) { 3 } else { body.len() };
    let mut message = format!("8={version}\u{1}9={length}\u{1}{body}");
    let sum = message.bytes().fold(0u8, u8::wrapping_add);
    let sum = if random.once_in(8) { sum ^ 1 } else { sum };
    message.push_str(&format!("10={sum:03}\u{1}"));
    message.push_str(random.pick(&["", "", "", "x", "49=late\u{1}"]));
    let bytes = message.into_bytes();
    match random.below(5) {
        0 => bytes[..random.below(bytes.len() + 1)].to_vec(),
        _ => bytes,
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn protobuf(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    message(random, &mut out, 0);
    match random.below(5) {
        0 => out[..random.below(out.len() + 1)].to_vec(),
        _ => out,
    }
}

fn message(random: &mut Random, out: &mut Vec<u8>, depth: usize) {
    for _ in 0..random.below(if depth > 3 { 1 } else { 4 }) {
        let field = random.pick(&[1u64, 1, 2, 3, 5, 300]);
        // No float that is no number or beyond all numbers.
        let float = (random.below(200_000) as f64 - 100_000.0) / 16.0;
        match random.below(5) {
            0 => {
                varint(field << 3, out);
                let shift = random.below(64);
                varint(random.number() >> shift, out);
            }
            1 => {
                varint(field << 3 | 1, out);
                out.extend_from_slice(&float.to_le_bytes());
            }
            2 => {
                varint(field << 3 | 5, out);
                out.extend_from_slice(&(float as f32).to_le_bytes());
            }
            _ => {
                let mut inner = Vec::new();
                // The reference leaves an inner message whose fields are longer than it; ours doesn't.
                if field < 3 || (depth < 3 && !random.once_in(3)) {
                    message(random, &mut inner, depth + 1);
                } else {
                    inner = random.bytes(5, b"ab\0");
                }
                if inner.is_empty() {
                    // What the reference does behind an empty field depends on what follows it.
                    inner.extend_from_slice(b"\x28\x07");
                }
                varint(field << 3 | 2, out);
                varint(inner.len() as u64, out);
                out.extend_from_slice(&inner);
            }
        }
    }
}

pub(crate) fn grpc(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    // Several messages are a scenario: which one the reference goes on with depends on how the first one fails.
    for _ in 0..random.below(6).min(1) {
        let mut inner = Vec::new();
        message(random, &mut inner, 0);
        out.push(random.below(2) as u8);
        out.extend_from_slice(&(inner.len() as u32).to_be_bytes());
        out.extend_from_slice(&inner);
    }
    match random.below(5) {
        0 => out[..random.below(out.len() + 1)].to_vec(),
        _ => out,
    }
}

pub(crate) fn mqtt_field(random: &mut Random) -> String {
    if random.once_in(2) {
        let kind = random.pick(&["connect", "1", "CONNECT"]);
        let field = random.pick(&[
            "flags",
            "protocol_version",
            "client_identifier",
            "will_topic",
            "will_payload",
            "username",
            "password",
            "keepalive",
            "17",
            "33",
            "39",
            "34",
            "25",
            "23",
            "21",
            "22",
            "24",
            "1",
            "2",
            "3",
            "8",
            "9",
            "38",
        ]);
        format!("({kind},{field})")
    } else {
        let field = random.pick(&[
            "flags",
            "protocol_version",
            "reason_code",
            "17",
            "33",
            "36",
            "37",
            "39",
            "18",
            "34",
            "31",
            "40",
            "41",
            "42",
            "19",
            "26",
            "28",
            "21",
            "22",
        ]);
        format!("(connack,{field})")
    }
}

pub(crate) fn mqtt(random: &mut Random) -> Vec<u8> {
    let text = |text: &[u8], out: &mut Vec<u8>| {
        out.extend_from_slice(&(text.len() as u16).to_be_bytes());
        out.extend_from_slice(text);
    };
    let mut body = Vec::new();
    let first = if random.once_in(3) {
        body.extend_from_slice(&[random.below(3) as u8 / 2, random.pick(&[0, 0, 5, 0x87])]);
        if random.once_in(2) {
            properties(
                random,
                &[
                    17, 33, 36, 37, 39, 18, 34, 31, 40, 41, 42, 19, 26, 28, 21, 22,
                ],
                &mut body,
            );
        }
        0x20
    } else {
        let (name, version) = random.pick(&[
            ("MQTT", 4u8),
            ("MQTT", 5),
            ("MQTT", 5),
            ("MQIsdp", 3),
            ("MQTT", 3),
            ("MQIsdp", 4),
            ("X", 4),
        ]);
        let flags = random.pick(&[2u8, 0, 6, 0xc2, 0xc6, 0x82, 0x46, 3]);
        text(name.as_bytes(), &mut body);
        body.extend_from_slice(&[version, flags, 0, random.below(200) as u8]);
        if version == 5 {
            properties(random, &[17, 33, 39, 34, 25, 23, 21, 22, 38], &mut body);
        }
        text(random.pick(&["", "id", "client"]).as_bytes(), &mut body);
        if flags & 4 != 0 {
            if version == 5 {
                properties(random, &[24, 1, 2, 3, 8, 9, 38], &mut body);
            }
            text(b"topic", &mut body);
            text(random.pick(&["", "payload"]).as_bytes(), &mut body);
        }
        if flags & 0x80 != 0 {
            text(b"user", &mut body);
        }
        if flags & 0x40 != 0 {
            text(b"pass", &mut body);
        }
        0x10
    };
    let mut packet = vec![first];
    varint(body.len() as u64, &mut packet);
    packet.extend_from_slice(&body);
    match random.below(6) {
        0 => packet[..random.below(packet.len() + 1)].to_vec(),
        1 if packet[0] == 0x10 => random.mutate(packet),
        _ => packet,
    }
}

fn properties(random: &mut Random, of: &[u8], body: &mut Vec<u8>) {
    let mut inner = Vec::new();
    for _ in 0..random.below(4) {
        let id = random.pick(of);
        inner.push(id);
        match id {
            1 | 23 | 25 | 36 | 37 | 40 | 41 | 42 => inner.push(random.below(5) as u8 / 2),
            19 | 33 | 34 => inner.extend_from_slice(&(random.below(4) as u16).to_be_bytes()),
            2 | 17 | 24 | 39 => {
                inner.extend_from_slice(&(random.below(4) as u32 * 1000).to_be_bytes())
            }
            38 => inner.extend_from_slice(b"\0\x01k\0\x01v"),
            _ => inner.extend_from_slice(b"\0\x02tx"),
        }
    }
    varint(inner.len() as u64, body);
    body.extend_from_slice(&inner);
}
