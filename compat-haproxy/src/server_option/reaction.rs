//! What traffic and checks do to a server: `observe`, `on-error`, `on-marked-down` … (manual 5.2).

use locum_model::proxy::{Observe, OnError, OnMarkedDown, OnMarkedUp};

use super::OptionWord;

pub(super) fn error_limit(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.required("'error-limit' expects an integer argument.")?;
    let number = option.number(1);
    if number <= 0 {
        return Err("error-limit has to be > 0.".to_owned());
    }
    option.server.server.value.error_limit = u32::try_from(number).unwrap_or(u32::MAX);
    Ok(())
}

pub(super) fn observe(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    let mode = option.required("'observe' expects <mode> as argument.")?;
    option.server.server.value.observe = match mode.as_str() {
        "none" => None,
        "layer4" => Some(Observe::Layer4),
        "layer7"
            if option.line.draft.proxy.mode == locum_model::proxy::Mode::Http
                || option.line.draft.is_defaults =>
        {
            Some(Observe::Layer7)
        }
        "layer7" => {
            // The reference says so as an alert and goes on.
            let had = option.line.line.shared.fatal;
            let text = format!(
                "[{}] : 'server {}/{}' : 'layer7' can only be used in http proxies..",
                option.line.line.at,
                option.line.draft.name(),
                option.name
            );
            let at = option.line.line.at.clone();
            option.line.line.shared.alert(&at, text);
            option.line.line.shared.fatal = had;
            None
        }

        other => {
            return Err(format!(
                "'observe' expects one of 'none', 'layer4', 'layer7' but got '{other}'"
            ));
        }
    };
    Ok(())
}

pub(super) fn on_error(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    option.server.server.value.on_error = match option.text(1).as_str() {
        "fastinter" => OnError::FastInter,
        "fail-check" => OnError::FailCheck,
        "sudden-death" => OnError::SuddenDeath,
        "mark-down" => OnError::MarkDown,
        other => {
            return Err(format!(
                "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '{other}'"
            ));
        }
    };
    Ok(())
}

pub(super) fn on_marked_down(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "shutdown-sessions" => {
            option.server.server.value.on_marked_down = OnMarkedDown::ShutdownSessions
        }
        other => {
            return Err(format!(
                "'on-marked-down' expects 'shutdown-sessions' but got '{other}'"
            ));
        }
    }
    Ok(())
}

pub(super) fn on_marked_up(option: &mut OptionWord<'_, '_, '_>) -> Result<(), String> {
    match option.text(1).as_str() {
        "shutdown-backup-sessions" => {
            option.server.server.value.on_marked_up = OnMarkedUp::ShutdownBackupSessions;
        }
        other => {
            return Err(format!(
                "'on-marked-up' expects 'shutdown-backup-sessions' but got '{other}'"
            ));
        }
    }
    Ok(())
}
