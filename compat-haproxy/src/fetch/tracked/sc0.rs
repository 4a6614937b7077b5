//! What is counted of the first tracked entry: `sc0_*([TABLE])` (manual 7.3.3).
//!
//! ```text
//! http-request deny if { sc0_http_req_rate gt 100 }
//! ```

use locum_model::proxy::DataType;
use locum_runtime::{sample::value::Type, vocab::FetchDef};

use super::{FIRST, GPC0, GPC1, clear, increment, kilobytes, read, tracked, trackers};
use crate::fetch::fetch;

pub(in crate::fetch) static SC0_BYTES_IN_RATE: FetchDef = fetch(
    "sc0_bytes_in_rate",
    Type::Int,
    read::<FIRST, { DataType::BytesInRate as u8 }>,
);
pub(in crate::fetch) static SC0_BYTES_OUT_RATE: FetchDef = fetch(
    "sc0_bytes_out_rate",
    Type::Int,
    read::<FIRST, { DataType::BytesOutRate as u8 }>,
);
pub(in crate::fetch) static SC0_CLR_GPC0: FetchDef =
    fetch("sc0_clr_gpc0", Type::Int, clear::<FIRST, GPC0>);
pub(in crate::fetch) static SC0_CLR_GPC1: FetchDef =
    fetch("sc0_clr_gpc1", Type::Int, clear::<FIRST, GPC1>);
pub(in crate::fetch) static SC0_CONN_CNT: FetchDef = fetch(
    "sc0_conn_cnt",
    Type::Int,
    read::<FIRST, { DataType::ConnCnt as u8 }>,
);
pub(in crate::fetch) static SC0_CONN_CUR: FetchDef = fetch(
    "sc0_conn_cur",
    Type::Int,
    read::<FIRST, { DataType::ConnCur as u8 }>,
);
pub(in crate::fetch) static SC0_CONN_RATE: FetchDef = fetch(
    "sc0_conn_rate",
    Type::Int,
    read::<FIRST, { DataType::ConnRate as u8 }>,
);
pub(in crate::fetch) static SC0_GET_GPC0: FetchDef = fetch(
    "sc0_get_gpc0",
    Type::Int,
    read::<FIRST, { DataType::Gpc0 as u8 }>,
);
pub(in crate::fetch) static SC0_GET_GPC1: FetchDef = fetch(
    "sc0_get_gpc1",
    Type::Int,
    read::<FIRST, { DataType::Gpc1 as u8 }>,
);
pub(in crate::fetch) static SC0_GET_GPT0: FetchDef = fetch(
    "sc0_get_gpt0",
    Type::Int,
    read::<FIRST, { DataType::Gpt0 as u8 }>,
);
pub(in crate::fetch) static SC0_GPC0_RATE: FetchDef = fetch(
    "sc0_gpc0_rate",
    Type::Int,
    read::<FIRST, { DataType::Gpc0Rate as u8 }>,
);
pub(in crate::fetch) static SC0_GPC1_RATE: FetchDef = fetch(
    "sc0_gpc1_rate",
    Type::Int,
    read::<FIRST, { DataType::Gpc1Rate as u8 }>,
);
pub(in crate::fetch) static SC0_HTTP_ERR_CNT: FetchDef = fetch(
    "sc0_http_err_cnt",
    Type::Int,
    read::<FIRST, { DataType::HttpErrCnt as u8 }>,
);
pub(in crate::fetch) static SC0_HTTP_ERR_RATE: FetchDef = fetch(
    "sc0_http_err_rate",
    Type::Int,
    read::<FIRST, { DataType::HttpErrRate as u8 }>,
);
pub(in crate::fetch) static SC0_HTTP_FAIL_CNT: FetchDef = fetch(
    "sc0_http_fail_cnt",
    Type::Int,
    read::<FIRST, { DataType::HttpFailCnt as u8 }>,
);
pub(in crate::fetch) static SC0_HTTP_FAIL_RATE: FetchDef = fetch(
    "sc0_http_fail_rate",
    Type::Int,
    read::<FIRST, { DataType::HttpFailRate as u8 }>,
);
pub(in crate::fetch) static SC0_HTTP_REQ_CNT: FetchDef = fetch(
    "sc0_http_req_cnt",
    Type::Int,
    read::<FIRST, { DataType::HttpReqCnt as u8 }>,
);
pub(in crate::fetch) static SC0_HTTP_REQ_RATE: FetchDef = fetch(
    "sc0_http_req_rate",
    Type::Int,
    read::<FIRST, { DataType::HttpReqRate as u8 }>,
);
pub(in crate::fetch) static SC0_INC_GPC0: FetchDef =
    fetch("sc0_inc_gpc0", Type::Int, increment::<FIRST, GPC0>);
pub(in crate::fetch) static SC0_INC_GPC1: FetchDef =
    fetch("sc0_inc_gpc1", Type::Int, increment::<FIRST, GPC1>);
pub(in crate::fetch) static SC0_KBYTES_IN: FetchDef = fetch(
    "sc0_kbytes_in",
    Type::Int,
    kilobytes::<FIRST, { DataType::BytesInCnt as u8 }>,
);
pub(in crate::fetch) static SC0_KBYTES_OUT: FetchDef = fetch(
    "sc0_kbytes_out",
    Type::Int,
    kilobytes::<FIRST, { DataType::BytesOutCnt as u8 }>,
);
pub(in crate::fetch) static SC0_SESS_CNT: FetchDef = fetch(
    "sc0_sess_cnt",
    Type::Int,
    read::<FIRST, { DataType::SessCnt as u8 }>,
);
pub(in crate::fetch) static SC0_SESS_RATE: FetchDef = fetch(
    "sc0_sess_rate",
    Type::Int,
    read::<FIRST, { DataType::SessRate as u8 }>,
);
pub(in crate::fetch) static SC0_TRACKED: FetchDef =
    fetch("sc0_tracked", Type::Bool, tracked::<FIRST>);
pub(in crate::fetch) static SC0_TRACKERS: FetchDef =
    fetch("sc0_trackers", Type::Int, trackers::<FIRST>);
