//! MISC_CHECK: a program tells whether the server is well.
//!
//! ```text
//! MISC_CHECK {
//!     misc_path "/usr/local/bin/check 192.0.2.21"
//!     misc_timeout 5
//! }
//! ```

use std::time::Duration;

use locum_model::{check::CheckerKind, script::Script};
use locum_parser::keepalived::{Line, strings};

use super::{COMMON, TIMING, keep, read, set_kind};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, Rows, accepted},
};

pub(crate) const ROWS: Rows = &[COMMON, TIMING, WORDS];

const WORDS: &[Row] = &[
    accepted("misc_dynamic", |pass, _| {
        set_kind(pass, |kind| {
            if let CheckerKind::Misc { dynamic, .. } = kind {
                *dynamic = true;
            }
        })
    }),
    accepted("misc_path", misc_path),
    accepted("misc_timeout", |pass, line| {
        let text = pass.parameter(line, 1)?;
        let Some(seconds) = pass.number(number::unsigned(&text, 0, LONGEST_TIMEOUT)) else {
            pass.error(format!("Invalid misc_timeout value '{text}'"));
            return Ok(());
        };
        set_kind(pass, |kind| {
            if let CheckerKind::Misc { timeout, .. } = kind {
                *timeout = Some(Duration::from_secs(seconds.into())).filter(|time| !time.is_zero());
            }
        })
    }),
    accepted("user", user),
];

/// Seconds: what the reference's microseconds have room for.
const LONGEST_TIMEOUT: u32 = 4294;

pub(super) fn misc_check(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    let kind = CheckerKind::Misc {
        script: None,
        timeout: None,
        dynamic: false,
    };
    pass.draft.lvs.account_failed = false;
    let mut checker = read(pass, kind, ROWS)?;
    let script = checker.as_mut().and_then(|checker| checker.script_mut());
    if script.is_none_or(|script| script.is_none()) {
        pass.error("No script path has been specified for MISC_CHECKER - skipping");
    } else if !pass.draft.lvs.account_failed {
        keep(pass, checker);
    }
    Ok(())
}

fn misc_path(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(command) = pass.script_words(line) else {
        return Ok(());
    };
    let Some(first) = command.first() else {
        return Ok(());
    };
    let argv = match strings(first) {
        Ok(argv) => argv,
        Err(error) => {
            pass.error(format!(
                "String '{}': {error}",
                String::from_utf8_lossy(first)
            ));
            return Ok(());
        }
    };
    let Some(account) = pass.default_account() else {
        return Ok(());
    };
    let argv = argv.into_iter().map(Into::into).collect();
    set_script(pass, |script| *script = Some(Script { argv, account }))
}

fn user(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let path = match pass
        .draft
        .lvs
        .checker
        .as_mut()
        .and_then(|checker| checker.script_mut())
    {
        Some(Some(script)) => script
            .argv
            .first()
            .map(|path| path.to_string())
            .unwrap_or_default(),
        _ => String::new(),
    };
    let Some(user) = value::word(line, 1) else {
        pass.error(format!(
            "No user specified for misc checker script '{path}'"
        ));
        return Ok(());
    };
    let Some(account) = pass.account(&user, value::word(line, 2).as_deref()) else {
        pass.error(format!(
            "Failed to set uid/gid for misc checker script '{path}' - removing"
        ));
        pass.draft.lvs.account_failed = true;
        return Ok(());
    };
    set_script(pass, |script| {
        if let Some(script) = script {
            script.account = account;
        }
    })
}

fn set_script(pass: &mut Pass<'_>, change: impl FnOnce(&mut Option<Script>)) -> Result<(), Abort> {
    set_kind(pass, |kind| {
        if let CheckerKind::Misc { script, .. } = kind {
            change(script);
        }
    })
}
