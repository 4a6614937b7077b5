//! The process and its clock: `date`, `date_us`, `hostname`, `nbproc`, `proc`, `rand`, `stopping`, `thread`,
//! `uuid` (manual 7.3.2).
//!
//! ```text
//! http-request set-header x-request-start t=%[date(0,ms)]
//! ```

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{LazyLock, atomic::Ordering::Relaxed},
    time::UNIX_EPOCH,
};

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    sample::{
        value::{Arena, Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::{fetch, fetch_checked};

pub(super) static DATE: FetchDef = fetch_checked("date", Type::Int, unit, |view, args, _| {
    let offset = args.int(0).unwrap_or(0);
    let micros = micros(view);
    let (value, scale) = match args.word(1) {
        Some("us") => (micros, 1_000_000),
        Some("ms") => (micros / 1000, 1000),
        _ => (micros / 1_000_000, 1),
    };
    Fetched::Value(Value::Int(
        value.saturating_add(offset.saturating_mul(scale)),
    ))
});

pub(super) static DATE_US: FetchDef = fetch("date_us", Type::Int, |view, _, _| {
    Fetched::Value(Value::Int(micros(view) % 1_000_000))
});

pub(super) static HOSTNAME: FetchDef = fetch("hostname", Type::Str, |_, _, _| {
    Fetched::Value(Value::Str(&HOST_NAME))
});

pub(super) static NBPROC: FetchDef =
    fetch("nbproc", Type::Int, |_, _, _| Fetched::Value(Value::Int(1)));

pub(super) static PROC: FetchDef =
    fetch("proc", Type::Int, |_, _, _| Fetched::Value(Value::Int(1)));

pub(super) static RAND: FetchDef = fetch("rand", Type::Int, |_, args, _| {
    // 32 random bits; with a range, scaled into it.
    let random = (random() >> 32) as i64;
    let value = match args.int(0) {
        Some(range) => ((i128::from(random) * i128::from(range)) >> 32) as i64,
        None => random,
    };
    Fetched::Value(Value::Int(value))
});

pub(super) static STOPPING: FetchDef = fetch("stopping", Type::Bool, |view, _, _| {
    Fetched::Value(Value::Bool(view.live.stopping.load(Relaxed)))
});

/// The thread that serves the client, from 0.
pub(super) static THREAD: FetchDef = fetch("thread", Type::Int, |view, _, _| {
    Fetched::Value(Value::Int(view.session.worker.into()))
});

pub(super) static UUID: FetchDef = fetch_checked("uuid", Type::Str, uuid_version, |_, _, arena| {
    Fetched::Value(Value::Str(uuid(arena)))
});

/// Resolved once, before any chroot: what `gethostname` says.
pub(crate) static HOST_NAME: LazyLock<Vec<u8>> = LazyLock::new(|| {
    use std::os::unix::ffi::OsStringExt;
    nix::unistd::gethostname()
        .map(OsStringExt::into_vec)
        .unwrap_or_default()
});

fn micros(view: &View<'_>) -> i64 {
    let since = view.now.date.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// 64 random bits: each state of the standard library's hasher has keys of its own.
fn random() -> u64 {
    RandomState::new().hash_one(0u8)
}

/// A version 4 UUID (RFC 9562 §5.4).
fn uuid(arena: &Arena) -> &[u8] {
    let (high, low) = (random(), random());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    bumpalo::format!(
        in arena,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
    .into_bump_str()
    .as_bytes()
}

fn uuid_version(args: &mut [Arg]) -> Result<(), String> {
    match args.first() {
        None | Some(Arg::Absent | Arg::Int(4)) => Ok(()),
        Some(Arg::Int(version)) => Err(format!("Unsupported UUID version: '{version}'")),
        Some(_) => Ok(()),
    }
}

/// The second argument is a unit of time.
pub(crate) fn unit(args: &mut [Arg]) -> Result<(), String> {
    let Some(arg) = args.get_mut(1) else {
        return Ok(());
    };
    let word = match arg {
        Arg::Str(text) => match &**text {
            b"s" => "s",
            b"ms" => "ms",
            b"us" => "us",
            _ => return Err(wrong_unit(text)),
        },
        _ => return Ok(()),
    };
    *arg = Arg::Word(word.to_owned());
    Ok(())
}

fn wrong_unit(text: &Text) -> String {
    format!("expects 's', 'ms' or 'us', got '{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let arena = Arena::new();
        let text = std::str::from_utf8(uuid(&arena)).unwrap();
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
    }

    #[test]
    fn units_are_checked_in_the_references_words() {
        let mut args = [Arg::Int(1), Arg::Str(Text::from("x"))];
        assert_eq!(
            unit(&mut args).unwrap_err(),
            "expects 's', 'ms' or 'us', got 'x'"
        );
        assert_eq!(
            uuid_version(&mut [Arg::Int(9)]).unwrap_err(),
            "Unsupported UUID version: '9'"
        );
    }
}
