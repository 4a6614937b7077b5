//! Converters: one file a word or tight family (manual 7.3.1).
//!
//! A row gives the word's name, what it takes and gives, and its function; its arguments stand in
//! [`crate::lowering::known`], with the words that we don't execute yet.

mod arithmetic;
pub(crate) mod date;
mod encoding;
mod hash;
mod ipmask;
mod map;
mod pieces;
mod regsub;
mod text;
mod variable;

pub use map::lower_map;

use locum_runtime::{
    sample::value::{Type, Value},
    vocab::{ConvertFn, ConverterDef},
};

/// All converters we execute, sorted by name.
#[rustfmt::skip]
pub static CONVERTERS: &[&ConverterDef] = &[
    &arithmetic::ADD,
    &arithmetic::AND,
    &encoding::B64DEC,
    &encoding::BASE64,
    &arithmetic::BOOL,
    &text::BYTES,
    &arithmetic::CPL,
    &hash::CRC32,
    &hash::CRC32C,
    &text::CUT_CRLF,
    &arithmetic::DIV,
    &hash::DJB2,
    &arithmetic::EVEN,
    &pieces::FIELD,
    &encoding::HEX,
    &encoding::HEX2I,
    &text::HOST_ONLY,
    &encoding::HTONL,
    &date::HTTP_DATE,
    &text::IIF,
    &ipmask::IPMASK,
    &text::LENGTH,
    &text::LOWER,
    &date::LTIME,
    &text::LTRIM,
    &map::MAP,
    &map::MAP_BEG,
    &map::MAP_BEG_INT,
    &map::MAP_BEG_IP,
    &map::MAP_DIR,
    &map::MAP_DIR_INT,
    &map::MAP_DIR_IP,
    &map::MAP_DOM,
    &map::MAP_DOM_INT,
    &map::MAP_DOM_IP,
    &map::MAP_END,
    &map::MAP_END_INT,
    &map::MAP_END_IP,
    &map::MAP_INT,
    &map::MAP_INT_INT,
    &map::MAP_INT_IP,
    &map::MAP_IP,
    &map::MAP_IP_INT,
    &map::MAP_IP_IP,
    &map::MAP_REG,
    &map::MAP_REG_INT,
    &map::MAP_REG_IP,
    &map::MAP_REGM,
    &map::MAP_STR,
    &map::MAP_STR_INT,
    &map::MAP_STR_IP,
    &map::MAP_SUB,
    &map::MAP_SUB_INT,
    &map::MAP_SUB_IP,
    &arithmetic::MOD,
    &arithmetic::MUL,
    &arithmetic::NEG,
    &arithmetic::NOT,
    &arithmetic::ODD,
    &arithmetic::OR,
    &text::PORT_ONLY,
    &regsub::REGSUB,
    &text::RTRIM,
    &hash::SDBM,
    &variable::SET_VAR,
    &arithmetic::SUB,
    &variable::UNSET_VAR,
    &text::UPPER,
    &encoding::URL_DEC,
    &encoding::URL_ENC,
    &date::UTIME,
    &pieces::WORD,
    &arithmetic::XOR,
];

/// The definition of a converter.
pub fn definition(name: &str) -> Option<&'static ConverterDef> {
    let at = CONVERTERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    CONVERTERS.get(at).copied()
}

/// A row without a check of its arguments.
const fn converter(name: &'static str, input: Type, output: Type, run: ConvertFn) -> ConverterDef {
    ConverterDef {
        name,
        input,
        output,
        check: None,
        run,
    }
}

/// The bytes of a value that was cast to text or bytes.
fn bytes_of(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Str(bytes) | Value::Bin(bytes) | Value::Method(bytes) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        let unsorted = CONVERTERS
            .windows(2)
            .find(|pair| pair[0].name >= pair[1].name);
        assert!(unsorted.is_none(), "{unsorted:?}");
    }
}
