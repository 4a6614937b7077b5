//! Sync groups at the end: members that exist, each in one group only.

use locum_model::{Located, keepalived::Global};

use crate::{
    draft::Group,
    load::{Kind, Pass},
};

pub(super) fn complete(pass: &mut Pass<'_>) {
    let global = pass.draft.configuration.global.clone();
    let groups = std::mem::take(&mut pass.draft.groups);
    let mut kept = Vec::new();
    let mut taken = Vec::new();
    for mut group in groups {
        inherit(&mut group, &global);
        if members(pass, &mut group, &mut taken) {
            kept.push(group);
        }
    }
    pass.draft.groups = kept;
}

fn inherit(group: &mut Group, global: &Global) {
    let mail = &global.smtp;
    group.model.smtp_alert = group
        .smtp_alert
        .or(mail.alert_vrrp)
        .or(mail.alert)
        .unwrap_or(false);
    group.model.notify_priority_changes = group
        .notify_priority_changes
        .unwrap_or(global.vrrp_notify_priority_changes);
}

fn members(pass: &mut Pass<'_>, group: &mut Group, taken: &mut Vec<String>) -> bool {
    let name = group.model.name.value.clone();
    if group.model.members.is_empty() {
        let text = format!("Sync group {name} has no virtual router(s). removing");
        pass.tell(Kind::Error, text);
        return false;
    }
    let mut found: Vec<Located<String>> = Vec::new();
    for member in std::mem::take(&mut group.model.members) {
        let text = if !pass
            .draft
            .instances
            .iter()
            .any(|one| one.name() == member.value)
        {
            format!(
                "Virtual router {} specified in sync group {name} doesn't exist - ignoring",
                member.value
            )
        } else if taken.contains(&member.value) {
            format!(
                "Virtual router {} cannot exist in more than one sync group; ignoring {name}",
                member.value
            )
        } else {
            taken.push(member.value.clone());
            found.push(member);
            continue;
        };
        pass.tell(Kind::Error, text);
    }
    let count = found.len();
    group.model.members = found;
    match count {
        0 => pass.tell(Kind::Error, format!("Sync group {name}, no matching virtual router found in group declaration - removing")),
        1 => pass.tell(Kind::Error, format!("Sync group {name} has only 1 virtual router(s) - this probably isn't what you want")),
        _ => {}
    }
    count > 0
}
