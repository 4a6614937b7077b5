//! Headers of requests and responses: `req.hdr`, `req.fhdr`, their `_cnt`, `_ip`, `_val`, `_names`, all of them in
//! `req.hdrs` and `req.hdrs_bin`, and the same of `res` (manual 7.3.6).
//!
//! `hdr` takes elements of comma-separated values, `fhdr` whole lines. An occurrence counts from 1, a negative one from
//! the end; without one the last is taken, and an access list looks at all.
//!
//! ```text
//! acl internal hdr_ip(x-forwarded-for,-1) 10.0.0.0/8
//! ```

use std::{net::IpAddr, ops::ControlFlow};

use locum_model::expr::Arg;
use locum_runtime::{
    http::message::{Head, raw_elements},
    plan::args::Args,
    sample::{
        value::{Arena, Type, Value, leading_int},
        view::View,
    },
    vocab::FetchDef,
};

use super::{fetch, request, response};

macro_rules! family {
    ($side:ident, $name:literal, $count:literal, $full:literal, $full_count:literal, $ip:literal, $number:literal, $names:literal, $raw:literal, $binary:literal,
     $HDR:ident, $CNT:ident, $FHDR:ident, $FCNT:ident, $IP:ident, $VAL:ident, $NAMES:ident, $ALL:ident, $BINARY:ident, $each:ident) => {
        pub(super) static $HDR: FetchDef = FetchDef {
            each: Some(|view, args, _, each| $each(view, args, elements, text, each)),
            ..with_occurrence($name, Type::Str, |view, args, _| {
                $side(view, |head| nth(head, args, elements).map(Value::Str))
            })
        };
        pub(super) static $CNT: FetchDef = fetch($count, Type::Int, |view, args, _| {
            $side(view, |head| Some(count(head, args, elements)))
        });
        pub(super) static $FHDR: FetchDef = FetchDef {
            each: Some(|view, args, _, each| $each(view, args, whole, text, each)),
            ..with_occurrence($full, Type::Str, |view, args, _| {
                $side(view, |head| nth(head, args, whole).map(Value::Str))
            })
        };
        pub(super) static $FCNT: FetchDef = fetch($full_count, Type::Int, |view, args, _| {
            $side(view, |head| Some(count(head, args, whole)))
        });
        pub(super) static $IP: FetchDef = FetchDef {
            each: Some(|view, args, _, each| $each(view, args, elements, ip, each)),
            ..with_occurrence($ip, Type::Ip, |view, args, _| {
                $side(view, |head| ip(nth(head, args, elements)?))
            })
        };
        pub(super) static $VAL: FetchDef = FetchDef {
            each: Some(|view, args, _, each| $each(view, args, elements, number, each)),
            ..with_occurrence($number, Type::Int, |view, args, _| {
                $side(view, |head| number(nth(head, args, elements)?))
            })
        };
        pub(super) static $NAMES: FetchDef = fetch($names, Type::Str, |view, args, arena| {
            $side(view, |head| Some(names(head, args, arena)))
        });
        pub(super) static $ALL: FetchDef = fetch($raw, Type::Bin, |view, _, arena| {
            $side(view, |head| Some(all_lines(head, arena)))
        });
        pub(super) static $BINARY: FetchDef = fetch($binary, Type::Bin, |view, _, arena| {
            $side(view, |head| Some(all_pairs(head, arena)))
        });
    };
}

family!(
    request,
    "req.hdr",
    "req.hdr_cnt",
    "req.fhdr",
    "req.fhdr_cnt",
    "req.hdr_ip",
    "req.hdr_val",
    "req.hdr_names",
    "req.hdrs",
    "req.hdrs_bin",
    REQ_HDR,
    REQ_HDR_CNT,
    REQ_FHDR,
    REQ_FHDR_CNT,
    REQ_HDR_IP,
    REQ_HDR_VAL,
    REQ_HDR_NAMES,
    REQ_HDRS,
    REQ_HDRS_BIN,
    each_of_request
);
family!(
    response,
    "res.hdr",
    "res.hdr_cnt",
    "res.fhdr",
    "res.fhdr_cnt",
    "res.hdr_ip",
    "res.hdr_val",
    "res.hdr_names",
    "res.hdrs",
    "res.hdrs_bin",
    RES_HDR,
    RES_HDR_CNT,
    RES_FHDR,
    RES_FHDR_CNT,
    RES_HDR_IP,
    RES_HDR_VAL,
    RES_HDR_NAMES,
    RES_HDRS,
    RES_HDRS_BIN,
    each_of_response
);

/// `hdr`: of the message that the rule is about.
pub(super) static HDR: FetchDef = FetchDef {
    each: Some(|view, args, _, each| match view.response {
        Some(_) => each_of_response(view, args, elements, text, each),
        None => each_of_request(view, args, elements, text, each),
    }),
    ..with_occurrence("hdr", Type::Str, |view, args, _| {
        let value = |head| nth(head, args, elements).map(Value::Str);
        match view.response {
            Some(_) => response(view, value),
            None => request(view, value),
        }
    })
};

const fn with_occurrence(
    name: &'static str,
    output: Type,
    run: locum_runtime::vocab::FetchFn,
) -> FetchDef {
    FetchDef {
        check: Some(occurrence),
        ..fetch(name, output, run)
    }
}

fn occurrence(args: &mut [Arg]) -> Result<(), String> {
    match args.get(1) {
        Some(Arg::Int(at)) if *at < -10 => Err("header occurrence must be >= -10".to_owned()),
        _ => Ok(()),
    }
}

/// How a value falls apart.
type Split = for<'a> fn(&'a [u8]) -> Pieces<'a>;

/// The pieces of one value.
enum Pieces<'a> {
    Whole(Option<&'a [u8]>),
    Elements(locum_runtime::http::message::Elements<'a>),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Pieces::Whole(value) => value.take(),
            Pieces::Elements(elements) => elements.next(),
        }
    }
}

/// Elements, the empty ones too; an empty value has one empty element.
fn elements(value: &[u8]) -> Pieces<'_> {
    Pieces::Elements(raw_elements(value))
}

fn whole(value: &[u8]) -> Pieces<'_> {
    Pieces::Whole(Some(value))
}

/// All pieces of the header of the first argument, or of all headers.
fn pieces<'a>(head: &'a Head, args: &'a Args, split: Split) -> impl Iterator<Item = &'a [u8]> {
    let name = args.text(0).filter(|name| !name.is_empty());
    head.iter()
        .filter(move |(found, _)| name.is_none_or(|name| found.eq_ignore_ascii_case(name)))
        .flat_map(move |(_, value)| split(value))
}

fn nth<'a>(head: &'a Head, args: &'a Args, split: Split) -> Option<&'a [u8]> {
    // Without a name there is no value to speak of, only counts (observed).
    args.text(0).filter(|name| !name.is_empty())?;
    let mut pieces = pieces(head, args, split);
    match args.int(1).unwrap_or(-1) {
        0 | -1 => pieces.last(),
        at if at > 0 => pieces.nth(usize::try_from(at).ok()? - 1),
        at => {
            let all: Vec<&[u8]> = pieces.collect();
            let back = usize::try_from(-at).ok()?;
            all.len().checked_sub(back).map(|at| all[at])
        }
    }
}

fn count<'a>(head: &'a Head, args: &'a Args, split: Split) -> Value<'a> {
    Value::Int(pieces(head, args, split).count() as i64)
}

fn each_of_request<'a>(
    view: &View<'a>,
    args: &'a Args,
    split: Split,
    convert: fn(&'a [u8]) -> Option<Value<'a>>,
    each: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
) -> bool {
    each_of(view.request, view, args, split, convert, each)
}

fn each_of_response<'a>(
    view: &View<'a>,
    args: &'a Args,
    split: Split,
    convert: fn(&'a [u8]) -> Option<Value<'a>>,
    each: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
) -> bool {
    each_of(view.response, view, args, split, convert, each)
}

fn each_of<'a>(
    head: Option<&'a Head>,
    view: &View<'a>,
    args: &'a Args,
    split: Split,
    convert: fn(&'a [u8]) -> Option<Value<'a>>,
    each: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
) -> bool {
    let Some(head) = head else {
        return view.last_look;
    };
    // A given occurrence is one value; without one, each piece is looked at.
    if args.int(1).is_some_and(|at| at != 0) {
        if let Some(value) = nth(head, args, split).and_then(convert) {
            let _ = each(value);
        }
        return true;
    }
    let _ = pieces(head, args, split)
        .filter_map(convert)
        .try_for_each(each);
    true
}

fn text(piece: &[u8]) -> Option<Value<'_>> {
    Some(Value::Str(piece))
}

fn number(piece: &[u8]) -> Option<Value<'_>> {
    // An empty header counts as 0 (observed).
    Some(Value::Int(leading_int(piece).unwrap_or(0)))
}

/// An address, of IPv4 with or without a port.
fn ip(piece: &[u8]) -> Option<Value<'_>> {
    let text = std::str::from_utf8(piece).ok()?;
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Value::Ip(ip));
    }
    let (host, port) = text.split_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let ip: std::net::Ipv4Addr = host.parse().ok()?;
    is_port.then_some(Value::Ip(IpAddr::V4(ip)))
}

/// All names, in order, with what stands between them (its first byte; a comma).
fn names<'a>(head: &'a Head, args: &Args, arena: &'a Arena) -> Value<'a> {
    let between = args
        .text(0)
        .and_then(|text| text.first())
        .copied()
        .unwrap_or(b',');
    let mut out = bumpalo::collections::Vec::new_in(arena);
    for (name, _) in head.iter() {
        if !out.is_empty() {
            out.push(between);
        }
        out.extend_from_slice(name);
    }
    Value::Str(out.into_bump_slice())
}

/// The header block as HTTP/1 writes it, with its empty line.
fn all_lines<'a>(head: &'a Head, arena: &'a Arena) -> Value<'a> {
    let mut out = bumpalo::collections::Vec::new_in(arena);
    for (name, value) in head.iter() {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Value::Bin(out.into_bump_slice())
}

/// Names and values, each behind its length, and two empty texts at the end.
fn all_pairs<'a>(head: &'a Head, arena: &'a Arena) -> Value<'a> {
    let mut out = bumpalo::collections::Vec::new_in(arena);
    for (name, value) in head.iter().chain([(&b""[..], &b""[..])]) {
        for text in [name, value] {
            encode_length(text.len() as u64, &mut out);
            out.extend_from_slice(text);
        }
    }
    Value::Bin(out.into_bump_slice())
}

/// The variable-length numbers of the reference's own protocols (SPOE 1.0, §3.1): up to 239 one byte; else four bits in
/// the first byte, seven in each further one, the highest of which says that more follow.
fn encode_length(mut number: u64, out: &mut bumpalo::collections::Vec<'_, u8>) {
    if number < 240 {
        out.push(number as u8);
        return;
    }
    out.push(number as u8 | 0xf0);
    number = (number - 240) >> 4;
    while number >= 128 {
        out.push(number as u8 | 0x80);
        number = (number - 128) >> 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::{http::message::Version, plan::args::Arg as Compiled};

    fn head() -> Head {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"A", b"one, two ,\"th,ree\",,four");
        head.add(b"A", b"five");
        head.add(b"I", b"10.0.0.1, ::1,bad,1.2.3.4:80");
        head
    }

    fn at(name: &str, occurrence: i64, split: Split) -> Option<String> {
        let args = Args(Box::new([
            Compiled::Str(name.as_bytes().into()),
            Compiled::Int(occurrence),
        ]));
        nth(&head(), &args, split).map(|text| String::from_utf8_lossy(text).into_owned())
    }

    // Values recorded from the reference.
    #[test]
    fn occurrences_count_elements_from_either_end() {
        let hdr = |occurrence| at("a", occurrence, elements);
        assert_eq!(hdr(0).as_deref(), Some("five"));
        assert_eq!(hdr(1).as_deref(), Some("one"));
        assert_eq!(hdr(3).as_deref(), Some("\"th,ree\""));
        assert_eq!(hdr(4).as_deref(), Some(""));
        assert_eq!(hdr(-2).as_deref(), Some("four"));
        assert_eq!(hdr(9), None);
        assert_eq!(
            at("a", 1, whole).as_deref(),
            Some("one, two ,\"th,ree\",,four")
        );
        let args = Args(Box::new([Compiled::Str(b"a".as_slice().into())]));
        assert_eq!(count(&head(), &args, elements), Value::Int(6));
        assert_eq!(count(&head(), &args, whole), Value::Int(2));
    }

    #[test]
    fn an_address_may_have_a_port_if_it_is_ipv4() {
        let parsed = |text: &'static str| ip(text.as_bytes());
        assert_eq!(parsed("1.2.3.4:80"), Some(Value::Ip([1, 2, 3, 4].into())));
        assert_eq!(parsed("[2001:db8::1]:80"), None);
        assert_eq!(parsed("bad"), None);
    }

    #[test]
    fn an_occurrence_has_a_lower_bound() {
        let mut args = [Arg::Absent, Arg::Int(-11)];
        assert_eq!(
            occurrence(&mut args).unwrap_err(),
            "header occurrence must be >= -10"
        );
    }
}
