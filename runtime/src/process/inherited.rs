//! A worker's side of its master: the configuration's bytes, the listeners of its predecessor, and the channel back.

use std::{
    env,
    fs::File,
    io::{self, Read, Seek},
    os::{fd::RawFd, unix::net::UnixStream},
    thread,
};

use locum_kernel::{adopt, environment};

use super::handover::{self, Listener};

/// The environment variable that makes a process a worker: `CHANNEL,CONFIGURATION,COMMANDS`, descriptor numbers.
pub const MARKER: &str = "LOCUM_WORKER";

/// What a worker gets from its master.
#[derive(Debug)]
pub struct Inherited {
    /// The configuration as the master read it, in the face's own encoding.
    pub configuration: Vec<u8>,
    /// The listeners of the worker before; what isn't picked closes with this.
    pub listeners: Vec<Listener>,
    channel: UnixStream,
    commands: UnixStream,
}

impl Inherited {
    /// `None` in a process that no master started. To be called first, with one thread: the master waits for it.
    pub fn from_environment() -> io::Result<Option<Self>> {
        let Some(marker) = env::var_os(MARKER) else {
            return Ok(None);
        };
        environment::remove(MARKER.as_ref())?;
        let numbers: Option<Vec<RawFd>> = marker
            .to_str()
            .and_then(|text| text.split(',').map(|number| number.parse().ok()).collect());
        let [channel, configuration, commands] = numbers
            .as_deref()
            .unwrap_or_default()
            .try_into()
            .map_err(|_| io::ErrorKind::InvalidInput)?;
        let channel = UnixStream::from(adopt::inherited(channel)?);
        let commands = UnixStream::from(adopt::inherited(commands)?);
        let mut file = File::from(adopt::inherited(configuration)?);
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(Some(Self {
            configuration: bytes,
            listeners: handover::take(&channel)?,
            channel,
            commands,
        }))
    }

    /// Splits off the channel, when configuration and listeners go different ways.
    pub fn into_parts(self) -> (Vec<u8>, Vec<Listener>, ToMaster) {
        let to_master = ToMaster {
            channel: self.channel,
            commands: self.commands,
        };
        (self.configuration, self.listeners, to_master)
    }
}

/// The channel from a worker to its master.
#[derive(Debug)]
pub struct ToMaster {
    channel: UnixStream,
    commands: UnixStream,
}

impl ToMaster {
    /// Where the master hands over clients of its command socket ([`super::console::hand_over`]).
    pub fn commands(&self) -> &UnixStream {
        &self.commands
    }

    /// This worker serves: the master keeps copies of its listeners for the next one and dismisses the one before.
    pub fn serving(&self, listeners: &[Listener]) -> io::Result<()> {
        handover::offer(&self.channel, listeners)
    }

    /// Calls `gone` when the master has ended, however it did: a worker without a master must not stay. This needs a
    /// thread, so it comes before [`super::Running::serving`].
    pub fn watch(&self, gone: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let mut channel = self.channel.try_clone()?;
        thread::Builder::new()
            .name("master".into())
            .spawn(move || {
                // The master never writes again; an end of file is what this waits for.
                let _ = channel.read(&mut [0]);
                gone();
            })?;
        Ok(())
    }
}
