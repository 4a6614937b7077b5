//! BFD_CHECK and FILE_CHECK: the server is as a session or a file says.

use locum_model::{check::CheckerKind, lvs::Protocol};
use locum_parser::keepalived::Line;

use super::{keep, read, set, set_kind};
use crate::{
    load::{Abort, Pass, number, value},
    lvs::{protocol_name, server, switch},
    row::{Rows, accepted},
};

pub(crate) const BFD: Rows = &[&[
    accepted("alpha", |pass, line| {
        let alpha = switch(pass, line, "Invalid alpha parameter");
        set(pass, |checker| checker.alpha = alpha.or(checker.alpha))
    }),
    accepted("name", bfd_name),
]];

pub(crate) const FILE: Rows = &[&[
    accepted("track_file", track_file),
    accepted("weight", weight),
]];

pub(super) fn bfd_check(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    let kind = CheckerKind::Bfd {
        name: String::new(),
    };
    let checker = read(pass, kind, BFD)?;
    match checker.as_ref().map(|checker| &checker.kind.value) {
        Some(CheckerKind::Bfd { name }) if name.is_empty() => {
            // A name that was wrong has been told.
            if !std::mem::take(&mut pass.draft.lvs.name_failed) {
                complain(
                    pass,
                    "No name has been specified for BFD_CHECKER - skipping",
                );
            }
        }
        _ => keep(pass, checker),
    }
    pass.draft.lvs.name_failed = false;
    Ok(())
}

fn complain(pass: &mut Pass<'_>, text: &str) {
    let protocol: Option<Protocol> = server(pass).protocol;
    let address = pass.draft.lvs.real.as_ref().map(|real| real.address.value);
    let of = address.map_or_else(String::new, |(ip, port)| {
        format!("[{ip}]:{}:{port}", protocol_name(protocol))
    });
    pass.error(format!("({of}) {text}"));
}

fn bfd_name(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let before = match pass
        .draft
        .lvs
        .checker
        .as_ref()
        .map(|checker| &checker.kind.value)
    {
        Some(CheckerKind::Bfd { name }) => name.clone(),
        _ => String::new(),
    };
    let Some(given) = value::word(line, 1).filter(|_| line.words.len() == 2) else {
        pass.draft.lvs.name_failed = true;
        complain(
            pass,
            "BFD_CHECK - No or too many names specified - skipping checker",
        );
        return Ok(());
    };
    if !before.is_empty() {
        complain(
            pass,
            &format!("BFD_CHECK - BFD {given} already specified as {before}"),
        );
        return Ok(());
    }
    if !pass.draft.bfd.iter().any(|one| one.name.value == given) {
        pass.draft.lvs.name_failed = true;
        complain(pass, &format!("BFD_CHECK - BFD {given} not configured"));
        return Ok(());
    }
    set_kind(pass, |kind| {
        if let CheckerKind::Bfd { name } = kind {
            *name = given;
        }
    })
}

pub(super) fn file_check(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    let kind = CheckerKind::File {
        name: String::new(),
        weight: None,
        reverse: false,
    };
    let checker = read(pass, kind, FILE)?;
    match checker.as_ref().map(|checker| &checker.kind.value) {
        Some(CheckerKind::File { name, .. }) if name.is_empty() => {
            pass.error("FILE_CHECK has no track_file specified - ignoring");
        }
        _ => keep(pass, checker),
    }
    Ok(())
}

fn track_file(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let given = pass.parameter(line, 1)?;
    if !pass
        .draft
        .files
        .iter()
        .any(|file| file.model.name.value == given)
    {
        pass.error(format!("track_file {given} not found"));
        return Ok(());
    }
    set_kind(pass, |kind| {
        if let CheckerKind::File { name, .. } = kind {
            *name = given;
        }
    })
}

fn weight(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    const HEAVIEST: i32 = i32::MAX;
    let Some(text) = value::word(line, 1) else {
        pass.error("track file weight missing");
        return Ok(());
    };
    let Some(number) = pass.number(number::signed(&text, -HEAVIEST, HEAVIEST)) else {
        pass.error(format!(
            "weight for track file must be in [-{HEAVIEST}..{HEAVIEST}] inclusive. Ignoring..."
        ));
        return Ok(());
    };
    let turned = match value::word(line, 2).as_deref() {
        None | Some("noreverse") => false,
        Some("reverse") => true,
        Some(other) => {
            pass.error(format!(
                "unknown track file weight option {other} - ignoring"
            ));
            return Ok(());
        }
    };
    set_kind(pass, |kind| {
        if let CheckerKind::File {
            weight, reverse, ..
        } = kind
        {
            *weight = Some(number);
            *reverse = turned;
        }
    })
}
