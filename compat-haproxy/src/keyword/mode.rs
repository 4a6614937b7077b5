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
    let mode = match line.line.bytes(1) {
        b"http" => Mode::Http,
        b"tcp" => Mode::Tcp,
        b"health" => {
            line.old_word("http-request return status 200", |_| {
                "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.".into()
            })?;
            line.draft.mode_health = true;
            line.draft.proxy.mode = Mode::Tcp;
            return Ok(());
        }
        _ => return Err(format!("unknown proxy mode '{}'.", line.line.text(1)).into()),
    };
    (line.draft.proxy.mode, line.draft.mode_health) = (mode, false);
    Ok(())
}
