//! Converters: one file a word or tight family (manual 7.3.1).
//!
//! A row gives the word's name, what it takes and gives, and its function; its arguments stand in
//! [`crate::lowering::known`], with the words that we don't execute yet.

mod arithmetic;
pub(crate) mod date;
mod encoding;
mod hash;
mod ipmask;
mod pieces;
mod regsub;
mod table;
mod text;
mod variable;

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
    &table::IN_TABLE,
    &ipmask::IPMASK,
    &text::LENGTH,
    &text::LOWER,
    &date::LTIME,
    &text::LTRIM,
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
    &table::TABLE_BYTES_IN_RATE,
    &table::TABLE_BYTES_OUT_RATE,
    &table::TABLE_CONN_CNT,
    &table::TABLE_CONN_CUR,
    &table::TABLE_CONN_RATE,
    &table::TABLE_EXPIRE,
    &table::TABLE_GPC,
    &table::TABLE_GPC0,
    &table::TABLE_GPC0_RATE,
    &table::TABLE_GPC1,
    &table::TABLE_GPC1_RATE,
    &table::TABLE_GPC_RATE,
    &table::TABLE_GPT,
    &table::TABLE_GPT0,
    &table::TABLE_HTTP_ERR_CNT,
    &table::TABLE_HTTP_ERR_RATE,
    &table::TABLE_HTTP_FAIL_CNT,
    &table::TABLE_HTTP_FAIL_RATE,
    &table::TABLE_HTTP_REQ_CNT,
    &table::TABLE_HTTP_REQ_RATE,
    &table::TABLE_IDLE,
    &table::TABLE_KBYTES_IN,
    &table::TABLE_KBYTES_OUT,
    &table::TABLE_SERVER_ID,
    &table::TABLE_SESS_CNT,
    &table::TABLE_SESS_RATE,
    &table::TABLE_TRACKERS,
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
