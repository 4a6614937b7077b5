//! The mail itself (RFC 5322): headers, an empty line, the text.

use jiff::{Timestamp, tz::TimeZone};

use super::Alert;

/// The message as DATA carries it, up to the line with the dot. Line ends inside the fields would be headers of their
/// own: they become spaces. A line of the text that starts with a dot gets another (RFC 5321 §4.5.2).
pub(super) fn text(alert: &Alert, date: &str) -> String {
    let mut body = String::with_capacity(alert.body.len());
    for line in alert.body.lines() {
        if line.starts_with('.') {
            body.push('.');
        }
        body.push_str(line);
        body.push_str("\r\n");
    }
    format!(
        "Date: {date}\r\nFrom: {}\r\nSubject: {}\r\nX-Mailer: {}\r\nTo: {}\r\n\r\n{body}\r\n.\r\n",
        one_line(&alert.from),
        one_line(&alert.subject),
        alert.mailer,
        one_line(&alert.to.join(", ")),
    )
}

fn one_line(field: &str) -> String {
    field.replace(['\r', '\n'], " ")
}

/// The date of a message, in local time (RFC 5322 §3.3): `Sun, 22 Nov 2026 21:05:35 +0000`.
pub(super) fn date(now: std::time::SystemTime) -> String {
    let timestamp = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp
        .to_zoned(TimeZone::system())
        .strftime("%a, %d %b %Y %H:%M:%S %z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_date_has_the_form_of_mail() {
        let text = date(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 20));
        assert_eq!(text.len(), "Wed, 21 Jan 1970 00:00:00 +0000".len());
        assert!(text.contains("Jan 1970"), "{text}");
    }
}
