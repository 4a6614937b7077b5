//! What is known of TLS on either side (manual 7.3.4).
//!
//! Neither side speaks TLS yet, so each of these has the value that it has on a connection without: most have none, and
//! a few are false. `ssl_fc` is in [`super::connection`].
//!
//! ```text
//! http-request redirect scheme https unless { ssl_fc }
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    sample::value::{Fetched, Type, Value},
    vocab::FetchDef,
};

use super::fetch;

/// Sorted by name.
#[rustfmt::skip]
pub(super) static ROWS: &[FetchDef] = &[
    plain("ssl_bc"),
    none("ssl_bc_alg_keysize", Type::Int),
    none("ssl_bc_alpn", Type::Str),
    none("ssl_bc_cipher", Type::Str),
    none("ssl_bc_client_random", Type::Bin),
    none("ssl_bc_err", Type::Int),
    none("ssl_bc_err_str", Type::Str),
    plain("ssl_bc_is_resumed"),
    none("ssl_bc_npn", Type::Str),
    none("ssl_bc_protocol", Type::Str),
    none("ssl_bc_server_random", Type::Bin),
    none("ssl_bc_session_id", Type::Bin),
    none("ssl_bc_session_key", Type::Bin),
    none("ssl_bc_unique_id", Type::Bin),
    none("ssl_bc_use_keysize", Type::Int),
    none("ssl_c_ca_err", Type::Int),
    none("ssl_c_ca_err_depth", Type::Int),
    none("ssl_c_chain_der", Type::Bin),
    none("ssl_c_der", Type::Bin),
    none("ssl_c_err", Type::Int),
    name("ssl_c_i_dn"),
    none("ssl_c_key_alg", Type::Str),
    none("ssl_c_notafter", Type::Str),
    none("ssl_c_notbefore", Type::Str),
    name("ssl_c_s_dn"),
    none("ssl_c_serial", Type::Bin),
    none("ssl_c_sha1", Type::Bin),
    none("ssl_c_sig_alg", Type::Str),
    none("ssl_c_used", Type::Bool),
    none("ssl_c_verify", Type::Int),
    none("ssl_c_version", Type::Int),
    none("ssl_f_der", Type::Bin),
    name("ssl_f_i_dn"),
    none("ssl_f_key_alg", Type::Str),
    none("ssl_f_notafter", Type::Str),
    none("ssl_f_notbefore", Type::Str),
    name("ssl_f_s_dn"),
    none("ssl_f_serial", Type::Bin),
    none("ssl_f_sha1", Type::Bin),
    none("ssl_f_sig_alg", Type::Str),
    none("ssl_f_version", Type::Int),
    none("ssl_fc_alg_keysize", Type::Int),
    none("ssl_fc_alpn", Type::Str),
    none("ssl_fc_cipher", Type::Str),
    none("ssl_fc_cipherlist_bin", Type::Str),
    none("ssl_fc_cipherlist_hex", Type::Bin),
    none("ssl_fc_cipherlist_str", Type::Str),
    none("ssl_fc_cipherlist_xxh", Type::Int),
    none("ssl_fc_client_early_traffic_secret", Type::Str),
    none("ssl_fc_client_handshake_traffic_secret", Type::Str),
    none("ssl_fc_client_random", Type::Bin),
    none("ssl_fc_client_traffic_secret_0", Type::Str),
    none("ssl_fc_early_exporter_secret", Type::Str),
    none("ssl_fc_ecformats_bin", Type::Str),
    none("ssl_fc_eclist_bin", Type::Str),
    none("ssl_fc_err", Type::Int),
    none("ssl_fc_err_str", Type::Str),
    none("ssl_fc_exporter_secret", Type::Str),
    none("ssl_fc_extlist_bin", Type::Str),
    none("ssl_fc_has_crt", Type::Bool),
    none("ssl_fc_has_early", Type::Bool),
    plain("ssl_fc_has_sni"),
    plain("ssl_fc_is_resumed"),
    none("ssl_fc_npn", Type::Str),
    none("ssl_fc_protocol", Type::Str),
    none("ssl_fc_protocol_hello_id", Type::Int),
    none("ssl_fc_server_handshake_traffic_secret", Type::Str),
    none("ssl_fc_server_random", Type::Bin),
    none("ssl_fc_server_traffic_secret_0", Type::Str),
    none("ssl_fc_session_id", Type::Bin),
    none("ssl_fc_session_key", Type::Bin),
    none("ssl_fc_sni", Type::Str),
    none("ssl_fc_unique_id", Type::Bin),
    none("ssl_fc_use_keysize", Type::Int),
    none("ssl_s_chain_der", Type::Bin),
    none("ssl_s_der", Type::Bin),
    name("ssl_s_i_dn"),
    none("ssl_s_key_alg", Type::Str),
    none("ssl_s_notafter", Type::Str),
    none("ssl_s_notbefore", Type::Str),
    name("ssl_s_s_dn"),
    none("ssl_s_serial", Type::Bin),
    none("ssl_s_sha1", Type::Bin),
    none("ssl_s_sig_alg", Type::Str),
    none("ssl_s_version", Type::Int),
];

/// The definition of a word.
pub(super) fn definition(name: &str) -> Option<&'static FetchDef> {
    let at = ROWS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    ROWS.get(at)
}

/// No value without TLS.
const fn none(name: &'static str, output: Type) -> FetchDef {
    fetch(name, output, |_, _, _| Fetched::Absent)
}

/// False without TLS.
const fn plain(name: &'static str) -> FetchDef {
    fetch(name, Type::Bool, |_, _, _| {
        Fetched::Value(Value::Bool(false))
    })
}

/// A distinguished name: entry, occurrence, format.
const fn name(name: &'static str) -> FetchDef {
    FetchDef {
        check: Some(format),
        ..none(name, Type::Str)
    }
}

fn format(args: &mut [Arg]) -> Result<(), String> {
    match args.get(2) {
        Some(Arg::Str(text)) if !matches!(&**text, b"" | b"rfc2253") => Err(
            "only rfc2253 or a blank value are currently supported as the format argument."
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::Text;

    #[test]
    fn the_rows_are_sorted() {
        assert!(ROWS.is_sorted_by(|a, b| a.name < b.name));
        assert!(definition("ssl_c_s_dn").is_some());
    }

    #[test]
    fn a_name_has_one_format_besides_its_own() {
        let said = |text: &str| format(&mut [Arg::Absent, Arg::Absent, Arg::Str(Text::from(text))]);
        assert_eq!(said("rfc2253"), Ok(()));
        assert!(said("xx").unwrap_err().starts_with("only rfc2253"));
    }
}
