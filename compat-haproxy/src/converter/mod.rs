//! Converters: one file a word or tight family (manual 7.3.1).
//!
//! A row gives the word's name, what it takes and gives, and its function; its arguments stand in
//! [`crate::lowering::known`], with the words that we don't execute yet.

mod aes;
mod arithmetic;
mod backend;
mod big_endian;
mod calendar;
mod capture;
mod combine;
pub(crate) mod date;
mod debug;
mod digest;
mod encoding;
mod fix;
mod hash;
mod ipmask;
mod json;
mod json_number;
mod json_query;
pub(crate) mod jwt;
mod language;
mod map;
mod mqtt;
mod mqtt_packet;
mod pieces;
pub(crate) mod protobuf;
mod regsub;
mod secret;
mod table;
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
    &combine::ADD_ITEM,
    &aes::AES_GCM_DEC,
    &arithmetic::AND,
    &encoding::B64DEC,
    &encoding::BASE64,
    &big_endian::BE2DEC,
    &big_endian::BE2HEX,
    &arithmetic::BOOL,
    &text::BYTES,
    &capture::CAPTURE_REQ,
    &capture::CAPTURE_RES,
    &combine::CONCAT,
    &arithmetic::CPL,
    &hash::CRC32,
    &hash::CRC32C,
    &text::CUT_CRLF,
    &debug::DEBUG,
    &digest::DIGEST,
    &arithmetic::DIV,
    &hash::DJB2,
    &arithmetic::EVEN,
    &pieces::FIELD,
    &fix::FIX_IS_VALID,
    &fix::FIX_TAG_VALUE,
    &encoding::HEX,
    &encoding::HEX2I,
    &digest::HMAC,
    &text::HOST_ONLY,
    &encoding::HTONL,
    &date::HTTP_DATE,
    &text::IIF,
    &table::IN_TABLE,
    &ipmask::IPMASK,
    &json::JSON,
    &json_query::JSON_QUERY,
    &jwt::JWT_HEADER_QUERY,
    &jwt::JWT_PAYLOAD_QUERY,
    &jwt::JWT_VERIFY,
    &language::LANGUAGE,
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
    &mqtt::MQTT_FIELD_VALUE,
    &mqtt::MQTT_IS_VALID,
    &arithmetic::MUL,
    &backend::NBSRV,
    &arithmetic::NEG,
    &arithmetic::NOT,
    &arithmetic::ODD,
    &arithmetic::OR,
    &text::PORT_ONLY,
    &protobuf::PROTOBUF,
    &regsub::REGSUB,
    &text::RTRIM,
    &hash::SDBM,
    &combine::SECURE_MEMCMP,
    &variable::SET_VAR,
    &digest::SHA1,
    &digest::SHA2,
    &backend::SRV_QUEUE,
    &combine::STRCMP,
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
    &encoding::UB64DEC,
    &encoding::UB64ENC,
    &protobuf::UNGRPC,
    &variable::UNSET_VAR,
    &text::UPPER,
    &encoding::URL_DEC,
    &encoding::URL_ENC,
    &date::UTIME,
    &pieces::WORD,
    &arithmetic::XOR,
    &hash::XXH3,
    &hash::XXH32,
    &hash::XXH64,
];

/// The definition of a converter.
pub fn definition(name: &str) -> Option<&'static ConverterDef> {
    let at = CONVERTERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    CONVERTERS.get(at).copied()
}

/// What there is to say of a call that is accepted.
pub(crate) fn warning(call: &locum_model::expr::Call) -> Option<String> {
    match &*call.name {
        "jwt_verify" => jwt::warning(&call.args),
        _ => None,
    }
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
