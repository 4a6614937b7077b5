//! Which scripts hear of a change, and with which arguments (keepalived.conf(5), "notify").

use locum_model::{script::Script, vrrp::Notify};
use locum_runtime::script::Command;
use locum_vrrp::effect::{Notice, NoticeState};

use super::{State, kind, word};

/// The scripts in the order they are started: that of the state with its own arguments, then `notify` with four more.
pub(super) fn commands(notice: &Notice, state: State, notify: &Notify) -> Vec<Command> {
    let own = own_script(state, notify).map(|script| Command::of(script, &[]));
    let any = has_general_script(state.said)
        .then_some(notify.any.as_deref())
        .flatten()
        .map(|script| {
            let priority = notice.priority.to_string();
            let more = [
                kind(notice.subject).as_bytes(),
                notice.name.as_bytes(),
                word(state.said).as_bytes(),
                priority.as_bytes(),
            ];
            Command::of(script, &more)
        });
    own.into_iter().chain(any).collect()
}

/// An instance that a reload has removed runs none but `notify_deleted`'s.
fn own_script(state: State, notify: &Notify) -> Option<&Script> {
    match state.said {
        NoticeState::Deleted => notify.deleted.as_deref(),
        _ if state.deleted => None,
        NoticeState::Master => notify.master.as_deref(),
        NoticeState::Backup => notify.backup.as_deref(),
        NoticeState::Fault => notify.fault.as_deref(),
        NoticeState::Stop => notify.stop.as_deref(),
        NoticeState::MasterRxLowerPri => notify.master_rx_lower_pri.as_deref(),
        NoticeState::MasterPriority | NoticeState::BackupPriority => None,
    }
}

/// `notify` hears of states, not of what happens within one.
fn has_general_script(state: NoticeState) -> bool {
    !matches!(
        state,
        NoticeState::MasterRxLowerPri | NoticeState::MasterPriority | NoticeState::BackupPriority
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use locum_model::{Text, script::Account};
    use locum_vrrp::{effect::Subject, identity::InstanceId};

    use super::{super::as_told, *};

    fn script(words: &str) -> Option<Box<Script>> {
        Some(Box::new(Script {
            argv: words.split(' ').map(Text::from).collect(),
            account: Account { uid: 7, gid: 8 },
        }))
    }

    fn told(state: NoticeState, tell_deleted: bool) -> Vec<String> {
        let notify = Notify {
            any: script("/any a"),
            master: script("/master m"),
            fault: script("/fault"),
            deleted: script("/deleted"),
            master_rx_lower_pri: script("/lower"),
            tell_deleted,
            ..Notify::default()
        };
        let notice = Notice {
            subject: Subject::Instance(InstanceId(0)),
            name: Arc::from("VI_1"),
            state,
            priority: 100,
        };
        commands(&notice, as_told(state, &notify), &notify)
            .iter()
            .map(|command| {
                assert_eq!((command.uid, command.gid), (7, 8));
                let words: Vec<_> = command.argv.iter().map(|w| w.to_string_lossy()).collect();
                words.join(" ")
            })
            .collect()
    }

    #[test]
    fn a_state_s_script_comes_first_and_the_general_one_is_told_the_state() {
        assert_eq!(
            told(NoticeState::Master, false),
            ["/master m", "/any a INSTANCE VI_1 MASTER 100"]
        );
        assert_eq!(
            told(NoticeState::Backup, false),
            ["/any a INSTANCE VI_1 BACKUP 100"]
        );
    }

    #[test]
    fn a_lower_priority_has_its_own_script_only_and_a_changed_one_has_none() {
        assert_eq!(told(NoticeState::MasterRxLowerPri, false), ["/lower"]);
        assert!(told(NoticeState::MasterPriority, false).is_empty());
    }

    #[test]
    fn a_deleted_instance_is_in_fault_to_those_who_do_not_know_the_word() {
        assert_eq!(
            told(NoticeState::Deleted, false),
            ["/any a INSTANCE VI_1 FAULT 100"]
        );
        assert_eq!(
            told(NoticeState::Deleted, true),
            ["/deleted", "/any a INSTANCE VI_1 DELETED 100"]
        );
    }
}
