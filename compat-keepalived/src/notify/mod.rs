//! Scripts, FIFOs and mail that hear of changes.
//!
//! ```text
//! Notice ─▶ FIFOs      INSTANCE "VI_1" MASTER 100     at once and in order, lost when nobody reads
//!        ─▶ scripts    notify_master, then notify …   started, not waited for
//!        ─▶ mail       [router] VRRP Instance VI_1 - Entering MASTER state
//! ```
//! What scripts and mail have to say later arrives at [`Notifier`]'s channel.

mod fifo;
mod mail;
mod message;
mod scripts;

use std::{sync::Arc, time::Duration};

use locum_model::{
    keepalived::Configuration,
    vrrp::{Instance, Notify, SyncGroup},
};
use locum_runtime::{alert, script::Command};
use locum_vrrp::effect::{Notice, NoticeState, Subject};
use tokio::sync::{OnceCell, mpsc};

pub use message::Message;

use self::fifo::Fifos;

/// Tells of changes. Lives within a runtime. Dropped, it takes away the FIFOs that it has made, and ends their readers.
#[derive(Debug)]
pub struct Notifier {
    configuration: Arc<Configuration>,
    instances: Places,
    groups: Places,
    fifos: Fifos,
    news: mpsc::UnboundedSender<Message>,
    host: String,
    /// What others call this machine, asked once for each configuration.
    names: Arc<OnceCell<Option<String>>>,
}

/// How long a mail waits for the machine's name.
const LOOKUP: Duration = Duration::from_secs(15);

impl Notifier {
    /// Opens FIFOs and starts their readers. `host` is the name of this machine; what happens later, and what goes wrong,
    /// is sent to `news`.
    pub fn new(
        configuration: Arc<Configuration>,
        host: &str,
        news: mpsc::UnboundedSender<Message>,
    ) -> Self {
        let fifos = Fifos::open(&configuration.global, &news);
        let mut notifier = Self {
            configuration: Arc::new(Configuration::default()),
            instances: Places::default(),
            groups: Places::default(),
            fifos,
            news,
            host: host.to_owned(),
            names: Arc::default(),
        };
        notifier.take(configuration);
        notifier
    }

    /// The configuration that holds.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// Another configuration holds. FIFOs that stay are left as they are.
    pub fn reload(&mut self, configuration: Arc<Configuration>) {
        self.fifos.reload(&configuration.global, &self.news);
        self.names = Arc::default();
        self.take(configuration);
    }

    fn take(&mut self, configuration: Arc<Configuration>) {
        self.instances = Places::by(&configuration.instances, |instance| &instance.name);
        self.groups = Places::by(&configuration.sync_groups, |group| &group.name);
        self.configuration = configuration;
    }

    /// The end has begun: what is told from here on is told last.
    pub fn stopping(&mut self) {
        self.fifos.stopping();
    }

    /// What the subject of a notice says of notifications.
    fn told<'a>(&self, configuration: &'a Configuration, notice: &Notice) -> Option<Told<'a>> {
        match notice.subject {
            Subject::Instance(_) => {
                let instances = &configuration.instances;
                let found = self
                    .instances
                    .find(instances, &notice.name, |one| &one.name);
                found.map(|instance| Told::instance(instance))
            }
            Subject::Group(_) => {
                let groups = &configuration.sync_groups;
                let found = self.groups.find(groups, &notice.name, |one| &one.name);
                found.map(Told::group)
            }
        }
    }

    /// Tells FIFOs of a state that stands.
    pub fn restate(&mut self, notice: &Notice) {
        let configuration = self.configuration.clone();
        if let Some(told) = self.told(&configuration, notice) {
            let state = as_told(notice.state, told.notify);
            self.fifos.tell(notice, state, &self.news);
        }
    }

    /// Tells of a change.
    pub fn notify(&mut self, notice: &Notice) {
        let configuration = self.configuration.clone();
        let Some(told) = self.told(&configuration, notice) else {
            return;
        };
        let state = as_told(notice.state, told.notify);
        if is_about_priority(state) && !told.priorities {
            return;
        }
        self.fifos.tell(notice, state, &self.news);
        for command in scripts::commands(notice, state, told.notify) {
            run(&command, &self.news);
        }
        if told.mail {
            let (notice, news, host) = (notice.clone(), self.news.clone(), self.host.clone());
            let names = self.names.clone();
            tokio::spawn(async move {
                let global = &configuration.global;
                let mut host = mail::Host {
                    own: host,
                    canonical: None,
                };
                // Whether there is a mail is asked before servers of names are.
                if mail::alert(global, &host, &notice, state).is_none() {
                    return;
                }
                if mail::names_host(global) {
                    let lookup = || alert::canonical(host.own.clone(), LOOKUP);
                    host.canonical = names.get_or_init(lookup).await.clone();
                }
                let Some(alert) = mail::alert(global, &host, &notice, state) else {
                    return;
                };
                let server = alert.server;
                alert::send(&alert, |event| {
                    let _ = news.send(Message::Mail { server, event });
                })
                .await;
            });
        }
    }
}

/// What an instance or a group says of notifications.
struct Told<'a> {
    notify: &'a Notify,
    mail: bool,
    priorities: bool,
}

impl<'a> Told<'a> {
    fn instance(instance: &'a Instance) -> Self {
        Self {
            notify: &instance.notify,
            mail: instance.smtp_alert,
            priorities: instance.notify_priority_changes,
        }
    }

    fn group(group: &'a SyncGroup) -> Self {
        Self {
            notify: &group.notify,
            mail: group.smtp_alert,
            priorities: group.notify_priority_changes,
        }
    }
}

/// Where the ones of a name stand in a list of the configuration, in the order of their names.
#[derive(Debug, Default)]
struct Places(Vec<u32>);

impl Places {
    fn by<T>(list: &[T], name: impl Fn(&T) -> &str) -> Self {
        let mut places: Vec<u32> = (0..).take(list.len()).collect();
        places.sort_by_key(|at| name(&list[*at as usize]));
        Self(places)
    }

    /// The one of this name in the list that [`by`](Self::by) got; the last one, if there are several.
    fn find<'a, T>(&self, list: &'a [T], wanted: &str, name: impl Fn(&T) -> &str) -> Option<&'a T> {
        let of = |at: &u32| list.get(*at as usize);
        let behind = self
            .0
            .partition_point(|at| of(at).is_some_and(|one| name(one) <= wanted));
        let found = of(self.0.get(behind.checked_sub(1)?)?)?;
        (name(found) == wanted).then_some(found)
    }
}

/// A deleted instance is told as in fault, unless `notify_deleted` says that its readers know the word.
fn as_told(state: NoticeState, notify: &Notify) -> State {
    match state {
        NoticeState::Deleted if !notify.tell_deleted => State {
            said: NoticeState::Fault,
            deleted: true,
        },
        said => State {
            said,
            deleted: said == NoticeState::Deleted,
        },
    }
}

/// What is said, and whether it is about an instance that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    said: NoticeState,
    deleted: bool,
}

fn is_about_priority(state: State) -> bool {
    matches!(
        state.said,
        NoticeState::MasterPriority | NoticeState::BackupPriority
    )
}

/// The word that scripts and FIFOs get.
fn word(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Master => "MASTER",
        NoticeState::Backup => "BACKUP",
        NoticeState::Fault => "FAULT",
        NoticeState::Stop => "STOP",
        NoticeState::Deleted => "DELETED",
        NoticeState::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
        NoticeState::MasterPriority => "MASTER_PRIORITY",
        NoticeState::BackupPriority => "BACKUP_PRIORITY",
    }
}

/// Whom a notice is about, in the word that scripts and FIFOs get.
fn kind(subject: Subject) -> &'static str {
    match subject {
        Subject::Instance(_) => "INSTANCE",
        Subject::Group(_) => "GROUP",
    }
}

/// Starts a program that nobody waits for but to tell that it never ran.
fn run(command: &Command, news: &mpsc::UnboundedSender<Message>) {
    let program = command.argv.first().cloned().unwrap_or_default();
    match command.start() {
        Ok(script) => {
            let news = news.clone();
            tokio::spawn(async move {
                if let Ok(locum_runtime::script::Ended::NotExecuted(errno)) = script.ended().await {
                    let _ = news.send(Message::NotExecuted { program, errno });
                }
            });
        }
        Err(error) => {
            let _ = news.send(Message::NotStarted { program, error });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_of_a_name_is_found() {
        let numbered: Vec<(&str, usize)> = ["b", "a", "c", "b"].into_iter().zip(0..).collect();
        let places = Places::by(&numbered, |one| one.0);
        let found = |name| places.find(&numbered, name, |one| one.0).map(|one| one.1);
        assert_eq!(["a", "b", "c"].map(found), [Some(1), Some(3), Some(2)]);
        assert_eq!(["", "aa", "d"].map(found), [None; 3]);
        assert_eq!(Places::default().find(&numbered, "a", |one| one.0), None);
    }
}
