//! The words of stick tables: their key types and kinds of data (manual 4.2 "stick-table").

use locum_model::proxy::{DataType, KeyType};

/// Names of the kinds of data, in the order in which entries list them.
static NAMES: [&str; 25] = [
    "server_id",
    "gpt0",
    "gpc0",
    "gpc0_rate",
    "conn_cnt",
    "conn_rate",
    "conn_cur",
    "sess_cnt",
    "sess_rate",
    "http_req_cnt",
    "http_req_rate",
    "http_err_cnt",
    "http_err_rate",
    "bytes_in_cnt",
    "bytes_in_rate",
    "bytes_out_cnt",
    "bytes_out_rate",
    "gpc1",
    "gpc1_rate",
    "server_key",
    "http_fail_cnt",
    "http_fail_rate",
    "gpt",
    "gpc",
    "gpc_rate",
];

/// The name of a kind of data.
pub fn data_name(kind: DataType) -> &'static str {
    NAMES[kind as usize]
}

/// The kind of data of that name; `server_name` is an older name of `server_key`.
pub fn data_type(name: &str) -> Option<DataType> {
    if name == "server_name" {
        return Some(DataType::ServerKey);
    }
    let at = NAMES.iter().position(|known| *known == name)?;
    DataType::ALL.get(at).copied()
}

/// The name of a type of keys.
pub fn key_type_name(kind: KeyType) -> &'static str {
    match kind {
        KeyType::Ip => "ip",
        KeyType::Ipv6 => "ipv6",
        KeyType::Integer => "integer",
        KeyType::String(_) => "string",
        KeyType::Binary(_) => "binary",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_data_is_found_by_its_name() {
        for kind in DataType::ALL {
            assert_eq!(data_type(data_name(kind)), Some(kind));
            assert_eq!(data_name(kind).ends_with("_rate"), kind.is_rate());
        }
        assert_eq!(data_type("foo"), None);
    }
}
