//! What words' arguments may be: numbers, delays, or just something.

use std::time::Duration;

use locum_parser::haproxy::units::{self, TimeError, TimeUnit};

use super::OptionWord;

pub(super) fn nothing(_: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    Ok(())
}

pub(super) fn required(option: &mut OptionWord<'_, '_, '_>, otherwise: &str) -> Result<(), String> {
    option.required(otherwise).map(|_| ())
}

/// A number of connections: 0 and what is no number mean no limit.
pub(super) fn count(option: &OptionWord<'_, '_, '_>) -> Option<u32> {
    u32::try_from(option.number(1))
        .ok()
        .filter(|number| *number > 0)
}

pub(super) fn positive(option: &OptionWord<'_, '_, '_>) -> Result<u32, String> {
    let word = option.text(0);
    option.required(&format!("'{word}' expects an integer argument."))?;
    match u32::try_from(option.number(1).min(i64::from(u32::MAX))) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("'{word}' has to be > 0.")),
    }
}

/// A delay that isn't 0. The reference calls every one of them `agent-inter` when a character is wrong.
pub(super) fn delay(
    option: &mut OptionWord<'_, '_, '_>,
    otherwise: &str,
) -> Result<Duration, String> {
    let (word, server) = (option.text(0), option.name.to_owned());
    let text = option.required(&format!("'{word}' {otherwise}"))?;
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_some() => Err(format!(
            "unexpected character '{}' in 'agent-inter' argument of server {server}.",
            char::from(time.trailing.unwrap_or(b' '))
        )),
        Ok(time) if time.value == 0 => Err(format!(
            "invalid value 0 for argument '{word}' of server {server}."
        )),
        Ok(time) => Ok(Duration::from_millis(u64::from(time.value))),
        Err(TimeError::Overflow) => Err(format!(
            "timer overflow in argument <{text}> to <{word}> of server {server}, maximum value is 2147483647 ms (~24.8 days)."
        )),
        Err(TimeError::Unexpected(byte)) => Err(format!(
            "unexpected character '{}' in 'agent-inter' argument of server {server}.",
            char::from(byte)
        )),
        Err(TimeError::Empty) => Err(format!("'{word}' {otherwise}")),
    }
}
