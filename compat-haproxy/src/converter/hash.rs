//! Hashes: `crc32`, `crc32c`, `djb2`, `sdbm` (manual 7.3.1). With an argument other than 0 the result goes through a full
//! avalanche.

use locum_runtime::{
    lb::hash::{avalanche, crc32, crc32c, djb2, sdbm},
    plan::args::Args,
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static CRC32: ConverterDef =
    converter("crc32", Type::Bin, Type::Int, |value, _, args, _| {
        hashed(value, args, crc32)
    });
pub(super) static CRC32C: ConverterDef =
    converter("crc32c", Type::Bin, Type::Int, |value, _, args, _| {
        hashed(value, args, |bytes| !crc32c(bytes, !0))
    });
pub(super) static DJB2: ConverterDef =
    converter("djb2", Type::Bin, Type::Int, |value, _, args, _| {
        hashed(value, args, djb2)
    });
pub(super) static SDBM: ConverterDef =
    converter("sdbm", Type::Bin, Type::Int, |value, _, args, _| {
        hashed(value, args, sdbm)
    });

fn hashed<'a>(value: Value<'a>, args: &Args, hash: fn(&[u8]) -> u32) -> Option<Value<'a>> {
    let hash = hash(bytes_of(value)?);
    let spread = args.int(0).is_some_and(|spread| spread != 0);
    Some(Value::Int(i64::from(if spread {
        avalanche(hash)
    } else {
        hash
    })))
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
