//! Hashes: `crc32`, `crc32c`, `djb2`, `sdbm` (manual 7.3.1), where an argument other than 0 puts the result through a
//! full avalanche, and `xxh3`, `xxh32`, `xxh64`, whose argument is a seed.
//!
//! ```text
//! http-request set-header x-key %[path,xxh64]
//! ```

use locum_runtime::{
    lb::hash::{avalanche, crc32, crc32c, djb2, sdbm},
    plan::args::Args,
    sample::value::{Type, Value},
    vocab::{ConvertFn, ConverterDef},
};
use twox_hash::{XxHash3_64, XxHash32, XxHash64};

use super::{bytes_of, converter};

pub(super) static CRC32: ConverterDef =
    hash("crc32", |value, _, args, _| spread(value, args, crc32));
pub(super) static CRC32C: ConverterDef = hash("crc32c", |value, _, args, _| {
    spread(value, args, |bytes| !crc32c(bytes, !0))
});
pub(super) static DJB2: ConverterDef = hash("djb2", |value, _, args, _| spread(value, args, djb2));
pub(super) static SDBM: ConverterDef = hash("sdbm", |value, _, args, _| spread(value, args, sdbm));

pub(super) static XXH3: ConverterDef = hash("xxh3", |value, _, args, _| {
    let hash = XxHash3_64::oneshot_with_seed(seed(args), bytes_of(value)?);
    Some(Value::Int(hash as i64))
});
pub(super) static XXH32: ConverterDef = hash("xxh32", |value, _, args, _| {
    let hash = XxHash32::oneshot(seed(args) as u32, bytes_of(value)?);
    Some(Value::Int(i64::from(hash)))
});
pub(super) static XXH64: ConverterDef = hash("xxh64", |value, _, args, _| {
    let hash = XxHash64::oneshot(seed(args), bytes_of(value)?);
    Some(Value::Int(hash as i64))
});

const fn hash(name: &'static str, run: ConvertFn) -> ConverterDef {
    converter(name, Type::Bin, Type::Int, run)
}

fn spread<'a>(value: Value<'a>, args: &Args, hash: fn(&[u8]) -> u32) -> Option<Value<'a>> {
    let hash = hash(bytes_of(value)?);
    let spread = args.int(0).is_some_and(|spread| spread != 0);
    Some(Value::Int(i64::from(if spread {
        avalanche(hash)
    } else {
        hash
    })))
}

fn seed(args: &Args) -> u64 {
    args.int(0).unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn hashes_agree_with_the_reference() {
        assert_eq!(djb2(b"foo"), 193_491_849);
        assert_eq!(avalanche(djb2(b"foo")), 1_117_544_652);
        assert_eq!(sdbm(b"foo"), 849_955_110);
        assert_eq!(avalanche(sdbm(b"foo")), 2_735_148_936);
        assert_eq!(crc32(b"foo"), 2_356_372_769);
        assert_eq!(avalanche(crc32(b"foo")), 889_128_046);
        assert_eq!(!crc32c(b"foo", !0), 3_485_773_341);
    }
}
