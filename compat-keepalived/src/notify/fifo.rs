//! FIFOs that changes are written to, a line each: `INSTANCE "VI_1" MASTER 100`.
//!
//! They are opened for reading, too, so that opening never waits for a reader, and never block: what a full one doesn't
//! take is lost.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, chown},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use locum_model::{keepalived::Global, script};
use locum_runtime::script::{Command, Ended, Script};
use locum_vrrp::effect::Notice;
use nix::{errno::Errno, fcntl::OFlag, sys::stat::Mode, unistd::mkfifo};
use tokio::sync::mpsc;

use super::{Message, State, kind, word};

/// `notify_fifo` and `vrrp_notify_fifo`.
#[derive(Debug)]
pub(super) struct Fifos {
    open: Vec<Fifo>,
}

#[derive(Debug)]
struct Fifo {
    config: script::Fifo,
    file: Option<File>,
    /// We have made it, and take it away at the end.
    made: Option<PathBuf>,
    reader: Option<Arc<Reader>>,
}

/// The program that reads a FIFO.
#[derive(Debug)]
struct Reader {
    script: Script,
    /// It has ended: its process group may be another one's by now.
    ended: AtomicBool,
    /// It was told to end, so that nobody wonders.
    told: AtomicBool,
}

impl Reader {
    fn terminate(&self) {
        self.told.store(true, Relaxed);
        if !self.ended.load(Relaxed) {
            self.script.terminate();
        }
    }
}

impl Fifos {
    pub(super) fn open(global: &Global, news: &mpsc::UnboundedSender<Message>) -> Self {
        Self {
            open: configured(global)
                .map(|config| Fifo::open(config, news))
                .collect(),
        }
    }

    /// Those that stay as they are keep their readers.
    pub(super) fn reload(&mut self, global: &Global, news: &mpsc::UnboundedSender<Message>) {
        let mut old = std::mem::take(&mut self.open);
        let mut wanted = Vec::new();
        for config in configured(global) {
            let same = old.iter().position(|fifo| fifo.config == *config);
            wanted.push((config, same.map(|at| old.swap_remove(at))));
        }
        // Old ones go before new ones are made: the path may be the same.
        drop(old);
        self.open = wanted
            .into_iter()
            .map(|(config, same)| same.unwrap_or_else(|| Fifo::open(config, news)))
            .collect();
    }

    /// The end has begun. Readers are told so before the last lines are written, as the reference has it: only one that
    /// goes on in spite of SIGTERM sees them.
    pub(super) fn stopping(&mut self) {
        for fifo in &mut self.open {
            if let Some(reader) = fifo.reader.take() {
                reader.terminate();
            }
        }
    }

    /// Writes a change to each.
    pub(super) fn tell(
        &mut self,
        notice: &Notice,
        state: State,
        news: &mpsc::UnboundedSender<Message>,
    ) {
        let line = line(notice, state);
        for fifo in &mut self.open {
            let Some(file) = &mut fifo.file else {
                continue;
            };
            // A line is shorter than a pipe's atomic unit: it is taken whole or not at all.
            match file.write(line.as_bytes()) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    let path = fifo.config.path.clone().unwrap_or_default();
                    let _ = news.send(Message::FifoWrite { path, error });
                }
            }
        }
    }
}

/// The line of a change.
fn line(notice: &Notice, state: State) -> String {
    format!(
        "{} \"{}\" {} {}\n",
        kind(notice.subject),
        notice.name,
        word(state.said),
        notice.priority
    )
}

fn configured(global: &Global) -> impl Iterator<Item = &script::Fifo> {
    [&global.notify_fifo, &global.vrrp_notify_fifo]
        .into_iter()
        .filter(|fifo| fifo.path.is_some())
}

impl Fifo {
    fn open(config: &script::Fifo, news: &mpsc::UnboundedSender<Message>) -> Self {
        let mut fifo = Self {
            config: config.clone(),
            file: None,
            made: None,
            reader: None,
        };
        let Some(path) = &config.path else {
            return fifo;
        };
        match mkfifo(path, Mode::from_bits_truncate(0o600)) {
            Ok(()) => {
                fifo.made = Some(path.clone());
                let owner = config.owner;
                if let Err(error) = chown(path, Some(owner.uid), Some(owner.gid)) {
                    let path = path.clone();
                    let _ = news.send(Message::FifoOpen { path, error });
                }
            }
            Err(Errno::EEXIST) => {}
            Err(error) => {
                let (path, error) = (path.clone(), error.into());
                let _ = news.send(Message::FifoMake { path, error });
                return fifo;
            }
        }
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags.bits())
            .open(path);
        match opened {
            Ok(file) => fifo.file = Some(file),
            Err(error) => {
                let path = path.clone();
                let _ = news.send(Message::FifoOpen { path, error });
                return fifo;
            }
        }
        if let Some(script) = &config.script {
            let command = Command::of(script, &[path.as_os_str().as_encoded_bytes()]);
            fifo.reader = start_reader(&command, news);
        }
        fifo
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            reader.terminate();
        }
        if let Some(path) = &self.made {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Starts the program that reads a FIFO.
fn start_reader(command: &Command, news: &mpsc::UnboundedSender<Message>) -> Option<Arc<Reader>> {
    let program = command.argv.first().cloned().unwrap_or_default();
    let script = match command.start() {
        Ok(script) => script,
        Err(error) => {
            let _ = news.send(Message::NotStarted { program, error });
            return None;
        }
    };
    let reader = Arc::new(Reader {
        script,
        ended: AtomicBool::new(false),
        told: AtomicBool::new(false),
    });
    tokio::spawn(follow(reader.clone(), program, news.clone()));
    Some(reader)
}

async fn follow(
    reader: Arc<Reader>,
    program: std::ffi::OsString,
    news: mpsc::UnboundedSender<Message>,
) {
    let ended = reader.script.ended().await;
    reader.ended.store(true, Relaxed);
    let message = match ended {
        Ok(Ended::NotExecuted(errno)) => Message::NotExecuted { program, errno },
        _ if reader.told.load(Relaxed) => return,
        _ => Message::ReaderEnded,
    };
    let _ = news.send(message);
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use locum_vrrp::{
        effect::{NoticeState, Subject},
        identity::GroupId,
    };

    use super::*;

    fn notice() -> (Notice, State) {
        let notice = Notice {
            subject: Subject::Group(GroupId(0)),
            name: Arc::from("G 1"),
            state: NoticeState::Master,
            priority: 0,
        };
        let state = State {
            said: NoticeState::Master,
            deleted: false,
        };
        (notice, state)
    }

    #[test]
    fn lines_arrive_in_order_and_a_reader_that_does_not_read_holds_nobody_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fifo");
        let (news, mut messages) = mpsc::unbounded_channel();
        let mut global = Global::default();
        global.vrrp_notify_fifo.path = Some(path.clone());
        global.vrrp_notify_fifo.owner = script::Account {
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
        };
        let mut fifos = Fifos::open(&global, &news);
        let (notice, state) = notice();
        fifos.tell(&notice, state, &news);
        fifos.tell(&notice, state, &news);
        let mut reader = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&path)
            .expect("it is there");
        let mut text = [0; 256];
        let length = reader.read(&mut text).expect("lines");
        assert_eq!(
            &text[..length],
            b"GROUP \"G 1\" MASTER 0\nGROUP \"G 1\" MASTER 0\n"
        );
        for _ in 0..10_000 {
            fifos.tell(&notice, state, &news);
        }
        drop(fifos);
        assert!(!path.exists(), "what we have made we take away");
        drop(news);
        assert!(messages.try_recv().is_err(), "nothing went wrong");
    }
}
