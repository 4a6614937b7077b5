//! The configuration of one start: the bytes of all files, the environment, and what the command line lays over it.

use std::{collections::BTreeMap, ffi::OsString};

use locum_model::{Model, process::MasterWorker};

use crate::{
    args::Args,
    load::{LoadOptions, Source, read_sources},
    message::Message,
};

/// Everything that a worker needs to load the same configuration again.
pub(super) struct Configuration {
    pub(super) files: Vec<Source>,
}

impl Configuration {
    /// Reads the files that `-f` names.
    pub(super) fn read(args: &Args) -> Result<Self, Vec<Message>> {
        let paths: Vec<String> = args
            .files
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        Ok(Self {
            files: read_sources(&paths)?,
        })
    }

    /// Options of loading.
    pub(super) fn options(&self, face: &super::Face, from_master: Option<i32>) -> LoadOptions {
        LoadOptions {
            environment: environment(),
            zero_warning: face.args.zero_warning,
            allow_unexecuted: face.own.allowed.clone(),
            refuse_old_words: face.own.refuses_old_words,
            resolve: true,
            tolerate_unresolved: face.args.ignore_resolution_failures,
            pidfile: face.args.pidfile.clone(),
            local_peer: face.args.local_peer.clone(),
            master_worker: face.args.master_worker,
            master_sockets: face
                .args
                .master_sockets
                .iter()
                .map(|socket| socket.to_string_lossy().into_owned())
                .collect(),
            from_master,
            ..LoadOptions::default()
        }
    }

    /// For the memfd of a worker: names and contents, each with its length.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for source in &self.files {
            for part in [source.name.as_bytes(), &source.bytes] {
                out.extend_from_slice(&(part.len() as u64).to_le_bytes());
                out.extend_from_slice(part);
            }
        }
        out
    }

    /// The other way; `None` if it isn't what [`Configuration::encode`] wrote.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut files = Vec::new();
        while !bytes.is_empty() {
            let name = take(&mut bytes)?;
            let contents = take(&mut bytes)?;
            files.push(Source {
                name: String::from_utf8(name.to_vec()).ok()?,
                bytes: contents.into(),
            });
        }
        Some(Self { files })
    }
}

fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(part)
}

/// The environment that a configuration begins with.
pub(super) fn environment() -> BTreeMap<String, Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    let pair =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_vec()));
    std::env::vars_os().filter_map(pair).collect()
}

/// What the command line says wins over the `global` section.
pub(super) fn overlay(args: &Args, model: &mut Model) {
    if let Some(maxconn) = args.proxy_maxconn {
        let maxconn = u32::try_from(maxconn).unwrap_or(u32::MAX);
        let frontends = model.proxies.iter_mut();
        for frontend in frontends.filter_map(|proxy| proxy.frontend.as_mut()) {
            frontend.maxconn.get_or_insert(maxconn);
        }
    }
    let process = &mut model.process;
    if args.daemon {
        process.daemon = Some(true);
    }
    if args.foreground || args.debug {
        // A master stays one in the foreground.
        process.daemon = None;
    }
    if args.master_worker {
        let notify = args.notify;
        process
            .master_worker
            .get_or_insert_with(MasterWorker::default)
            .notify |= notify;
    }
    if let Some(path) = &args.pidfile {
        process.pidfile = Some(path.clone());
    }
    if let Some(maxconn) = args.maxconn {
        process.maxconn = Some(maxconn);
    }
    if let Some(megabytes) = args.memory_mb {
        process.memory_mb = Some(megabytes);
    }
    if args.no_reuseport {
        process.reuseport = Some(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_survives_the_way_to_a_worker() {
        let files = vec![
            Source {
                name: "a.cfg".into(),
                bytes: b"global\n".to_vec().into(),
            },
            Source {
                name: "b.cfg".into(),
                bytes: Vec::new().into(),
            },
        ];
        let decoded = Configuration::decode(
            &Configuration {
                files: files.clone(),
            }
            .encode(),
        )
        .unwrap();
        let pairs = |files: &[Source]| {
            files
                .iter()
                .map(|f| (f.name.clone(), f.bytes.to_vec()))
                .collect::<Vec<_>>()
        };
        assert_eq!(pairs(&decoded.files), pairs(&files));
        assert!(Configuration::decode(b"\x05").is_none());
    }
}
