//! Raw bytes: `req.len`, `req.payload`, `req.payload_lv`, the same of `res`, and `payload`, `payload_lv` of the message
//! that the rule is about (manual 7.3.5). In HTTP mode there are messages and no bytes: only the length has a value.
//!
//! ```text
//! tcp-request inspect-delay 5s
//! tcp-request content accept if { req.payload(0,4) -m bin 53534820 }
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Fetched, Type, Value},
        view::{Buffered, View},
    },
    vocab::FetchDef,
};

use super::{fetch, fetch_checked, htx, raw_bytes};

pub(super) static REQ_LEN: FetchDef = fetch("req.len", Type::Int, |view, _, _| {
    length(view, view.request_body, htx::request_length(view))
});

pub(super) static RES_LEN: FetchDef = fetch("res.len", Type::Int, |view, _, _| {
    let body = view.response_body.unwrap_or_default();
    // It is 0 before the response begins (observed).
    let of_message = htx::response_length(view).or(view.response_body.map(|_| 0));
    length(view, body, of_message)
});

pub(super) static REQ_PAYLOAD: FetchDef = fetch("req.payload", Type::Bin, |view, args, _| {
    payload(of_request(view), view, args)
});

pub(super) static RES_PAYLOAD: FetchDef = fetch("res.payload", Type::Bin, |view, args, _| {
    payload(of_response(view), view, args)
});

pub(super) static PAYLOAD: FetchDef = fetch("payload", Type::Bin, |view, args, _| {
    payload(raw_bytes(view), view, args)
});

pub(super) static REQ_PAYLOAD_LV: FetchDef =
    fetch_checked("req.payload_lv", Type::Bin, offsets, |view, args, _| {
        measured(of_request(view), view, args)
    });

pub(super) static RES_PAYLOAD_LV: FetchDef =
    fetch_checked("res.payload_lv", Type::Bin, offsets, |view, args, _| {
        measured(of_response(view), view, args)
    });

pub(super) static PAYLOAD_LV: FetchDef =
    fetch_checked("payload_lv", Type::Bin, offsets, |view, args, _| {
        measured(raw_bytes(view), view, args)
    });

/// The client's bytes.
pub(super) fn of_request<'a>(view: &View<'a>) -> Option<Buffered<'a>> {
    (!view.is_http()).then_some(view.request_body)
}

/// The server's bytes.
pub(super) fn of_response<'a>(view: &View<'a>) -> Option<Buffered<'a>> {
    view.response_body.filter(|_| !view.is_http())
}

fn length<'a>(view: &View<'_>, bytes: Buffered<'_>, of_message: Option<i64>) -> Fetched<'a> {
    let ended = bytes.complete || view.last_look;
    match of_message.filter(|_| view.is_http()) {
        // A test that fails waits for more, one that holds doesn't (manual: "req.len").
        Some(length) => so_far(Value::Int(length), ended),
        None if view.is_http() => Fetched::Absent,
        None => so_far(Value::Int(bytes.bytes.len() as i64), ended),
    }
}

fn so_far(value: Value<'_>, ended: bool) -> Fetched<'_> {
    match ended {
        true => Fetched::Value(value),
        false => Fetched::SoFar(value),
    }
}

/// `payload(offset,length)`; a length of 0 is all that is there.
fn payload<'a>(bytes: Option<Buffered<'a>>, view: &View<'a>, args: &Args) -> Fetched<'a> {
    let number = |at| args.int(at).and_then(|number| usize::try_from(number).ok());
    let (Some(bytes), Some(offset), Some(length)) = (bytes, number(0), number(1)) else {
        return Fetched::Absent;
    };
    let ended = bytes.complete || view.last_look;
    if offset.saturating_add(length) > view.plan.tune.bufsize {
        return Fetched::Absent;
    }
    let found = match length {
        0 => bytes
            .bytes
            .get(offset..)
            .filter(|_| !bytes.bytes.is_empty()),
        length => bytes.bytes.get(offset..offset + length),
    };
    match found {
        Some(found) => so_far(Value::Bin(found), ended || length > 0),
        None if ended => Fetched::Absent,
        None => Fetched::NotYet,
    }
}

/// `payload_lv(offset1,length[,offset2])`: the number at the first offset says how long the block at the second is.
fn measured<'a>(bytes: Option<Buffered<'a>>, view: &View<'a>, args: &Args) -> Fetched<'a> {
    let number = |at| args.int(at).and_then(|number| usize::try_from(number).ok());
    let (Some(bytes), Some(offset), Some(width), Some(start)) =
        (bytes, number(0), number(1), number(2))
    else {
        return Fetched::Absent;
    };
    let ended = bytes.complete || view.last_look;
    let measure = bytes.bytes.get(offset..offset.saturating_add(width));
    let block = match measure.map(big_endian) {
        Some(0) => return Fetched::Absent,
        Some(length) if start.saturating_add(length) > view.plan.tune.bufsize => {
            return Fetched::Absent;
        }
        Some(length) => bytes.bytes.get(start..start + length),
        None => None,
    };
    match block {
        Some(block) => Fetched::Value(Value::Bin(block)),
        None if ended => Fetched::Absent,
        None => Fetched::NotYet,
    }
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0usize, |number, byte| {
        number.wrapping_shl(8) | usize::from(*byte)
    })
}

/// Checks the offsets of `payload_lv`, and makes of the third argument where the block begins.
fn offsets(args: &mut [Arg]) -> Result<(), String> {
    let int = |at: usize| match args.get(at) {
        Some(Arg::Int(number)) => *number,
        _ => 0,
    };
    let (offset, width) = (int(0), int(1));
    if offset < 0 {
        return Err("payload offset1 must be positive".to_owned());
    }
    if width <= 0 {
        return Err("payload length must be > 0".to_owned());
    }
    let behind = offset.saturating_add(width);
    let start = match args.get(2) {
        Some(Arg::Str(text)) if !text.is_empty() => second_offset(text, behind)?,
        _ => behind,
    };
    if let Some(arg) = args.get_mut(2) {
        *arg = Arg::Int(start);
    }
    Ok(())
}

/// With a sign it counts from behind the length. Without one it ought to be absolute; the reference takes the lowest bit
/// for a sign and halves the rest, and so do we (observed).
fn second_offset(text: &[u8], behind: i64) -> Result<i64, String> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<i32>().ok())
        .map(i64::from)
        .ok_or("payload offset2 is not a number")?;
    let start = match text.first() {
        Some(b'+' | b'-') => behind.saturating_add(number),
        _ if number % 2 == 1 => behind.saturating_add(number / 2),
        _ => number / 2,
    };
    if start < 0 {
        return Err("payload offset2 too negative".to_owned());
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::Text;

    // Recorded from the reference: where the block of payload_lv(0,2,OFFSET) begins.
    #[test]
    fn the_second_offset_is_read_as_the_reference_reads_it() {
        for (text, start) in [
            ("+1", 3),
            ("-1", 1),
            ("-2", 0),
            ("0", 0),
            ("1", 2),
            ("2", 1),
            ("3", 3),
            ("8", 4),
        ] {
            assert_eq!(second_offset(text.as_bytes(), 2), Ok(start), "{text}");
        }
    }

    #[test]
    fn offsets_are_checked_in_the_references_words() {
        let check = |offset, width, second: &str| {
            offsets(&mut [
                Arg::Int(offset),
                Arg::Int(width),
                Arg::Str(Text::from(second)),
            ])
        };
        assert_eq!(
            check(-1, 1, "").unwrap_err(),
            "payload offset1 must be positive"
        );
        assert_eq!(check(0, 0, "").unwrap_err(), "payload length must be > 0");
        assert_eq!(
            check(0, 1, "x").unwrap_err(),
            "payload offset2 is not a number"
        );
        assert_eq!(
            check(0, 1, "-5").unwrap_err(),
            "payload offset2 too negative"
        );
    }
}
