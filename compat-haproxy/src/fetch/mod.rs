//! Sample fetches: one file a word or tight family (manual 7.3).
//!
//! A row gives the word's name, the type of its value, and its function; what arguments it takes and where it has a
//! value stands in [`crate::lowering::known`], with the words that we don't execute yet.

mod auth;
mod body;
mod connection;
mod connection_error;
mod constant;
mod cookie;
mod distcc;
mod header;
mod hello;
mod htx;
pub(crate) mod load;
mod payload;
pub(crate) mod process;
mod proxy;
mod rdp;
mod request_line;
mod stream;
mod tcp_info;
mod tls;
mod tracked;
mod url_param;
pub(crate) mod variable;

pub(crate) use stream::{CapturedLine, captured_line};

use locum_runtime::{
    http::message::Head,
    sample::{
        value::{Fetched, Type, Value},
        view::{Buffered, View},
    },
    stream::facts::Opening,
    vocab::{CheckArgs, FetchDef, FetchFn},
};

/// The fetches we execute, sorted by name; those about TLS are in [`tls`].
#[rustfmt::skip]
pub static FETCHES: &[&FetchDef] = &[
    &constant::ALWAYS_FALSE,
    &constant::ALWAYS_TRUE,
    &load::AVG_QUEUE,
    &request_line::BASE,
    &request_line::BASE32,
    &request_line::BASE32_SRC,
    &request_line::BASEQ,
    &connection::BC_DST,
    &connection::BC_DST_PORT,
    &connection_error::BC_ERR,
    &connection_error::BC_ERR_STR,
    &connection::BC_HTTP_MAJOR,
    &connection::BC_SRC,
    &connection::BC_SRC_PORT,
    &load::BE_CONN,
    &load::BE_CONN_FREE,
    &proxy::BE_ID,
    &proxy::BE_NAME,
    &proxy::BE_SERVER_TIMEOUT,
    &load::BE_SESS_RATE,
    &proxy::BE_TUNNEL_TIMEOUT,
    &constant::BIN,
    &constant::BOOL,
    &stream::CAPTURE_REQ_HDR,
    &stream::CAPTURE_REQ_METHOD,
    &stream::CAPTURE_REQ_URI,
    &stream::CAPTURE_REQ_VER,
    &stream::CAPTURE_RES_HDR,
    &stream::CAPTURE_RES_VER,
    &load::CONNSLOTS,
    &cookie::COOKIE,
    &proxy::CUR_SERVER_TIMEOUT,
    &proxy::CUR_TUNNEL_TIMEOUT,
    &process::DATE,
    &process::DATE_US,
    &distcc::DISTCC_BODY,
    &distcc::DISTCC_PARAM,
    &connection::DST,
    &load::DST_CONN,
    &connection::DST_IS_LOCAL,
    &connection::DST_PORT,
    &constant::ENV,
    &connection::FC_DST,
    &connection::FC_DST_IS_LOCAL,
    &connection::FC_DST_PORT,
    &connection_error::FC_ERR,
    &connection_error::FC_ERR_STR,
    &tcp_info::FC_FACKETS,
    &connection::FC_HTTP_MAJOR,
    &tcp_info::FC_LOST,
    &connection::FC_PP_AUTHORITY,
    &connection::FC_PP_UNIQUE_ID,
    &connection::FC_RCVD_PROXY,
    &tcp_info::FC_REORDERING,
    &tcp_info::FC_RETRANS,
    &tcp_info::FC_RTT,
    &tcp_info::FC_RTTVAR,
    &tcp_info::FC_SACKED,
    &connection::FC_SRC,
    &connection::FC_SRC_IS_LOCAL,
    &connection::FC_SRC_PORT,
    &tcp_info::FC_UNACKED,
    &proxy::FE_CLIENT_TIMEOUT,
    &load::FE_CONN,
    &proxy::FE_DEFBE,
    &proxy::FE_ID,
    &proxy::FE_NAME,
    &load::FE_REQ_RATE,
    &load::FE_SESS_RATE,
    &header::HDR,
    &process::HOSTNAME,
    &auth::HTTP_AUTH,
    &auth::HTTP_AUTH_BEARER,
    &auth::HTTP_AUTH_GROUP,
    &auth::HTTP_AUTH_PASS,
    &auth::HTTP_AUTH_TYPE,
    &auth::HTTP_AUTH_USER,
    &stream::HTTP_FIRST_REQ,
    &constant::INT,
    &constant::IPV4,
    &constant::IPV6,
    &stream::LAST_RULE_FILE,
    &stream::LAST_RULE_LINE,
    &constant::METH,
    &request_line::METHOD,
    &process::NBPROC,
    &load::NBSRV,
    &request_line::PATH,
    &request_line::PATHQ,
    &payload::PAYLOAD,
    &payload::PAYLOAD_LV,
    &stream::PRIO_CLASS,
    &stream::PRIO_OFFSET,
    &process::PROC,
    &request_line::QUERY,
    &load::QUEUE,
    &process::RAND,
    &body::REQ_BODY,
    &body::REQ_BODY_LEN,
    &body::REQ_BODY_PARAM,
    &body::REQ_BODY_SIZE,
    &cookie::REQ_COOK,
    &cookie::REQ_COOK_CNT,
    &cookie::REQ_COOK_VAL,
    &header::REQ_FHDR,
    &header::REQ_FHDR_CNT,
    &header::REQ_HDR,
    &header::REQ_HDR_CNT,
    &header::REQ_HDR_IP,
    &header::REQ_HDR_NAMES,
    &header::REQ_HDR_VAL,
    &header::REQ_HDRS,
    &header::REQ_HDRS_BIN,
    &payload::REQ_LEN,
    &payload::REQ_PAYLOAD,
    &payload::REQ_PAYLOAD_LV,
    &request_line::REQ_PROTO_HTTP,
    &rdp::REQ_RDP_COOKIE,
    &rdp::REQ_RDP_COOKIE_CNT,
    &hello::REQ_SSL_ALPN,
    &hello::REQ_SSL_EC_EXT,
    &hello::REQ_SSL_HELLO_TYPE,
    &hello::REQ_SSL_SNI,
    &hello::REQ_SSL_ST_EXT,
    &hello::REQ_SSL_VER,
    &request_line::REQ_VER,
    &body::RES_BODY,
    &body::RES_BODY_LEN,
    &body::RES_BODY_SIZE,
    &cookie::RES_COOK,
    &cookie::RES_COOK_CNT,
    &cookie::RES_COOK_VAL,
    &header::RES_FHDR,
    &header::RES_FHDR_CNT,
    &header::RES_HDR,
    &header::RES_HDR_CNT,
    &header::RES_HDR_IP,
    &header::RES_HDR_NAMES,
    &header::RES_HDR_VAL,
    &header::RES_HDRS,
    &header::RES_HDRS_BIN,
    &payload::RES_LEN,
    &payload::RES_PAYLOAD,
    &payload::RES_PAYLOAD_LV,
    &hello::RES_SSL_HELLO_TYPE,
    &request_line::RES_VER,
    &tracked::sc0::SC0_BYTES_IN_RATE,
    &tracked::sc0::SC0_BYTES_OUT_RATE,
    &tracked::sc0::SC0_CLR_GPC0,
    &tracked::sc0::SC0_CLR_GPC1,
    &tracked::sc0::SC0_CONN_CNT,
    &tracked::sc0::SC0_CONN_CUR,
    &tracked::sc0::SC0_CONN_RATE,
    &tracked::sc0::SC0_GET_GPC0,
    &tracked::sc0::SC0_GET_GPC1,
    &tracked::sc0::SC0_GET_GPT0,
    &tracked::sc0::SC0_GPC0_RATE,
    &tracked::sc0::SC0_GPC1_RATE,
    &tracked::sc0::SC0_HTTP_ERR_CNT,
    &tracked::sc0::SC0_HTTP_ERR_RATE,
    &tracked::sc0::SC0_HTTP_FAIL_CNT,
    &tracked::sc0::SC0_HTTP_FAIL_RATE,
    &tracked::sc0::SC0_HTTP_REQ_CNT,
    &tracked::sc0::SC0_HTTP_REQ_RATE,
    &tracked::sc0::SC0_INC_GPC0,
    &tracked::sc0::SC0_INC_GPC1,
    &tracked::sc0::SC0_KBYTES_IN,
    &tracked::sc0::SC0_KBYTES_OUT,
    &tracked::sc0::SC0_SESS_CNT,
    &tracked::sc0::SC0_SESS_RATE,
    &tracked::sc0::SC0_TRACKED,
    &tracked::sc0::SC0_TRACKERS,
    &tracked::sc1::SC1_BYTES_IN_RATE,
    &tracked::sc1::SC1_BYTES_OUT_RATE,
    &tracked::sc1::SC1_CLR_GPC,
    &tracked::sc1::SC1_CLR_GPC0,
    &tracked::sc1::SC1_CLR_GPC1,
    &tracked::sc1::SC1_CONN_CNT,
    &tracked::sc1::SC1_CONN_CUR,
    &tracked::sc1::SC1_CONN_RATE,
    &tracked::sc1::SC1_GET_GPC0,
    &tracked::sc1::SC1_GET_GPC1,
    &tracked::sc1::SC1_GET_GPT0,
    &tracked::sc1::SC1_GPC0_RATE,
    &tracked::sc1::SC1_GPC1_RATE,
    &tracked::sc1::SC1_HTTP_ERR_CNT,
    &tracked::sc1::SC1_HTTP_ERR_RATE,
    &tracked::sc1::SC1_HTTP_FAIL_CNT,
    &tracked::sc1::SC1_HTTP_FAIL_RATE,
    &tracked::sc1::SC1_HTTP_REQ_CNT,
    &tracked::sc1::SC1_HTTP_REQ_RATE,
    &tracked::sc1::SC1_INC_GPC0,
    &tracked::sc1::SC1_INC_GPC1,
    &tracked::sc1::SC1_KBYTES_IN,
    &tracked::sc1::SC1_KBYTES_OUT,
    &tracked::sc1::SC1_SESS_CNT,
    &tracked::sc1::SC1_SESS_RATE,
    &tracked::sc1::SC1_TRACKED,
    &tracked::sc1::SC1_TRACKERS,
    &tracked::sc2::SC2_BYTES_IN_RATE,
    &tracked::sc2::SC2_BYTES_OUT_RATE,
    &tracked::sc2::SC2_CLR_GPC0,
    &tracked::sc2::SC2_CLR_GPC1,
    &tracked::sc2::SC2_CONN_CNT,
    &tracked::sc2::SC2_CONN_CUR,
    &tracked::sc2::SC2_CONN_RATE,
    &tracked::sc2::SC2_GET_GPC0,
    &tracked::sc2::SC2_GET_GPC1,
    &tracked::sc2::SC2_GET_GPT0,
    &tracked::sc2::SC2_GPC0_RATE,
    &tracked::sc2::SC2_GPC1_RATE,
    &tracked::sc2::SC2_HTTP_ERR_CNT,
    &tracked::sc2::SC2_HTTP_ERR_RATE,
    &tracked::sc2::SC2_HTTP_FAIL_CNT,
    &tracked::sc2::SC2_HTTP_FAIL_RATE,
    &tracked::sc2::SC2_HTTP_REQ_CNT,
    &tracked::sc2::SC2_HTTP_REQ_RATE,
    &tracked::sc2::SC2_INC_GPC0,
    &tracked::sc2::SC2_INC_GPC1,
    &tracked::sc2::SC2_KBYTES_IN,
    &tracked::sc2::SC2_KBYTES_OUT,
    &tracked::sc2::SC2_SESS_CNT,
    &tracked::sc2::SC2_SESS_RATE,
    &tracked::sc2::SC2_TRACKED,
    &tracked::sc2::SC2_TRACKERS,
    &tracked::sc::SC_BYTES_IN_RATE,
    &tracked::sc::SC_BYTES_OUT_RATE,
    &tracked::sc::SC_CLR_GPC,
    &tracked::sc::SC_CLR_GPC0,
    &tracked::sc::SC_CLR_GPC1,
    &tracked::sc::SC_CONN_CNT,
    &tracked::sc::SC_CONN_CUR,
    &tracked::sc::SC_CONN_RATE,
    &tracked::sc::SC_GET_GPC,
    &tracked::sc::SC_GET_GPC0,
    &tracked::sc::SC_GET_GPC1,
    &tracked::sc::SC_GET_GPT,
    &tracked::sc::SC_GET_GPT0,
    &tracked::sc::SC_GPC0_RATE,
    &tracked::sc::SC_GPC1_RATE,
    &tracked::sc::SC_GPC_RATE,
    &tracked::sc::SC_HTTP_ERR_CNT,
    &tracked::sc::SC_HTTP_ERR_RATE,
    &tracked::sc::SC_HTTP_FAIL_CNT,
    &tracked::sc::SC_HTTP_FAIL_RATE,
    &tracked::sc::SC_HTTP_REQ_CNT,
    &tracked::sc::SC_HTTP_REQ_RATE,
    &tracked::sc::SC_INC_GPC,
    &tracked::sc::SC_INC_GPC0,
    &tracked::sc::SC_INC_GPC1,
    &tracked::sc::SC_KBYTES_IN,
    &tracked::sc::SC_KBYTES_OUT,
    &tracked::sc::SC_SESS_CNT,
    &tracked::sc::SC_SESS_RATE,
    &tracked::sc::SC_TRACKED,
    &tracked::sc::SC_TRACKERS,
    &connection::SO_ID,
    &connection::SO_NAME,
    &connection::SRC,
    &tracked::src::SRC_BYTES_IN_RATE,
    &tracked::src::SRC_BYTES_OUT_RATE,
    &tracked::src::SRC_CLR_GPC,
    &tracked::src::SRC_CLR_GPC0,
    &tracked::src::SRC_CLR_GPC1,
    &tracked::src::SRC_CONN_CNT,
    &tracked::src::SRC_CONN_CUR,
    &tracked::src::SRC_CONN_RATE,
    &tracked::src::SRC_GET_GPC,
    &tracked::src::SRC_GET_GPC0,
    &tracked::src::SRC_GET_GPC1,
    &tracked::src::SRC_GET_GPT,
    &tracked::src::SRC_GET_GPT0,
    &tracked::src::SRC_GPC0_RATE,
    &tracked::src::SRC_GPC1_RATE,
    &tracked::src::SRC_GPC_RATE,
    &tracked::src::SRC_HTTP_ERR_CNT,
    &tracked::src::SRC_HTTP_ERR_RATE,
    &tracked::src::SRC_HTTP_FAIL_CNT,
    &tracked::src::SRC_HTTP_FAIL_RATE,
    &tracked::src::SRC_HTTP_REQ_CNT,
    &tracked::src::SRC_HTTP_REQ_RATE,
    &tracked::src::SRC_INC_GPC,
    &tracked::src::SRC_INC_GPC0,
    &tracked::src::SRC_INC_GPC1,
    &connection::SRC_IS_LOCAL,
    &tracked::src::SRC_KBYTES_IN,
    &tracked::src::SRC_KBYTES_OUT,
    &connection::SRC_PORT,
    &tracked::src::SRC_SESS_CNT,
    &tracked::src::SRC_SESS_RATE,
    &tracked::src::SRC_UPDT_CONN_CNT,
    &load::SRV_CONN,
    &load::SRV_CONN_FREE,
    &proxy::SRV_ID,
    &load::SRV_IS_UP,
    &load::SRV_IWEIGHT,
    &proxy::SRV_NAME,
    &load::SRV_QUEUE,
    &load::SRV_SESS_RATE,
    &load::SRV_UWEIGHT,
    &load::SRV_WEIGHT,
    &connection::SSL_FC,
    &request_line::STATUS,
    &process::STOPPING,
    &constant::STR,
    &tracked::TABLE_AVL,
    &tracked::TABLE_CNT,
    &process::THREAD,
    &stream::UNIQUE_ID,
    &request_line::URL,
    &request_line::URL32,
    &request_line::URL32_SRC,
    &request_line::URL_IP,
    &url_param::URL_PARAM,
    &request_line::URL_PORT,
    &url_param::URLP_VAL,
    &process::UUID,
    &variable::VAR,
    &stream::WAIT_END,
];

/// Other names of fetches: alias, name; sorted.
pub static ALIASES: &[(&str, &str)] = &[
    ("cook", "req.cook"),
    ("cook_cnt", "req.cook_cnt"),
    ("cook_val", "req.cook_val"),
    ("hdr_cnt", "req.hdr_cnt"),
    ("hdr_ip", "req.hdr_ip"),
    ("hdr_val", "req.hdr_val"),
    ("rdp_cookie", "req.rdp_cookie"),
    ("rdp_cookie_cnt", "req.rdp_cookie_cnt"),
    ("rep_ssl_hello_type", "res.ssl_hello_type"),
    ("req_len", "req.len"),
    ("req_proto_http", "req.proto_http"),
    ("req_ssl_hello_type", "req.ssl_hello_type"),
    ("req_ssl_sni", "req.ssl_sni"),
    ("req_ssl_ver", "req.ssl_ver"),
    ("req_ver", "req.ver"),
    ("resp_ver", "res.ver"),
    ("scook", "res.cook"),
    ("scook_cnt", "res.cook_cnt"),
    ("scook_val", "res.cook_val"),
    ("shdr", "res.hdr"),
    ("shdr_cnt", "res.hdr_cnt"),
    ("shdr_ip", "res.hdr_ip"),
    ("shdr_val", "res.hdr_val"),
    ("urlp", "url_param"),
];

/// The name a word's definition has, if the word is an alias.
pub fn canonical(word: &str) -> Option<&'static str> {
    let at = ALIASES.binary_search_by(|row| row.0.cmp(word)).ok()?;
    ALIASES.get(at).map(|row| row.1)
}

/// The definition of a fetch.
pub fn definition(name: &str) -> Option<&'static FetchDef> {
    let Ok(at) = FETCHES.binary_search_by(|row| row.name.cmp(name)) else {
        return tls::definition(name);
    };
    FETCHES.get(at).copied()
}

/// Whether a fetch of that name, or of the name that it stands for, is executed.
pub fn is_executed(name: &str) -> bool {
    definition(canonical(name).unwrap_or(name)).is_some()
}

/// Whether an argument is accepted with a warning only.
pub(crate) fn takes_no_argument(name: &str) -> bool {
    tcp_info::COUNTERS.iter().any(|row| row.name == name)
}

/// What the rule's message brought in bytes; in HTTP mode there are none.
fn raw_bytes<'a>(view: &View<'a>) -> Option<Buffered<'a>> {
    let bytes = view.response_body.unwrap_or(view.request_body);
    (!view.is_http()).then_some(bytes)
}

/// A row without a check of its arguments.
const fn fetch(name: &'static str, output: Type, run: FetchFn) -> FetchDef {
    FetchDef {
        name,
        output,
        check: None,
        run,
        each: None,
    }
}

/// A row whose arguments are checked, or changed, when the configuration is read.
const fn fetch_checked(
    name: &'static str,
    output: Type,
    check: CheckArgs,
    run: FetchFn,
) -> FetchDef {
    FetchDef {
        check: Some(check),
        ..fetch(name, output, run)
    }
}

/// What the request's head says; before it is there, nothing is known yet.
fn request<'a>(view: &View<'a>, value: impl FnOnce(&'a Head) -> Option<Value<'a>>) -> Fetched<'a> {
    // Nor does it come any more where rules are about the response.
    if view.request.is_none() && view.response_body.is_some() {
        return Fetched::Absent;
    }
    of(view.request, view, value)
}

/// What the response's head says.
fn response<'a>(view: &View<'a>, value: impl FnOnce(&'a Head) -> Option<Value<'a>>) -> Fetched<'a> {
    of(view.response, view, value)
}

fn of<'a>(
    head: Option<&'a Head>,
    view: &View<'a>,
    value: impl FnOnce(&'a Head) -> Option<Value<'a>>,
) -> Fetched<'a> {
    match head {
        Some(head) => value(head).into(),
        None if view.last_look || opens_otherwise(view) => Fetched::Absent,
        None => Fetched::NotYet,
    }
}

/// Bytes that can't become a request of HTTP.
fn opens_otherwise(view: &View<'_>) -> bool {
    view.stream
        .is_some_and(|stream| stream.opening == Opening::Bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        let unsorted = FETCHES.windows(2).find(|pair| pair[0].name >= pair[1].name);
        assert!(unsorted.is_none(), "{unsorted:?}");
        assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ALIASES.iter().all(|(_, name)| definition(name).is_some()));
    }
}
