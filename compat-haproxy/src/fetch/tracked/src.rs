//! What is counted of the entry of the client's address: `src_*([TABLE])` (manual 7.3.3).
//!
//! ```text
//! http-request deny if { src_conn_rate(limits) gt 100 }
//! ```

use locum_model::proxy::DataType;
use locum_runtime::{sample::value::Type, vocab::FetchDef};

use super::{
    ELEMENT, GPC0, GPC1, SOURCE, clear, count_connection, element, increment, kilobytes, read,
};
use crate::fetch::fetch;

pub(in crate::fetch) static SRC_BYTES_IN_RATE: FetchDef = fetch(
    "src_bytes_in_rate",
    Type::Int,
    read::<SOURCE, { DataType::BytesInRate as u8 }>,
);
pub(in crate::fetch) static SRC_BYTES_OUT_RATE: FetchDef = fetch(
    "src_bytes_out_rate",
    Type::Int,
    read::<SOURCE, { DataType::BytesOutRate as u8 }>,
);
pub(in crate::fetch) static SRC_CLR_GPC: FetchDef =
    fetch("src_clr_gpc", Type::Int, clear::<SOURCE, ELEMENT>);
pub(in crate::fetch) static SRC_CLR_GPC0: FetchDef =
    fetch("src_clr_gpc0", Type::Int, clear::<SOURCE, GPC0>);
pub(in crate::fetch) static SRC_CLR_GPC1: FetchDef =
    fetch("src_clr_gpc1", Type::Int, clear::<SOURCE, GPC1>);
pub(in crate::fetch) static SRC_CONN_CNT: FetchDef = fetch(
    "src_conn_cnt",
    Type::Int,
    read::<SOURCE, { DataType::ConnCnt as u8 }>,
);
pub(in crate::fetch) static SRC_CONN_CUR: FetchDef = fetch(
    "src_conn_cur",
    Type::Int,
    read::<SOURCE, { DataType::ConnCur as u8 }>,
);
pub(in crate::fetch) static SRC_CONN_RATE: FetchDef = fetch(
    "src_conn_rate",
    Type::Int,
    read::<SOURCE, { DataType::ConnRate as u8 }>,
);
pub(in crate::fetch) static SRC_GET_GPC: FetchDef = fetch(
    "src_get_gpc",
    Type::Int,
    element::<SOURCE, { DataType::Gpc as u8 }>,
);
pub(in crate::fetch) static SRC_GET_GPC0: FetchDef = fetch(
    "src_get_gpc0",
    Type::Int,
    read::<SOURCE, { DataType::Gpc0 as u8 }>,
);
pub(in crate::fetch) static SRC_GET_GPC1: FetchDef = fetch(
    "src_get_gpc1",
    Type::Int,
    read::<SOURCE, { DataType::Gpc1 as u8 }>,
);
pub(in crate::fetch) static SRC_GET_GPT: FetchDef = fetch(
    "src_get_gpt",
    Type::Int,
    element::<SOURCE, { DataType::Gpt as u8 }>,
);
pub(in crate::fetch) static SRC_GET_GPT0: FetchDef = fetch(
    "src_get_gpt0",
    Type::Int,
    read::<SOURCE, { DataType::Gpt0 as u8 }>,
);
pub(in crate::fetch) static SRC_GPC0_RATE: FetchDef = fetch(
    "src_gpc0_rate",
    Type::Int,
    read::<SOURCE, { DataType::Gpc0Rate as u8 }>,
);
pub(in crate::fetch) static SRC_GPC1_RATE: FetchDef = fetch(
    "src_gpc1_rate",
    Type::Int,
    read::<SOURCE, { DataType::Gpc1Rate as u8 }>,
);
pub(in crate::fetch) static SRC_GPC_RATE: FetchDef = fetch(
    "src_gpc_rate",
    Type::Int,
    element::<SOURCE, { DataType::GpcRate as u8 }>,
);
pub(in crate::fetch) static SRC_HTTP_ERR_CNT: FetchDef = fetch(
    "src_http_err_cnt",
    Type::Int,
    read::<SOURCE, { DataType::HttpErrCnt as u8 }>,
);
pub(in crate::fetch) static SRC_HTTP_ERR_RATE: FetchDef = fetch(
    "src_http_err_rate",
    Type::Int,
    read::<SOURCE, { DataType::HttpErrRate as u8 }>,
);
pub(in crate::fetch) static SRC_HTTP_FAIL_CNT: FetchDef = fetch(
    "src_http_fail_cnt",
    Type::Int,
    read::<SOURCE, { DataType::HttpFailCnt as u8 }>,
);
pub(in crate::fetch) static SRC_HTTP_FAIL_RATE: FetchDef = fetch(
    "src_http_fail_rate",
    Type::Int,
    read::<SOURCE, { DataType::HttpFailRate as u8 }>,
);
pub(in crate::fetch) static SRC_HTTP_REQ_CNT: FetchDef = fetch(
    "src_http_req_cnt",
    Type::Int,
    read::<SOURCE, { DataType::HttpReqCnt as u8 }>,
);
pub(in crate::fetch) static SRC_HTTP_REQ_RATE: FetchDef = fetch(
    "src_http_req_rate",
    Type::Int,
    read::<SOURCE, { DataType::HttpReqRate as u8 }>,
);
pub(in crate::fetch) static SRC_INC_GPC: FetchDef =
    fetch("src_inc_gpc", Type::Int, increment::<SOURCE, ELEMENT>);
pub(in crate::fetch) static SRC_INC_GPC0: FetchDef =
    fetch("src_inc_gpc0", Type::Int, increment::<SOURCE, GPC0>);
pub(in crate::fetch) static SRC_INC_GPC1: FetchDef =
    fetch("src_inc_gpc1", Type::Int, increment::<SOURCE, GPC1>);
pub(in crate::fetch) static SRC_KBYTES_IN: FetchDef = fetch(
    "src_kbytes_in",
    Type::Int,
    kilobytes::<SOURCE, { DataType::BytesInCnt as u8 }>,
);
pub(in crate::fetch) static SRC_KBYTES_OUT: FetchDef = fetch(
    "src_kbytes_out",
    Type::Int,
    kilobytes::<SOURCE, { DataType::BytesOutCnt as u8 }>,
);
pub(in crate::fetch) static SRC_SESS_CNT: FetchDef = fetch(
    "src_sess_cnt",
    Type::Int,
    read::<SOURCE, { DataType::SessCnt as u8 }>,
);
pub(in crate::fetch) static SRC_SESS_RATE: FetchDef = fetch(
    "src_sess_rate",
    Type::Int,
    read::<SOURCE, { DataType::SessRate as u8 }>,
);
pub(in crate::fetch) static SRC_UPDT_CONN_CNT: FetchDef =
    fetch("src_updt_conn_cnt", Type::Int, count_connection);
