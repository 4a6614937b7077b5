//! Sample fetches: one file a word or tight family (manual 7.3).
//!
//! A row gives the word's name, the type of its value, and its function; what arguments it takes and where it has a
//! value stands in [`crate::lowering::known`], with the words that we don't execute yet.

mod auth;
mod connection;
mod constant;
mod cookie;
mod header;
pub(crate) mod load;
pub(crate) mod process;
mod proxy;
mod rdp;
mod request_line;
mod stream;
mod url_param;
pub(crate) mod variable;

pub(crate) use stream::{CapturedLine, captured_line};

use locum_runtime::{
    http::message::Head,
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::{CheckArgs, FetchDef, FetchFn},
};

/// All fetches we execute, sorted by name.
#[rustfmt::skip]
pub static FETCHES: &[&FetchDef] = &[
    &constant::ALWAYS_FALSE,
    &constant::ALWAYS_TRUE,
    &load::AVG_QUEUE,
    &request_line::BASE,
    &request_line::BASEQ,
    &connection::BC_DST,
    &connection::BC_DST_PORT,
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
    &process::DATE,
    &process::DATE_US,
    &connection::DST,
    &load::DST_CONN,
    &connection::DST_IS_LOCAL,
    &connection::DST_PORT,
    &constant::ENV,
    &connection::FC_HTTP_MAJOR,
    &connection::FC_PP_AUTHORITY,
    &connection::FC_PP_UNIQUE_ID,
    &connection::FC_RCVD_PROXY,
    &connection::FC_SRC,
    &connection::FC_SRC_PORT,
    &proxy::FE_CLIENT_TIMEOUT,
    &load::FE_CONN,
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
    &constant::METH,
    &request_line::METHOD,
    &process::NBPROC,
    &load::NBSRV,
    &request_line::PATH,
    &request_line::PATHQ,
    &process::PROC,
    &request_line::QUERY,
    &load::QUEUE,
    &process::RAND,
    &stream::REQ_BODY,
    &stream::REQ_BODY_LEN,
    &stream::REQ_BODY_SIZE,
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
    &stream::REQ_LEN,
    &stream::REQ_PAYLOAD,
    &request_line::REQ_PROTO_HTTP,
    &rdp::REQ_RDP_COOKIE,
    &rdp::REQ_RDP_COOKIE_CNT,
    &request_line::REQ_VER,
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
    &stream::RES_LEN,
    &stream::RES_PAYLOAD,
    &request_line::RES_VER,
    &connection::SO_ID,
    &connection::SRC,
    &connection::SRC_IS_LOCAL,
    &connection::SRC_PORT,
    &load::SRV_CONN,
    &load::SRV_CONN_FREE,
    &proxy::SRV_ID,
    &load::SRV_IS_UP,
    &load::SRV_IWEIGHT,
    &proxy::SRV_NAME,
    &load::SRV_QUEUE,
    &load::SRV_UWEIGHT,
    &load::SRV_WEIGHT,
    &connection::SSL_FC,
    &request_line::STATUS,
    &process::STOPPING,
    &constant::STR,
    &stream::UNIQUE_ID,
    &request_line::URL,
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
    ("req_len", "req.len"),
    ("req_proto_http", "req.proto_http"),
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
    let at = FETCHES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FETCHES.get(at).copied()
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
        None if view.last_look => Fetched::Absent,
        None => Fetched::NotYet,
    }
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
