//! `monitor-uri` and `monitor fail`: a URI that tells whether we are fine (manual 4.2).
//!
//! ```text
//! monitor-uri /haproxy_test
//! monitor fail if { nbsrv(dynamic) lt 2 }
//! ```

use locum_model::{Located, Text};

use super::{ProxyKeyword, Sections, State};
use crate::{
    load::{Capability, Lowered, ProxyLine},
    lowering::{ConditionError, Points, lower_required_condition},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword {
        name: "monitor",
        sections: Sections::CLIENTS_ONLY,
        arguments: "fail { if | unless } <condition>",
        state: State::Executed,
        lower: monitor,
    },
    ProxyKeyword {
        name: "monitor-uri",
        sections: Sections::CLIENTS,
        arguments: "<uri>",
        state: State::Executed,
        lower: monitor_uri,
    },
];

fn monitor_uri(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Frontend, "monitor-uri");
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err("'monitor-uri' expects an URI.".into());
    }
    line.draft.frontend.monitor_uri = Some(Text::from(line.line.bytes(1)));
    Ok(())
}

fn monitor(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.not_in_defaults("monitor")?;
    line.lacks(Capability::Frontend, "monitor");
    if line.line.bytes(1) != b"fail" {
        return Err("'monitor' only supports 'fail'.".into());
    }
    let words = line.line.words;
    line.warn_order("monitor fail");
    // The reference doesn't ask whether the tests have a value here.
    let points = Points::ALL;
    let condition =
        lower_required_condition(&words[2..], &mut line.place(points, "monitor expression"))
            .map_err(|error| match error {
                ConditionError::Unexpected(_) => {
                    "'monitor fail' requires either 'if' or 'unless' followed by a condition."
                        .to_owned()
                }
                ConditionError::Wrong(reason) => {
                    format!("error detected while parsing a 'monitor fail' condition : {reason}.")
                }
            })?;
    line.draft
        .proxy
        .rules
        .monitor_fail
        .push(Located::new(condition, line.line.at.clone()));
    Ok(())
}
