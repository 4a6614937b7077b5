//! What is counted of the third tracked entry: `sc2_*([TABLE])` (manual 7.3.3).
//!
//! ```text
//! http-request deny if { sc2_get_gpc0 gt 100 }
//! ```

use locum_model::proxy::DataType;
use locum_runtime::{sample::value::Type, vocab::FetchDef};

use super::{GPC0, GPC1, THIRD, clear, increment, kilobytes, read, tracked, trackers};
use crate::fetch::fetch;

pub(in crate::fetch) static SC2_BYTES_IN_RATE: FetchDef = fetch(
    "sc2_bytes_in_rate",
    Type::Int,
    read::<THIRD, { DataType::BytesInRate as u8 }>,
);
pub(in crate::fetch) static SC2_BYTES_OUT_RATE: FetchDef = fetch(
    "sc2_bytes_out_rate",
    Type::Int,
    read::<THIRD, { DataType::BytesOutRate as u8 }>,
);
pub(in crate::fetch) static SC2_CLR_GPC0: FetchDef =
    fetch("sc2_clr_gpc0", Type::Int, clear::<THIRD, GPC0>);
pub(in crate::fetch) static SC2_CLR_GPC1: FetchDef =
    fetch("sc2_clr_gpc1", Type::Int, clear::<THIRD, GPC1>);
pub(in crate::fetch) static SC2_CONN_CNT: FetchDef = fetch(
    "sc2_conn_cnt",
    Type::Int,
    read::<THIRD, { DataType::ConnCnt as u8 }>,
);
pub(in crate::fetch) static SC2_CONN_CUR: FetchDef = fetch(
    "sc2_conn_cur",
    Type::Int,
    read::<THIRD, { DataType::ConnCur as u8 }>,
);
pub(in crate::fetch) static SC2_CONN_RATE: FetchDef = fetch(
    "sc2_conn_rate",
    Type::Int,
    read::<THIRD, { DataType::ConnRate as u8 }>,
);
pub(in crate::fetch) static SC2_GET_GPC0: FetchDef = fetch(
    "sc2_get_gpc0",
    Type::Int,
    read::<THIRD, { DataType::Gpc0 as u8 }>,
);
pub(in crate::fetch) static SC2_GET_GPC1: FetchDef = fetch(
    "sc2_get_gpc1",
    Type::Int,
    read::<THIRD, { DataType::Gpc1 as u8 }>,
);
pub(in crate::fetch) static SC2_GET_GPT0: FetchDef = fetch(
    "sc2_get_gpt0",
    Type::Int,
    read::<THIRD, { DataType::Gpt0 as u8 }>,
);
pub(in crate::fetch) static SC2_GPC0_RATE: FetchDef = fetch(
    "sc2_gpc0_rate",
    Type::Int,
    read::<THIRD, { DataType::Gpc0Rate as u8 }>,
);
pub(in crate::fetch) static SC2_GPC1_RATE: FetchDef = fetch(
    "sc2_gpc1_rate",
    Type::Int,
    read::<THIRD, { DataType::Gpc1Rate as u8 }>,
);
pub(in crate::fetch) static SC2_HTTP_ERR_CNT: FetchDef = fetch(
    "sc2_http_err_cnt",
    Type::Int,
    read::<THIRD, { DataType::HttpErrCnt as u8 }>,
);
pub(in crate::fetch) static SC2_HTTP_ERR_RATE: FetchDef = fetch(
    "sc2_http_err_rate",
    Type::Int,
    read::<THIRD, { DataType::HttpErrRate as u8 }>,
);
pub(in crate::fetch) static SC2_HTTP_FAIL_CNT: FetchDef = fetch(
    "sc2_http_fail_cnt",
    Type::Int,
    read::<THIRD, { DataType::HttpFailCnt as u8 }>,
);
pub(in crate::fetch) static SC2_HTTP_FAIL_RATE: FetchDef = fetch(
    "sc2_http_fail_rate",
    Type::Int,
    read::<THIRD, { DataType::HttpFailRate as u8 }>,
);
pub(in crate::fetch) static SC2_HTTP_REQ_CNT: FetchDef = fetch(
    "sc2_http_req_cnt",
    Type::Int,
    read::<THIRD, { DataType::HttpReqCnt as u8 }>,
);
pub(in crate::fetch) static SC2_HTTP_REQ_RATE: FetchDef = fetch(
    "sc2_http_req_rate",
    Type::Int,
    read::<THIRD, { DataType::HttpReqRate as u8 }>,
);
pub(in crate::fetch) static SC2_INC_GPC0: FetchDef =
    fetch("sc2_inc_gpc0", Type::Int, increment::<THIRD, GPC0>);
pub(in crate::fetch) static SC2_INC_GPC1: FetchDef =
    fetch("sc2_inc_gpc1", Type::Int, increment::<THIRD, GPC1>);
pub(in crate::fetch) static SC2_KBYTES_IN: FetchDef = fetch(
    "sc2_kbytes_in",
    Type::Int,
    kilobytes::<THIRD, { DataType::BytesInCnt as u8 }>,
);
pub(in crate::fetch) static SC2_KBYTES_OUT: FetchDef = fetch(
    "sc2_kbytes_out",
    Type::Int,
    kilobytes::<THIRD, { DataType::BytesOutCnt as u8 }>,
);
pub(in crate::fetch) static SC2_SESS_CNT: FetchDef = fetch(
    "sc2_sess_cnt",
    Type::Int,
    read::<THIRD, { DataType::SessCnt as u8 }>,
);
pub(in crate::fetch) static SC2_SESS_RATE: FetchDef = fetch(
    "sc2_sess_rate",
    Type::Int,
    read::<THIRD, { DataType::SessRate as u8 }>,
);
pub(in crate::fetch) static SC2_TRACKED: FetchDef =
    fetch("sc2_tracked", Type::Bool, tracked::<THIRD>);
pub(in crate::fetch) static SC2_TRACKERS: FetchDef =
    fetch("sc2_trackers", Type::Int, trackers::<THIRD>);
