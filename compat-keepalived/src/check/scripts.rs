//! May the scripts be run (manual, SCRIPTS; `enable_script_security`)?
//!
//! A script that root runs is insecure if someone else could change or replace it: it, or a folder on its way, belongs
//! to another user or may be written by others (a sticky folder passes). With script security such a script is not run;
//! without, it is, and a configuration test fails with a status of its own. What can't be executed isn't run either way.
//! A configuration test tells the verdicts, the log of a daemon their reasons, too.

use std::{
    borrow::BorrowMut,
    path::{Component, Path, PathBuf},
};

use locum_model::{
    Text,
    script::{Account, Script},
};

use crate::load::{Kind, Pass, System, system::FileFacts};

/// What there is to say against a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// There is no such file.
    Missing,
    /// It isn't a file that can be run.
    NotAFile,
    /// Whoever it would run as may not execute it.
    NotExecutable,
    /// Others may change it.
    Insecure,
}

const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const EXECUTABLE: u32 = 0o111;
const OWNERS: u32 = 0o700;
const GROUPS: u32 = 0o070;
const OTHERS: u32 = 0o007;
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
        let text = "SECURITY VIOLATION - start/shutdown scripts are being executed but script_security not enabled.";
        violation(pass, text);
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
                kept.push(one);
                continue;
            }
            Err(Fault::NotExecutable) => {}
            Err(Fault::Missing) => pass.tell(
                Kind::Error,
                format!("Disabling track script {name} since not found/accessible"),
            ),
            Err(_) => pass.tell(
                Kind::Error,
                format!("Disabling track script {name} due to insecure"),
            ),
        }
        for instance in &mut pass.draft.instances {
            let tracked = &mut instance.tracks.scripts;
            tracked.retain(|tracked| tracked.name.value != name);
        }
        for group in &mut pass.draft.groups {
            let tracked = &mut group.tracks.scripts;
            tracked.retain(|tracked| tracked.name.value != name);
        }
    }
    pass.draft.scripts = kept;
}

/// Scripts of instances, groups and FIFOs: one that can't be run is forgotten.
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
    let text = "SECURITY VIOLATION - scripts are being executed but script_security not enabled.";
    violation(pass, text);
}

fn violation(pass: &mut Pass<'_>, text: &str) {
    let mut text = text.to_owned();
    if pass.draft.insecure_scripts {
        text.push_str(" There are insecure scripts.");
    }
    pass.security(text);
}

/// Finds the program of a script and tells whether it may be run.
pub(crate) fn usable_script(pass: &mut Pass<'_>, script: &mut Script) -> bool {
    usable(pass, script).is_ok()
}

/// Finds the program and judges it; the log gets to know why.
fn usable(pass: &mut Pass<'_>, script: &mut Script) -> Result<(), Fault> {
    let path = program(pass, script).ok_or(Fault::Missing)?;
    let name = path.display();
    let facts = match pass.system().file(&path) {
        Ok(facts) => facts,
        Err(error) => {
            let why = crate::line::errno(&error);
            let text = format!("Script {name} cannot be accessed - {why}");
            pass.tell(Kind::Log, text);
            return Err(Fault::Missing);
        }
    };
    if facts.mode & TYPE != REGULAR {
        pass.draft.scripts_used = true;
        let text = format!("Wrong file type found in script path '{name}'.");
        pass.tell(Kind::Log, text);
        return Err(Fault::NotAFile);
    }
    if !may_execute(&facts, script.account) {
        let Account { uid, gid } = script.account;
        let text = format!(
            "WARNING - script '{name}' is not executable for uid:gid {uid}:{gid} - disabling."
        );
        pass.tell(Kind::Log, text);
        pass.draft.scripts_used = true;
        return Err(Fault::NotExecutable);
    }
    if script.account.uid == 0 && !is_secure(pass.system(), &path) {
        // Links are named as what they lead to.
        let path = pass.system().real_path(&path).unwrap_or(path);
        let disabled = pass.draft.configuration.global.script_security;
        let end = if disabled { " - disabling" } else { "" };
        let name = path.display();
        let text = format!("Unsafe permissions found for script '{name}'{end}.");
        pass.tell(Kind::Log, text);
        if disabled {
            return Err(Fault::Insecure);
        }
        pass.draft.insecure_scripts = true;
    }
    Ok(())
}

/// Whether this account may: root whatever anybody may, others by the first class that they belong to. Scripts run
/// without further groups.
fn may_execute(facts: &FileFacts, account: Account) -> bool {
    let wanted = match account {
        Account { uid: 0, .. } => EXECUTABLE,
        Account { uid, .. } if uid == facts.uid => EXECUTABLE & OWNERS,
        Account { gid, .. } if gid == facts.gid => EXECUTABLE & GROUPS,
        _ => EXECUTABLE & OTHERS,
    };
    facts.mode & wanted != 0
}

/// The program's path; a name without a slash is looked for in the usual places, and the script then has the path.
fn program(pass: &mut Pass<'_>, script: &mut Script) -> Option<PathBuf> {
    let name = String::from_utf8_lossy(script.argv.first()?).into_owned();
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let system = pass.system();
    let folders = system.search_path();
    let mut paths = folders.iter().map(|folder| folder.join(&name));
    let Some(found) = paths.find(|path| system.file(path).is_ok()) else {
        let text = format!("Cannot find script {name} in path - disabling");
        pass.tell(Kind::Log, text);
        return None;
    };
    let text = format!(
        "WARNING - script `{name}` resolved by path search to `{}`. Please specify full path.",
        found.display()
    );
    pass.tell(Kind::Log, text);
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
