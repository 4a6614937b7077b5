//! Statistics as HAProxy prints them: the columns, as CSV, typed lines and JSON, and the statistics page.

pub mod columns;
pub mod csv;
pub mod html;
pub mod info;
pub mod page;
pub mod typed;

use std::time::Duration;

use locum_runtime::{
    check::{CheckInfo, CheckResult, CheckStatus, rise_fall::Observation},
    live::FrontendState,
    server::Operational,
    stats::{FrontendRow, ServerRow},
};

/// The status of a frontend (management.txt 9.1, column 17).
pub(crate) fn frontend_status(row: &FrontendRow<'_>) -> &'static str {
    match row.state {
        FrontendState::Open
            if row
                .sessions
                .limit
                .is_some_and(|max| row.sessions.now >= max) =>
        {
            "FULL"
        }
        FrontendState::Open => "OPEN",
        FrontendState::Paused => "PAUSED",
        FrontendState::Stopped => "STOP",
    }
}

/// The status of a server.
pub(crate) fn server_status(row: &ServerRow<'_>) -> String {
    let (value, of) = row.health.progress();
    let tracked = row.server.settings.track.as_ref();
    if row.state.admin().is_maint() {
        return match tracked {
            Some((backend, server)) if !backend.is_empty() => {
                format!("MAINT (via {backend}/{server})")
            }
            _ => "MAINT".into(),
        };
    }
    if row.state.admin().is_drain() || (row.state.is_up() && row.state.user_weight() == 0) {
        return "DRAIN".into();
    }
    if !row.state.rules.checked && tracked.is_none() {
        return if row.state.is_up() {
            "no check"
        } else {
            "DOWN"
        }
        .into();
    }
    let word = match row.state.operational() {
        Operational::Stopped => "DOWN",
        Operational::Stopping => "NOLB",
        _ => "UP",
    };
    if value == 0 || (row.health.is_up() && value == of) {
        word.into()
    } else {
        format!("{word} {value}/{of}")
    }
}

/// A check's outcome in short (management.txt 9.1, column 36).
pub fn check_word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Unknown => "UNK",
        CheckStatus::Initializing => "INI",
        CheckStatus::SocketError => "SOCKERR",
        CheckStatus::L4Ok => "L4OK",
        CheckStatus::L4Timeout => "L4TOUT",
        CheckStatus::L4Connection => "L4CON",
        CheckStatus::L6Ok => "L6OK",
        CheckStatus::L6Timeout => "L6TOUT",
        CheckStatus::L6Response => "L6RSP",
        CheckStatus::L7Ok => "L7OK",
        CheckStatus::L7OkConditional => "L7OKC",
        CheckStatus::L7Timeout => "L7TOUT",
        CheckStatus::L7Response => "L7RSP",
        CheckStatus::L7Status => "L7STS",
        CheckStatus::Observed => "HANA",
    }
}

/// The same in words, as messages and the column `check_desc` have it.
pub fn check_description(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Unknown => "Unknown",
        CheckStatus::Initializing => "Initializing",
        CheckStatus::SocketError => "Socket error",
        CheckStatus::L4Ok => "Layer4 check passed",
        CheckStatus::L4Timeout => "Layer4 timeout",
        CheckStatus::L4Connection => "Layer4 connection problem",
        CheckStatus::L6Ok => "Layer6 check passed",
        CheckStatus::L6Timeout => "Layer6 timeout",
        CheckStatus::L6Response => "Layer6 invalid response",
        CheckStatus::L7Ok => "Layer7 check passed",
        CheckStatus::L7OkConditional => "Layer7 check conditionally passed",
        CheckStatus::L7Timeout => "Layer7 timeout",
        CheckStatus::L7Response => "Layer7 invalid response",
        CheckStatus::L7Status => "Layer7 wrong status",
        CheckStatus::Observed => "Health analyze",
    }
}

/// Details of a check (`last_chk`, and `info: "…"` in messages); empty: none.
pub fn check_details(result: &CheckResult) -> String {
    match &result.info {
        CheckInfo::None => String::new(),
        CheckInfo::Os(errno) => os_error(*errno),
        CheckInfo::Reason(reason) => String::from_utf8_lossy(reason).into_owned(),
        CheckInfo::UnexpectedBody => "HTTP content check did not match".into(),
        CheckInfo::UnwantedBody => "HTTP content check matched unwanted content".into(),
        CheckInfo::NoBody => "HTTP content check could not find a response body".into(),
        CheckInfo::ConsecutiveErrors(count, last) => {
            let last = match last {
                Observation::ConnectFailed => "L4 unsuccessful connection",
                Observation::ResponseFailed | Observation::Good => "Wrong http response",
            };
            format!("Detected {count} consecutive errors, last one was: {last}")
        }
    }
}

/// The system's text of an error number, without the number.
pub fn os_error(errno: i32) -> String {
    nix::errno::Errno::from_raw(errno).desc().to_owned()
}

/// `1d2h`, `3m4s`: two units at most, as the page and `show info` shorten times.
pub(crate) fn short_time(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{}s", s / 60, s % 60),
        3600..86400 => format!("{}h{}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{}h", s / 86400, s % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_two_units() {
        for (seconds, text) in [(0, "0s"), (100, "1m40s"), (7380, "2h3m"), (90_061, "1d1h")] {
            assert_eq!(short_time(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn errors_of_the_system_are_told_in_its_words() {
        let result = CheckResult::new(CheckStatus::L4Connection, Duration::ZERO)
            .with(CheckInfo::Os(nix::errno::Errno::ECONNREFUSED as i32));
        assert_eq!(check_details(&result), "Connection refused");
    }
}
