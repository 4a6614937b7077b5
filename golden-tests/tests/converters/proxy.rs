//! A proxy that answers each request with the values of a group of expressions.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use golden_tests::clock;

use crate::Expression;
use crate::inputs::base64;
use crate::words::Way;

/// Expressions in one answer.
pub(crate) const GROUP: usize = 32;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running proxy and a connection to it; both end with it.
pub(crate) struct Proxy {
    child: Child,
    connection: BufReader<TcpStream>,
    /// Its configuration's folder.
    _folder: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    /// Starts a program with all expressions.
    pub(crate) fn start(program: &Path, expressions: &[Expression]) -> Result<Self, String> {
        let failed = |what: &str, error: std::io::Error| format!("{what}: {error}");
        let folder = tempfile::tempdir().map_err(|error| failed("a folder", error))?;
        // The port is free for a moment: nobody else is likely to take it.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| failed("a port", error))?
            .port();
        let mut configuration = format!(
            "global\n tune.bufsize 65536\n tune.http.maxhdr 200\ndefaults\n mode http\n timeout client 60s\n timeout server 60s\n \
             timeout connect 5s\nfrontend f\n bind 127.0.0.1:{port}\n declare capture request len 8\n \
             http-request set-var(txn.number) req.hdr(v0),add(0)\n http-request set-var(txn.text) req.fhdr(v1)\n \
             http-request set-var(txn.bytes) req.fhdr(v2),b64dec\n http-request set-var(txn.secret) str(c2VjcmV0)\n \
             http-request set-var(txn.algorithm) str(RS256)\n use_backend %[path,field(2,/)]\n"
        );
        for (group, members) in expressions.chunks(GROUP).enumerate() {
            let file = folder.path().join(format!("g{group}"));
            std::fs::write(&file, format(members)).map_err(|error| failed("a file", error))?;
            // Writing to a string can't fail.
            let _ = writeln!(
                configuration,
                "backend g{group}\n http-request return status 200 content-type text/plain lf-file {}",
                file.display()
            );
        }
        configuration
            .push_str("backend pool\n server s1 127.0.0.1:1\n server s2 127.0.0.1:1 backup\n");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration).map_err(|error| failed("a file", error))?;
        let mut child = Command::new(program)
            .arg0("haproxy")
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed("a start", error))?;
        let connection = connect(&mut child, port);
        match connection {
            Ok(connection) => Ok(Self {
                child,
                connection: BufReader::new(connection),
                _folder: folder,
            }),
            Err(problem) => {
                let _ = child.kill();
                let _ = child.wait();
                let mut said = String::new();
                if let Some(stderr) = &mut child.stderr {
                    let _ = stderr.read_to_string(&mut said);
                }
                said.truncate(2000);
                Err(format!("{}: {problem}: {said}", program.display()))
            }
        }
    }

    /// The values of a group's expressions as hexadecimal text and a dot; nothing where there is no value.
    pub(crate) fn ask(
        &mut self,
        group: usize,
        variables: &[Vec<u8>; 3],
        members: &[Expression],
        inputs: &[Vec<u8>],
    ) -> Result<Vec<String>, String> {
        let mut request = format!(
            "GET /g{group} HTTP/1.1\r\nhost: h\r\nv2: {}\r\n",
            base64(&variables[2])
        )
        .into_bytes();
        for (name, value) in [("v0", &variables[0]), ("v1", &variables[1])] {
            request.extend_from_slice(format!("{name}: ").as_bytes());
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        for (at, (member, input)) in members.iter().zip(inputs).enumerate() {
            request.extend_from_slice(format!("x{at}: ").as_bytes());
            match member.way {
                Way::Text => request.extend_from_slice(input),
                Way::Bytes => request.extend_from_slice(base64(input).as_bytes()),
            }
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        let body = self.exchange(&request).map_err(|error| {
            format!("a request of group {group} ({}…): {error}", members[0].text)
        })?;
        let mut values: Vec<String> = body
            .lines()
            .map(|line| {
                line.split_once('=')
                    .map_or(line, |(_, value)| value)
                    .to_owned()
            })
            .collect();
        values.resize(members.len(), "no line".to_owned());
        Ok(values)
    }

    fn exchange(&mut self, request: &[u8]) -> std::io::Result<String> {
        self.connection.get_mut().write_all(request)?;
        let mut length = None;
        let mut status = String::new();
        self.connection.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            if self.connection.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line.trim_end().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok();
            }
        }
        if !status.contains(" 200 ") {
            return Err(std::io::Error::other(status));
        }
        let mut body = vec![0; length.unwrap_or(0)];
        self.connection.read_exact(&mut body)?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

/// The answer's format: a line for each expression.
fn format(members: &[Expression]) -> String {
    let mut text = String::new();
    for (at, member) in members.iter().enumerate() {
        let decoded = if member.way == Way::Bytes {
            ",b64dec"
        } else {
            ""
        };
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{at}=%[req.fhdr(x{at}){decoded},{},hex,concat(.)]",
            member.text
        );
    }
    text
}

fn connect(child: &mut Child, port: u16) -> Result<TcpStream, String> {
    let start = clock::now();
    loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            stream
                .set_nodelay(true)
                .map_err(|error| error.to_string())?;
            let timeout = stream.set_read_timeout(Some(PATIENCE));
            return timeout.map(|()| stream).map_err(|error| error.to_string());
        }
        match child.try_wait() {
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => return Err("doesn't listen".to_owned()),
            Ok(Some(status)) => return Err(format!("ended: {status}")),
            Err(error) => return Err(error.to_string()),
        }
    }
}
