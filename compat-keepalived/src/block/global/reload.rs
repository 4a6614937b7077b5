//! Reloading (`reload_…`).

use locum_model::keepalived::{ReloadCheck, ReloadFile};

use crate::{
    load::value,
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("reload_check_config", |pass, line| {
        let log_file = value::word(line, 1).map(Into::into);
        pass.draft.configuration.global.reload_check_config = Some(ReloadCheck { log_file });
        Ok(())
    }),
    row("reload_file", |pass, line| {
        let path = value::word(line, 1).map(Into::into);
        pass.draft.configuration.global.reload_file = Some(ReloadFile { path });
        Ok(())
    }),
    row("reload_repeat", |pass, _| {
        pass.draft.configuration.global.reload_repeat = true;
        Ok(())
    }),
    row("reload_time_file", |pass, line| {
        match (value::word(line, 1), line.words.len()) {
            (Some(path), 2) => pass.draft.configuration.global.reload_time_file = Some(path.into()),
            _ => pass.error("reload_time_file invalid"),
        }
        Ok(())
    }),
];
