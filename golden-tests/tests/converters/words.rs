//! What each converter is tried with: arguments that both accept, and inputs of its type.

use crate::inputs::{self, KEYS};
use crate::random::Random;

/// How an input gets to a converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// As a header's text.
    Text,
    /// As bytes: the header is base64.
    Bytes,
}

/// A converter and how it is tried.
pub(crate) struct Word {
    /// Its name.
    pub(crate) name: &'static str,
    /// How its input gets there.
    pub(crate) way: Way,
    /// Arguments with their parentheses.
    pub(crate) arguments: fn(&mut Random) -> String,
    /// An input.
    pub(crate) input: fn(&mut Random) -> Vec<u8>,
}

const fn word(
    name: &'static str,
    way: Way,
    arguments: fn(&mut Random) -> String,
    input: fn(&mut Random) -> Vec<u8>,
) -> Word {
    Word {
        name,
        way,
        arguments,
        input,
    }
}

/// Those that are not tried here, and why.
pub(crate) const ELSEWHERE: &[(&str, &str)] = &[
    ("in_table", "asks a stick table"),
    ("table_", "asks a stick table"),
    ("map", "asks a map"),
    (
        "wt6",
        "not executed: its function is described nowhere but in GPL code",
    ),
];

use Way::{Bytes, Text};

/// All others, sorted.
#[rustfmt::skip]
pub(crate) const WORDS: &[Word] = &[
    word("add", Text, operand, integer),
    word("add_item", Bytes, add_item, text),
    word("aes_gcm_dec", Bytes, inputs::aes_arguments, inputs::aes),
    word("and", Text, operand, integer),
    word("b64dec", Text, none, inputs::base64_text),
    word("base64", Bytes, none, bytes),
    word("be2dec", Bytes, |r| format!("({},{}{})", separator(r), 1 + r.below(8), optional(r, &[",0", ",1"])), bytes),
    word("be2hex", Bytes, |r| if r.once_in(4) { String::new() } else { format!("({},{}{})", separator(r), 1 + r.below(12), optional(r, &[",0", ",1"])) }, bytes),
    word("bool", Text, none, integer),
    word("bytes", Bytes, |r| format!("({}{})", r.below(24) as i64 - 3, if r.once_in(2) { String::new() } else { format!(",{}", r.below(24) as i64 - 3) }), bytes),
    word("capture-req", Bytes, |r| format!("({})", r.below(3)), text),
    word("capture-res", Bytes, |r| format!("({})", r.below(3)), text),
    word("concat", Bytes, |r| format!("({},{},{})", literal(r), variable_or_none(r), literal(r)), text),
    word("cpl", Text, none, integer),
    word("crc32", Bytes, seed, bytes),
    word("crc32c", Bytes, seed, bytes),
    word("cut_crlf", Bytes, none, |r| r.bytes(12, b"ab\r\n\0 ")),
    word("debug", Bytes, |r| format!("({},buf0)", literal(r)), bytes),
    word("digest", Bytes, |r| format!("({})", algorithm(r)), bytes),
    word("div", Text, operand, integer),
    word("djb2", Bytes, seed, bytes),
    word("even", Text, none, integer),
    word("field", Bytes, pieces, |r| r.bytes(16, b"ab/,-.x")),
    word("fix_is_valid", Bytes, none, inputs::fix),
    word("fix_tag_value", Bytes, |r| format!("({})", r.pick(&["8", "9", "35", "10", "49", "58", "MsgType", "checksum", "BodyLength", "BeginString", "56", "1"])), inputs::fix),
    word("hex", Bytes, none, bytes),
    word("hex2i", Text, none, |r| r.bytes(18, b"0123456789abcdefABCDEFx -")),
    word("hmac", Bytes, |r| format!("({},{})", algorithm(r), secret(r)), bytes),
    word("host_only", Text, none, inputs::host),
    word("htonl", Text, none, integer),
    // Without arguments the reference reads what stood in memory, and may refuse the line.
    word("http_date", Text, |r| format!("({},{})", r.integer(), r.pick(&["s", "ms", "us"])), integer),
    word("iif", Text, |r| format!("({},{})", literal(r), literal(r)), integer),
    word("ipmask", Text, |r| format!("({}{})", inputs::mask4(r), if r.once_in(3) { String::new() } else { format!(",{}", inputs::mask6(r)) }), inputs::address),
    word("json", Bytes, |r| optional(r, &["(ascii)", "(utf8)", "(utf8s)", "(utf8p)", "(utf8ps)"]), inputs::utf8),
    word("json_query", Bytes, |r| format!("('{}'{})", inputs::json_path(r), optional(r, &[",int"])), inputs::json),
    word("jwt_header_query", Text, |r| optional(r, &["('$.alg')", "($.typ)", "($.x,int)"]), inputs::token),
    word("jwt_payload_query", Text, |r| optional(r, &["('$.sub')", "($.n)", "($.n,int)"]), inputs::token),
    word("jwt_verify", Text, |r| {
        let algorithm = r.pick(&["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "none", "txn.algorithm"]);
        let key = match algorithm {
            "HS256" | "HS384" | "HS512" | "none" => r.pick(&["secret", "txn.secret", "other"]).to_owned(),
            _ => format!("{KEYS}/rsa.pem"),
        };
        // Keys of other curves than the algorithm's own are refused by ours.
        match r.below(5) {
            0 => format!("(ES256,{KEYS}/p256.pem)"),
            1 => format!("(ES384,{KEYS}/p384.pem)"),
            2 => format!("(ES512,{KEYS}/p521.pem)"),
            _ => format!("({algorithm},{key})"),
        }
    }, inputs::token),
    word("language", Text, |r| format!("({}{})", r.pick(&["fr;en", "en;de;fr-CA", "es", "en-US;en", "de-CH"]), optional(r, &[",xx"])), inputs::languages),
    word("length", Bytes, none, text),
    word("lower", Bytes, none, text),
    word("ltime", Text, |r| format!("('{}'{})", inputs::date_format(r), if r.once_in(2) { String::new() } else { format!(",{}", r.below(2_000_000) as i64 - 1_000_000) }), inputs::date),
    word("ltrim", Bytes, |r| format!("({})", r.text(3, "abX/")), |r| r.bytes(10, b"abX/ c")),
    word("mod", Text, operand, integer),
    word("mqtt_field_value", Bytes, inputs::mqtt_field, inputs::mqtt),
    word("mqtt_is_valid", Bytes, none, inputs::mqtt),
    word("mul", Text, operand, integer),
    word("nbsrv", Text, none, |r| r.pick(&["pool", "none", "f", "", "POOL", "pool/s1"]).as_bytes().to_vec()),
    word("neg", Text, none, integer),
    word("not", Text, none, integer),
    word("odd", Text, none, integer),
    word("or", Text, operand, integer),
    word("port_only", Text, none, inputs::host),
    word("protobuf", Bytes, protobuf, inputs::protobuf),
    word("regsub", Bytes, |r| format!("({},{}{})", r.pick(&["a", "'[ab]+'", "^/", "'b$'", "'(a)(b)'", ".", "/+"]), r.pick(&["", "-", "'[\\1]'", "'\\0\\0'", "\\2"]), optional(r, &[",g", ",i", ",gi"])), |r| r.bytes(12, b"abAB/x ")),
    word("rtrim", Bytes, |r| format!("({})", r.text(3, "abX/")), |r| r.bytes(10, b"abX/ c")),
    word("sdbm", Bytes, seed, bytes),
    word("secure_memcmp", Bytes, |r| format!("({})", r.pick(&["txn.text", "txn.number", "txn.bytes", "txn.unset"])), |r| r.bytes(4, b"ab7\0")),
    word("set-var", Bytes, |r| format!("(txn.scratch{})", optional(r, &[",ifexists", ",ifset", ",ifnotset,ifempty", ",ifgt"])), |r| [b"x".to_vec(), bytes(r)].concat()),
    word("sha1", Bytes, none, bytes),
    word("sha2", Bytes, |r| optional(r, &["(224)", "(256)", "(384)", "(512)"]), bytes),
    word("srv_queue", Text, none, |r| r.pick(&["pool/s1", "pool/s2", "pool/s9", "s1", "none/s1", "/s1", "pool/", ""]).as_bytes().to_vec()),
    word("strcmp", Bytes, |r| format!("({})", r.pick(&["txn.text", "txn.number", "txn.bytes", "txn.unset"])), |r| r.bytes(4, b"ab7\0\xff")),
    word("sub", Text, operand, integer),
    word("ub64dec", Text, none, inputs::base64_text),
    word("ub64enc", Bytes, none, bytes),
    word("ungrpc", Bytes, protobuf, inputs::grpc),
    word("unset-var", Bytes, |_| "(txn.scratch)".to_owned(), bytes),
    word("upper", Bytes, none, text),
    word("url_dec", Text, |r| optional(r, &["(0)", "(1)", "(-1)"]), |r| r.bytes(14, b"ab+?%%%2034fFzZ=&")),
    word("url_enc", Bytes, |r| optional(r, &["(query)"]), bytes),
    word("utime", Text, |r| format!("('{}'{})", inputs::date_format(r), if r.once_in(2) { String::new() } else { format!(",{}", r.below(2_000_000) as i64 - 1_000_000) }), inputs::date),
    word("word", Bytes, pieces, |r| r.bytes(16, b"ab/,-.x")),
    word("xor", Text, operand, integer),
    word("xxh3", Bytes, xx_seed, bytes),
    word("xxh32", Bytes, xx_seed, bytes),
    word("xxh64", Bytes, xx_seed, bytes),
];

fn none(_: &mut Random) -> String {
    String::new()
}

fn optional(random: &mut Random, of: &[&str]) -> String {
    match random.below(of.len() + 1) {
        0 => String::new(),
        at => of[at - 1].to_owned(),
    }
}

fn literal(random: &mut Random) -> String {
    random.text(4, "abXY01-_<>")
}

fn separator(random: &mut Random) -> String {
    random.text(2, ":-.")
}

fn variable_or_none(random: &mut Random) -> String {
    let of = ["", "txn.text", "txn.number", "txn.bytes", "txn.unset"];
    random.pick(&of).to_owned()
}

fn add_item(random: &mut Random) -> String {
    let (delimiter, suffix) = (literal(random), literal(random));
    let variable = random.pick(&["txn.text", "txn.number", "txn.bytes", "txn.unset"]);
    format!("({delimiter},{variable},{suffix})")
}

fn operand(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!(
            "({})",
            random.pick(&["txn.number", "txn.text", "txn.bytes", "txn.unset"])
        ),
        _ => format!("({})", random.integer()),
    }
}

fn seed(random: &mut Random) -> String {
    optional(random, &["(0)", "(1)", "(-7)"])
}

fn xx_seed(random: &mut Random) -> String {
    match random.below(3) {
        0 => String::new(),
        _ => format!("({})", random.integer()),
    }
}

fn algorithm(random: &mut Random) -> &'static str {
    random.pick(&[
        "md5",
        "SHA1",
        "sha256",
        "sha224",
        "sha384",
        "sha512",
        "sha512-224",
        "sha512-256",
        "sha3-224",
        "sha3-256",
        "sha3-384",
        "sha3-512",
        "shake128",
        "shake256",
        "blake2b512",
        "blake2s256",
        "sm3",
        "ripemd160",
        "md4",
        "whirlpool",
        "md5-sha1",
        "RSA-SHA256",
        "sha2-256",
    ])
}

fn secret(random: &mut Random) -> String {
    let bytes = random.number().to_be_bytes();
    match random.below(4) {
        0 => "txn.secret".to_owned(),
        1 => "txn.unset".to_owned(),
        _ => inputs::base64(&bytes[..random.below(9)]),
    }
}

fn pieces(random: &mut Random) -> String {
    let index = random.pick(&[1, 2, 3, 5, -1, -2, -3, -5]);
    let separators = random.pick(&["/", "-.", "/-", "a", "."]);
    let count = optional(random, &[",0", ",1", ",2", ",4"]);
    format!("({index},{separators}{count})")
}

fn protobuf(random: &mut Random) -> String {
    // Paths are scenarios: within inner messages the reference loses fields behind empty ones.
    let path = random.pick(&["1", "2", "3", "0", "5"]);
    let kind = [
        ",int32",
        ",uint32",
        ",sint32",
        ",int64",
        ",uint64",
        ",sint64",
        ",bool",
        ",enum",
        ",fixed64",
        ",sfixed64",
        ",double",
        ",fixed32",
        ",sfixed32",
        ",float",
    ];
    format!("({path}{})", optional(random, &kind))
}

fn integer(random: &mut Random) -> Vec<u8> {
    let mut text = random.integer();
    if random.once_in(10) {
        text.push_str(random.pick(&["x", " ", ".5", "99999999999"]));
    }
    match random.below(20) {
        0 => text = "x".to_owned(),
        1 => text = format!("+{}", random.below(100)),
        _ => {}
    }
    text.into_bytes()
}

fn text(random: &mut Random) -> Vec<u8> {
    random.bytes(24, b"abcXYZ 019/,-\"\\'\x00\xc3\xa9\x7f\t")
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let all: Vec<u8> = (0..=255).collect();
    let longest = random.pick(&[0, 3, 16, 40, 300]);
    match random.below(2) {
        0 => random.bytes(longest, &all),
        _ => random.bytes(longest, b"foo\0bar"),
    }
}
