//! A mail server that accepts everything and writes the conversation down.

use crate::clock;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// The conversations so far: each whole one a text.
#[derive(Debug, Clone, Default)]
pub struct Mail(Arc<Mutex<Vec<String>>>);

impl Mail {
    /// Listens in the namespaces of the calling thread.
    ///
    /// # Errors
    /// The address can't be bound.
    pub fn listen(at: &str) -> Result<Self, String> {
        // An address that an `ip` line has just added may still be on its way.
        let mut listener = Err(String::new());
        clock::poll_until(std::time::Duration::from_secs(2), || {
            listener = TcpListener::bind(at).map_err(|e| format!("mail server on {at}: {e}"));
            listener.is_ok()
        });
        let listener = listener?;
        let mail = Self::default();
        let shared = mail.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    let text = converse(stream);
                    let mut all = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push(text);
                });
            }
        });
        Ok(mail)
    }

    /// What was heard, a text per connection; sorted, since mails of transitions that follow each other closely overtake.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut texts = heard.clone();
        texts.sort();
        texts
    }
}

fn converse(stream: TcpStream) -> String {
    let mut transcript = String::new();
    let say = |transcript: &mut String, line: &str| {
        transcript.push_str(&format!("< {line}\n"));
        let _gone = (&stream).write_all(format!("{line}\r\n").as_bytes());
    };
    say(&mut transcript, "220 mail.example.org ESMTP");
    let mut reader = BufReader::new(&stream);
    let mut in_data = false;
    loop {
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => (),
        }
        transcript.push_str("> ");
        transcript.push_str(&crate::bytes::render("", &line));
        let text = String::from_utf8_lossy(&line).trim_end().to_uppercase();
        let reply = match text.as_str() {
            "." if in_data => {
                in_data = false;
                "250 queued"
            }
            _ if in_data => continue,
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            t if t.starts_with("EHLO") || t.starts_with("HELO") => "250 mail.example.org",
            _ => "250 ok",
        };
        say(&mut transcript, reply);
    }
    transcript.push_str("closed\n");
    transcript
}
