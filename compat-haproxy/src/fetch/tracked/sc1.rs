//! What is counted of the second tracked entry: `sc1_*([TABLE])` (manual 7.3.3).
//!
//! ```text
//! http-request deny if { sc1_conn_cur gt 100 }
//! ```

use locum_model::proxy::DataType;
use locum_runtime::{sample::value::Type, vocab::FetchDef};

use super::{ELEMENT, GPC0, GPC1, SECOND, clear, increment, kilobytes, read, tracked, trackers};
use crate::fetch::fetch;

pub(in crate::fetch) static SC1_BYTES_IN_RATE: FetchDef = fetch(
    "sc1_bytes_in_rate",
    Type::Int,
    read::<SECOND, { DataType::BytesInRate as u8 }>,
);
pub(in crate::fetch) static SC1_BYTES_OUT_RATE: FetchDef = fetch(
    "sc1_bytes_out_rate",
    Type::Int,
    read::<SECOND, { DataType::BytesOutRate as u8 }>,
);
pub(in crate::fetch) static SC1_CLR_GPC: FetchDef =
    fetch("sc1_clr_gpc", Type::Int, clear::<SECOND, ELEMENT>);
pub(in crate::fetch) static SC1_CLR_GPC0: FetchDef =
    fetch("sc1_clr_gpc0", Type::Int, clear::<SECOND, GPC0>);
pub(in crate::fetch) static SC1_CLR_GPC1: FetchDef =
    fetch("sc1_clr_gpc1", Type::Int, clear::<SECOND, GPC1>);
pub(in crate::fetch) static SC1_CONN_CNT: FetchDef = fetch(
    "sc1_conn_cnt",
    Type::Int,
    read::<SECOND, { DataType::ConnCnt as u8 }>,
);
pub(in crate::fetch) static SC1_CONN_CUR: FetchDef = fetch(
    "sc1_conn_cur",
    Type::Int,
    read::<SECOND, { DataType::ConnCur as u8 }>,
);
pub(in crate::fetch) static SC1_CONN_RATE: FetchDef = fetch(
    "sc1_conn_rate",
    Type::Int,
    read::<SECOND, { DataType::ConnRate as u8 }>,
);
pub(in crate::fetch) static SC1_GET_GPC0: FetchDef = fetch(
    "sc1_get_gpc0",
    Type::Int,
    read::<SECOND, { DataType::Gpc0 as u8 }>,
);
pub(in crate::fetch) static SC1_GET_GPC1: FetchDef = fetch(
    "sc1_get_gpc1",
    Type::Int,
    read::<SECOND, { DataType::Gpc1 as u8 }>,
);
pub(in crate::fetch) static SC1_GET_GPT0: FetchDef = fetch(
    "sc1_get_gpt0",
    Type::Int,
    read::<SECOND, { DataType::Gpt0 as u8 }>,
);
pub(in crate::fetch) static SC1_GPC0_RATE: FetchDef = fetch(
    "sc1_gpc0_rate",
    Type::Int,
    read::<SECOND, { DataType::Gpc0Rate as u8 }>,
);
pub(in crate::fetch) static SC1_GPC1_RATE: FetchDef = fetch(
    "sc1_gpc1_rate",
    Type::Int,
    read::<SECOND, { DataType::Gpc1Rate as u8 }>,
);
pub(in crate::fetch) static SC1_HTTP_ERR_CNT: FetchDef = fetch(
    "sc1_http_err_cnt",
    Type::Int,
    read::<SECOND, { DataType::HttpErrCnt as u8 }>,
);
pub(in crate::fetch) static SC1_HTTP_ERR_RATE: FetchDef = fetch(
    "sc1_http_err_rate",
    Type::Int,
    read::<SECOND, { DataType::HttpErrRate as u8 }>,
);
pub(in crate::fetch) static SC1_HTTP_FAIL_CNT: FetchDef = fetch(
    "sc1_http_fail_cnt",
    Type::Int,
    read::<SECOND, { DataType::HttpFailCnt as u8 }>,
);
pub(in crate::fetch) static SC1_HTTP_FAIL_RATE: FetchDef = fetch(
    "sc1_http_fail_rate",
    Type::Int,
    read::<SECOND, { DataType::HttpFailRate as u8 }>,
);
pub(in crate::fetch) static SC1_HTTP_REQ_CNT: FetchDef = fetch(
    "sc1_http_req_cnt",
    Type::Int,
    read::<SECOND, { DataType::HttpReqCnt as u8 }>,
);
pub(in crate::fetch) static SC1_HTTP_REQ_RATE: FetchDef = fetch(
    "sc1_http_req_rate",
    Type::Int,
    read::<SECOND, { DataType::HttpReqRate as u8 }>,
);
pub(in crate::fetch) static SC1_INC_GPC0: FetchDef =
    fetch("sc1_inc_gpc0", Type::Int, increment::<SECOND, GPC0>);
pub(in crate::fetch) static SC1_INC_GPC1: FetchDef =
    fetch("sc1_inc_gpc1", Type::Int, increment::<SECOND, GPC1>);
pub(in crate::fetch) static SC1_KBYTES_IN: FetchDef = fetch(
    "sc1_kbytes_in",
    Type::Int,
    kilobytes::<SECOND, { DataType::BytesInCnt as u8 }>,
);
pub(in crate::fetch) static SC1_KBYTES_OUT: FetchDef = fetch(
    "sc1_kbytes_out",
    Type::Int,
    kilobytes::<SECOND, { DataType::BytesOutCnt as u8 }>,
);
pub(in crate::fetch) static SC1_SESS_CNT: FetchDef = fetch(
    "sc1_sess_cnt",
    Type::Int,
    read::<SECOND, { DataType::SessCnt as u8 }>,
);
pub(in crate::fetch) static SC1_SESS_RATE: FetchDef = fetch(
    "sc1_sess_rate",
    Type::Int,
    read::<SECOND, { DataType::SessRate as u8 }>,
);
pub(in crate::fetch) static SC1_TRACKED: FetchDef =
    fetch("sc1_tracked", Type::Bool, tracked::<SECOND>);
pub(in crate::fetch) static SC1_TRACKERS: FetchDef =
    fetch("sc1_trackers", Type::Int, trackers::<SECOND>);
