//! `mode { tcp | http }`: the protocol of a proxy (manual 4.2).
//!
//! ```text
//! defaults
//!     mode http
//! ```

use locum_model::proxy::Mode;

use super::{ProxyKeyword, Sections, State};
use crate::load::{Lowered, ProxyLine};

/// The row.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword {
    name: "mode",
    sections: Sections::ALL,
    arguments: "{ tcp|http }",
    state: State::Executed,
    lower: mode,
}];

fn mode(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    line.draft.proxy.mode = match line.line.bytes(1) {
        b"http" => Mode::Http,
        b"tcp" => Mode::Tcp,
        b"health" => {
            return Err("'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.".into());
        }
        _ => return Err(format!("unknown proxy mode '{}'.", line.line.text(1)).into()),
    };
    Ok(())
}
