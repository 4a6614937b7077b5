//! What is counted of a tracked entry by its number: `sc_*(ID[,TABLE])` (manual 7.3.3).
//!
//! ```text
//! http-request deny if { sc_get_gpc(1,0) gt 100 }
//! ```

use locum_model::proxy::DataType;
use locum_runtime::{sample::value::Type, vocab::FetchDef};

use super::{
    ELEMENT, GPC0, GPC1, NAMED, clear, element, increment, kilobytes, read, tracked, trackers,
};
use crate::fetch::fetch;

pub(in crate::fetch) static SC_BYTES_IN_RATE: FetchDef = fetch(
    "sc_bytes_in_rate",
    Type::Int,
    read::<NAMED, { DataType::BytesInRate as u8 }>,
);
pub(in crate::fetch) static SC_BYTES_OUT_RATE: FetchDef = fetch(
    "sc_bytes_out_rate",
    Type::Int,
    read::<NAMED, { DataType::BytesOutRate as u8 }>,
);
pub(in crate::fetch) static SC_CLR_GPC: FetchDef =
    fetch("sc_clr_gpc", Type::Int, clear::<NAMED, ELEMENT>);
pub(in crate::fetch) static SC_CLR_GPC0: FetchDef =
    fetch("sc_clr_gpc0", Type::Int, clear::<NAMED, GPC0>);
pub(in crate::fetch) static SC_CLR_GPC1: FetchDef =
    fetch("sc_clr_gpc1", Type::Int, clear::<NAMED, GPC1>);
pub(in crate::fetch) static SC_CONN_CNT: FetchDef = fetch(
    "sc_conn_cnt",
    Type::Int,
    read::<NAMED, { DataType::ConnCnt as u8 }>,
);
pub(in crate::fetch) static SC_CONN_CUR: FetchDef = fetch(
    "sc_conn_cur",
    Type::Int,
    read::<NAMED, { DataType::ConnCur as u8 }>,
);
pub(in crate::fetch) static SC_CONN_RATE: FetchDef = fetch(
    "sc_conn_rate",
    Type::Int,
    read::<NAMED, { DataType::ConnRate as u8 }>,
);
pub(in crate::fetch) static SC_GET_GPC: FetchDef = fetch(
    "sc_get_gpc",
    Type::Int,
    element::<NAMED, { DataType::Gpc as u8 }>,
);
pub(in crate::fetch) static SC_GET_GPC0: FetchDef = fetch(
    "sc_get_gpc0",
    Type::Int,
    read::<NAMED, { DataType::Gpc0 as u8 }>,
);
pub(in crate::fetch) static SC_GET_GPC1: FetchDef = fetch(
    "sc_get_gpc1",
    Type::Int,
    read::<NAMED, { DataType::Gpc1 as u8 }>,
);
pub(in crate::fetch) static SC_GET_GPT: FetchDef = fetch(
    "sc_get_gpt",
    Type::Int,
    element::<NAMED, { DataType::Gpt as u8 }>,
);
pub(in crate::fetch) static SC_GET_GPT0: FetchDef = fetch(
    "sc_get_gpt0",
    Type::Int,
    read::<NAMED, { DataType::Gpt0 as u8 }>,
);
pub(in crate::fetch) static SC_GPC0_RATE: FetchDef = fetch(
    "sc_gpc0_rate",
    Type::Int,
    read::<NAMED, { DataType::Gpc0Rate as u8 }>,
);
pub(in crate::fetch) static SC_GPC1_RATE: FetchDef = fetch(
    "sc_gpc1_rate",
    Type::Int,
    read::<NAMED, { DataType::Gpc1Rate as u8 }>,
);
pub(in crate::fetch) static SC_GPC_RATE: FetchDef = fetch(
    "sc_gpc_rate",
    Type::Int,
    element::<NAMED, { DataType::GpcRate as u8 }>,
);
pub(in crate::fetch) static SC_HTTP_ERR_CNT: FetchDef = fetch(
    "sc_http_err_cnt",
    Type::Int,
    read::<NAMED, { DataType::HttpErrCnt as u8 }>,
);
pub(in crate::fetch) static SC_HTTP_ERR_RATE: FetchDef = fetch(
    "sc_http_err_rate",
    Type::Int,
    read::<NAMED, { DataType::HttpErrRate as u8 }>,
);
pub(in crate::fetch) static SC_HTTP_FAIL_CNT: FetchDef = fetch(
    "sc_http_fail_cnt",
    Type::Int,
    read::<NAMED, { DataType::HttpFailCnt as u8 }>,
);
pub(in crate::fetch) static SC_HTTP_FAIL_RATE: FetchDef = fetch(
    "sc_http_fail_rate",
    Type::Int,
    read::<NAMED, { DataType::HttpFailRate as u8 }>,
);
pub(in crate::fetch) static SC_HTTP_REQ_CNT: FetchDef = fetch(
    "sc_http_req_cnt",
    Type::Int,
    read::<NAMED, { DataType::HttpReqCnt as u8 }>,
);
pub(in crate::fetch) static SC_HTTP_REQ_RATE: FetchDef = fetch(
    "sc_http_req_rate",
    Type::Int,
    read::<NAMED, { DataType::HttpReqRate as u8 }>,
);
pub(in crate::fetch) static SC_INC_GPC: FetchDef =
    fetch("sc_inc_gpc", Type::Int, increment::<NAMED, ELEMENT>);
pub(in crate::fetch) static SC_INC_GPC0: FetchDef =
    fetch("sc_inc_gpc0", Type::Int, increment::<NAMED, GPC0>);
pub(in crate::fetch) static SC_INC_GPC1: FetchDef =
    fetch("sc_inc_gpc1", Type::Int, increment::<NAMED, GPC1>);
pub(in crate::fetch) static SC_KBYTES_IN: FetchDef = fetch(
    "sc_kbytes_in",
    Type::Int,
    kilobytes::<NAMED, { DataType::BytesInCnt as u8 }>,
);
pub(in crate::fetch) static SC_KBYTES_OUT: FetchDef = fetch(
    "sc_kbytes_out",
    Type::Int,
    kilobytes::<NAMED, { DataType::BytesOutCnt as u8 }>,
);
pub(in crate::fetch) static SC_SESS_CNT: FetchDef = fetch(
    "sc_sess_cnt",
    Type::Int,
    read::<NAMED, { DataType::SessCnt as u8 }>,
);
pub(in crate::fetch) static SC_SESS_RATE: FetchDef = fetch(
    "sc_sess_rate",
    Type::Int,
    read::<NAMED, { DataType::SessRate as u8 }>,
);
pub(in crate::fetch) static SC_TRACKED: FetchDef =
    fetch("sc_tracked", Type::Bool, tracked::<NAMED>);
pub(in crate::fetch) static SC_TRACKERS: FetchDef =
    fetch("sc_trackers", Type::Int, trackers::<NAMED>);
