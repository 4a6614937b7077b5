//! What a server gets of the traffic: its weight, its slow start, its cookie, what it tracks, which idle connections it keeps.

use std::time::Duration;

use locum_model::Text;
use locum_parser::haproxy::units::{self, TimeError, TimeUnit};

use super::OptionWord;

pub(super) fn cookie(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let value = option.required("'cookie' expects <value> as argument.")?;
    option.server.server.value.cookie = Some(Text::from(value));
    Ok(())
}

pub(super) fn id(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'id' : expects an integer argument")?;
    let number = option.number(1);
    if number <= 0 {
        return Err("'id' : custom id has to be > 0".to_owned());
    }
    option.server.server.value.id = u32::try_from(number).unwrap_or(u32::MAX);
    option.server.has_id = true;
    Ok(())
}

pub(super) fn max_reuse(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'max-reuse' expects <value> as argument.")?;
    option.server.server.value.max_reuse = u32::try_from(option.number(1)).ok();
    Ok(())
}

pub(super) fn pool_low_conn(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'pool-low-conn' expects <value> as argument.")?;
    option.server.server.value.pool_low_conn = u32::try_from(option.number(1)).unwrap_or(0);
    Ok(())
}

pub(super) fn pool_max_conn(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'pool-max-conn' expects <value> as argument.")?;
    let number = option.number(1);
    if number < -1 {
        return Err("'pool-max-conn' must be >= -1".to_owned());
    }
    option.server.server.value.pool_max_conn = u32::try_from(number).ok();
    Ok(())
}

pub(super) fn pool_purge_delay(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'pool-purge-delay' expects <value> as argument.")?;
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            option.server.server.value.pool_purge_delay =
                Duration::from_millis(u64::from(time.value));
            Ok(())
        }
        Err(TimeError::Overflow) => Err(format!(
            "timer overflow in argument '{text}' to 'pool-purge-delay' (maximum value is 2147483647 ms or ~24.8 days)"
        )),
        Ok(time) => Err(format!(
            "unexpected character '{}' in argument to <pool-purge-delay>.",
            char::from(time.trailing.unwrap_or(b' '))
        )),
        Err(TimeError::Unexpected(byte)) => Err(format!(
            "unexpected character '{}' in argument to <pool-purge-delay>.",
            char::from(byte)
        )),
        Err(TimeError::Empty) => Err("'pool-purge-delay' expects <value> as argument.".to_owned()),
    }
}

pub(super) fn redir(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let prefix = option.required("'redir' expects <prefix> as argument.")?;
    option.server.server.value.redirect_prefix = Some(Text::from(prefix));
    Ok(())
}

pub(super) fn slowstart(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let server = option.name.to_owned();
    let text = option.required("'slowstart' expects a delay as argument.")?;
    let unexpected = |byte: u8| {
        format!(
            "unexpected character '{}' in 'slowstart' argument of server {server}.",
            char::from(byte)
        )
    };
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            let delay = Duration::from_millis(u64::from(time.value));
            option.server.server.value.slowstart = (time.value > 0).then_some(delay);
            Ok(())
        }
        Err(TimeError::Overflow) => Err(format!(
            "overflow in argument <{text}> to <slowstart> of server {server}, maximum value is 2147483647 ms (~24.8 days)."
        )),
        Ok(time) => Err(unexpected(time.trailing.unwrap_or(b' '))),
        Err(TimeError::Unexpected(byte)) => Err(unexpected(byte)),
        Err(TimeError::Empty) => Err("'slowstart' expects a delay as argument.".to_owned()),
    }
}

pub(super) fn track(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let text = option.required("'track' expects [<proxy>/]<server> as argument.")?;
    let (backend, server) = text.split_once('/').unwrap_or(("", &text));
    option.server.server.value.track = Some((backend.to_owned(), server.to_owned()));
    Ok(())
}

pub(super) fn weight(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let number = option.number(1);
    match u32::try_from(number) {
        Ok(weight @ 0..=256) => {
            option.server.server.value.member.weight = weight;
            option.server.weight_said = true;
            Ok(())
        }
        _ => Err(format!(
            "weight of server {} is not within 0 and 256 ({number}).",
            option.name
        )),
    }
}
