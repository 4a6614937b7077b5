//! May the scripts be run (manual, SCRIPTS; `enable_script_security`)?
//!
//! A script that root runs is insecure if someone else could change or replace it: it, or a folder on its way, belongs
//! to another user or may be written by others (a sticky folder passes). A file that may not be executed isn't judged:
//! it is never run. With script security such a script is not run;
//! without, it is, and a configuration test fails with a status of its own.

use std::{
    borrow::BorrowMut,
    path::{Component, Path, PathBuf},
};

use locum_model::{
    Text,
    script::{Account, Script},
};

use crate::{
    line::errno,
    load::{Pass, System, system::FileFacts},
};

/// What there is to say against a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// There is no such file.
    Missing,
    /// It isn't a file.
    NotAFile,
    /// Whom it is to run as may not execute it.
    NotExecutable,
    /// Others may change it.
    Insecure,
}

const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const EXECUTABLE: u32 = 0o111;
const STICKY: u32 = 0o1000;
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// `startup_script`, `shutdown_script`.
pub(super) fn once(pass: &mut Pass<'_>) {
    let mut used = false;
    let global = &mut pass.draft.configuration.global;
    let mut scripts = [global.startup_script.take(), global.shutdown_script.take()];
    for slot in &mut scripts {
        if let Some(mut script) = slot.take()
            && usable(pass, &mut script).is_ok()
        {
            used = true;
            *slot = Some(script);
        }
    }
    let [startup, shutdown] = scripts;
    let global = &mut pass.draft.configuration.global;
    global.startup_script = startup;
    global.shutdown_script = shutdown;
    if used && !global.script_security {
        pass.security("SECURITY VIOLATION - start/shutdown scripts are being executed but script_security not enabled.");
    }
}

/// `vrrp_script`s: one that can't be run stays out, and so do those lines that track it.
pub(super) fn trackers(pass: &mut Pass<'_>) {
    let scripts = std::mem::take(&mut pass.draft.scripts);
    let mut kept = Vec::new();
    for mut one in scripts {
        let name = one.model.name.value.clone();
        match usable(pass, &mut one.model.script) {
            Ok(()) => {
                pass.draft.scripts_used = true;
                kept.push(one.model);
                continue;
            }
            // Nobody's word is needed: it is as if nobody tracked it.
            Err(Fault::NotExecutable) => {}
            Err(Fault::Missing) => pass.tell(
                crate::load::Kind::Error,
                format!("Disabling track script {name} since not found/accessible"),
            ),
            Err(_) => pass.tell(
                crate::load::Kind::Error,
                format!("Disabling track script {name} due to insecure"),
            ),
        }
        for instance in &mut pass.draft.instances {
            let tracked = &mut instance.model.tracks.scripts;
            tracked.retain(|tracked| tracked.name.value != name);
        }
        for group in &mut pass.draft.groups {
            let tracked = &mut group.model.tracks.scripts;
            tracked.retain(|tracked| tracked.name.value != name);
        }
    }
    pass.draft.configuration.scripts = kept;
}

/// Tells of `vrrp_script`s that nobody tracks.
pub(super) fn unused(pass: &mut Pass<'_>) {
    let draft = &pass.draft;
    let instances = draft.instances.iter().map(|one| &one.model.tracks);
    let groups = draft.groups.iter().map(|one| &one.model.tracks);
    let tracked: std::collections::HashSet<&str> = instances
        .chain(groups)
        .flat_map(|tracks| &tracks.scripts)
        .map(|tracked| tracked.name.value.as_str())
        .collect();
    let names = draft
        .configuration
        .scripts
        .iter()
        .map(|one| &one.name.value);
    let unused: Vec<String> = names
        .filter(|name| !tracked.contains(name.as_str()))
        .cloned()
        .collect();
    for name in unused {
        pass.log(format!("Warning - script {name} is not used"));
    }
}

/// Scripts of instances, groups and FIFOs: one that can't be run is forgotten, which a configuration test doesn't tell.
pub(super) fn notifications(pass: &mut Pass<'_>) {
    let mut instances = std::mem::take(&mut pass.draft.instances);
    for instance in &mut instances {
        notify(pass, &mut instance.model.notify);
    }
    pass.draft.instances = instances;
    let mut groups = std::mem::take(&mut pass.draft.groups);
    for group in &mut groups {
        notify(pass, &mut group.model.notify);
    }
    pass.draft.groups = groups;
    let global = &mut pass.draft.configuration.global;
    let mut common = global.notify_fifo.script.take();
    let mut own = global.vrrp_notify_fifo.script.take();
    check(pass, &mut common);
    check(pass, &mut own);
    let global = &mut pass.draft.configuration.global;
    global.notify_fifo.script = common;
    global.vrrp_notify_fifo.script = own;
}

fn notify(pass: &mut Pass<'_>, notify: &mut locum_model::vrrp::Notify) {
    for slot in [
        &mut notify.backup,
        &mut notify.master,
        &mut notify.fault,
        &mut notify.stop,
        &mut notify.deleted,
        &mut notify.any,
        &mut notify.master_rx_lower_pri,
    ] {
        check(pass, slot);
    }
}

fn check(pass: &mut Pass<'_>, slot: &mut Option<impl BorrowMut<Script>>) {
    let Some(script) = slot else {
        return;
    };
    match usable(pass, script.borrow_mut()) {
        Ok(()) => pass.draft.scripts_used = true,
        Err(_) => *slot = None,
    }
}

/// The verdict over all scripts of a child.
pub(super) fn verdict(pass: &mut Pass<'_>) {
    // Without an instance nothing is run.
    if !pass.draft.scripts_used
        || !pass.present.vrrp
        || pass.draft.configuration.global.script_security
    {
        return;
    }
    let mut text =
        "SECURITY VIOLATION - scripts are being executed but script_security not enabled."
            .to_owned();
    if pass.draft.insecure_scripts {
        text.push_str(" There are insecure scripts.");
    }
    pass.security(text);
}

/// Finds the program of a script and tells whether it may be run.
pub(crate) fn usable_script(pass: &mut Pass<'_>, script: &mut Script) -> bool {
    usable(pass, script).is_ok()
}

/// Finds the program and judges it.
fn usable(pass: &mut Pass<'_>, script: &mut Script) -> Result<(), Fault> {
    let Some(path) = program(pass.system(), script) else {
        if let Some(name) = script.argv.first() {
            pass.log(format!("Cannot find script {name} in path - disabling"));
        }
        return Err(Fault::Missing);
    };
    let shown = path.display();
    let facts = match pass.system().file(&path) {
        Ok(facts) => facts,
        Err(error) => {
            let why = errno(&error);
            pass.log(format!("Script {shown} cannot be accessed - {why}"));
            return Err(Fault::Missing);
        }
    };
    if facts.mode & TYPE != REGULAR {
        pass.log(format!("Wrong file type found in script path '{shown}'."));
        pass.draft.scripts_used = true;
        return Err(Fault::NotAFile);
    }
    let Account { uid, gid } = script.account;
    if !may_execute(facts, script.account) {
        pass.log(format!(
            "WARNING - script '{shown}' is not executable for uid:gid {uid}:{gid} - disabling."
        ));
        pass.draft.scripts_used = true;
        return Err(Fault::NotExecutable);
    }
    if uid == 0 && !is_secure(pass.system(), &path) {
        let disabled = pass.draft.configuration.global.script_security;
        let end = if disabled { " - disabling." } else { "." };
        pass.log(format!(
            "Unsafe permissions found for script '{shown}'{end}"
        ));
        if disabled {
            return Err(Fault::Insecure);
        }
        pass.draft.insecure_scripts = true;
    }
    Ok(())
}

/// By the file's mode; root needs one of the three bits.
fn may_execute(facts: FileFacts, account: Account) -> bool {
    let bits = match account {
        Account { uid: 0, .. } => EXECUTABLE,
        Account { uid, .. } if uid == facts.uid => EXECUTABLE & 0o700,
        Account { gid, .. } if gid == facts.gid => EXECUTABLE & 0o070,
        _ => EXECUTABLE & 0o007,
    };
    facts.mode & bits != 0
}

/// The program's path; a name without a slash is looked for in the usual places, and the script then has the path.
fn program(system: &dyn System, script: &mut Script) -> Option<PathBuf> {
    let name = String::from_utf8_lossy(script.argv.first()?).into_owned();
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let path = system.search_path();
    let found = path
        .iter()
        .map(|folder| folder.join(&name))
        .find(|path| system.file(path).is_ok())?;
    let text = found.as_os_str().as_encoded_bytes().to_vec();
    script.argv[0] = Text::from(text);
    Some(found)
}

/// Whether only root can change the file or replace it by another one.
fn is_secure(system: &dyn System, path: &Path) -> bool {
    let real = system.real_path(path).unwrap_or_else(|| path.to_owned());
    let mut way = PathBuf::new();
    let mut parts = real.components().peekable();
    while let Some(part) = parts.next() {
        way.push(part);
        if part == Component::CurDir {
            continue;
        }
        let Ok(facts) = system.file(&way) else {
            return false;
        };
        let last = parts.peek().is_none();
        let sticky = !last && facts.mode & STICKY != 0;
        let others = facts.mode & WRITABLE_BY_OTHERS != 0;
        let group = facts.mode & WRITABLE_BY_GROUP != 0 && facts.gid != 0;
        if facts.uid != 0 || ((others || group) && !sticky) {
            return false;
        }
    }
    true
}
