//! What is said next: a pure table of phases and the answers they need.

use super::{Alert, message};

/// What the answer awaited is an answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The connection.
    Banner,
    /// HELO.
    Helo,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The message.
    Body,
    /// QUIT.
    Quit,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    alert: &'a Alert,
    date: &'a str,
    phase: Phase,
    recipients_named: usize,
}

/// What comes after an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Say this and wait for an answer.
    Say(Vec<u8>),
    /// The server has the mail; say this.
    Sent(Vec<u8>),
    /// It has refused; say this (nothing when it was QUIT that it didn't like).
    Refused(Phase, Vec<u8>),
    /// All is said.
    Over,
}

impl<'a> Conversation<'a> {
    /// One that waits for the banner. `date` is the message's (RFC 5322 §3.3).
    pub(super) fn new(alert: &'a Alert, date: &'a str) -> Self {
        Self {
            alert,
            date,
            phase: Phase::Banner,
            recipients_named: 0,
        }
    }

    /// The server has answered.
    pub(super) fn on_answer(&mut self, code: u16) -> Step {
        let phase = self.phase;
        if code != wanted(phase) {
            let quit = if phase == Phase::Quit {
                Vec::new()
            } else {
                self.quit()
            };
            return Step::Refused(phase, quit);
        }
        match phase {
            Phase::Banner => self.say(Phase::Helo, format!("HELO {}\r\n", self.alert.helo_name)),
            Phase::Helo => self.say(Phase::Mail, format!("MAIL FROM:<{}>\r\n", self.alert.from)),
            Phase::Mail | Phase::Rcpt => match self.alert.to.get(self.recipients_named) {
                Some(recipient) => {
                    self.recipients_named += 1;
                    self.say(Phase::Rcpt, format!("RCPT TO:<{recipient}>\r\n"))
                }
                None => self.say(Phase::Data, "DATA\r\n".into()),
            },
            Phase::Data => self.say(Phase::Body, message::text(self.alert, self.date)),
            Phase::Body => Step::Sent(self.quit()),
            Phase::Quit => Step::Over,
        }
    }

    /// It ends for a reason that isn't an answer: what is still said.
    pub(super) fn quit(&mut self) -> Vec<u8> {
        self.phase = Phase::Quit;
        b"QUIT\r\n".to_vec()
    }

    fn say(&mut self, phase: Phase, text: String) -> Step {
        self.phase = phase;
        Step::Say(text.into_bytes())
    }
}

/// The one good answer of a phase. A 251 to RCPT, a recipient who lives elsewhere, isn't taken for one, as the reference
/// doesn't.
fn wanted(phase: Phase) -> u16 {
    match phase {
        Phase::Banner => 220,
        Phase::Helo | Phase::Mail | Phase::Rcpt | Phase::Body => 250,
        Phase::Data => 354,
        Phase::Quit => 221,
    }
}

/// The code of the answer at the front of `bytes` and its length, once its last line is complete (RFC 5321 §4.2.1: the
/// last line has no hyphen behind the code). Lines end with CR LF.
pub(super) fn answer(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut at = 0;
    loop {
        let end = at + bytes[at..].windows(2).position(|pair| pair == b"\r\n")?;
        let line = &bytes[at..end];
        at = end + 2;
        if line.get(3) != Some(&b'-') {
            let code = line
                .get(..3)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0);
            return Some((code, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn alert() -> Alert {
        Alert {
            server: ([127, 0, 0, 1], 25).into(),
            timeout: Duration::from_secs(30),
            helo_name: "node".into(),
            from: "from@x.org".into(),
            to: vec!["a@x.org".into(), "b@x.org".into()],
            subject: "S".into(),
            mailer: "M",
            body: "B".into(),
        }
    }

    #[test]
    fn all_is_said_in_order() {
        let alert = alert();
        let mut talk = Conversation::new(&alert, "D");
        let mut said = Vec::new();
        for code in [220, 250, 250, 250, 250, 354, 250] {
            match talk.on_answer(code) {
                Step::Say(text) | Step::Sent(text) => said.push(String::from_utf8(text).unwrap()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            said,
            [
                "HELO node\r\n",
                "MAIL FROM:<from@x.org>\r\n",
                "RCPT TO:<a@x.org>\r\n",
                "RCPT TO:<b@x.org>\r\n",
                "DATA\r\n",
                "Date: D\r\nFrom: from@x.org\r\nSubject: S\r\nX-Mailer: M\r\nTo: a@x.org, b@x.org\r\n\r\nB\r\n\r\n.\r\n",
                "QUIT\r\n"
            ]
        );
        assert_eq!(talk.on_answer(221), Step::Over);
    }

    #[test]
    fn a_refusal_ends_it_and_names_its_phase() {
        let alert = alert();
        let mut talk = Conversation::new(&alert, "D");
        talk.on_answer(220);
        talk.on_answer(250);
        talk.on_answer(250);
        assert_eq!(
            talk.on_answer(550),
            Step::Refused(Phase::Rcpt, b"QUIT\r\n".to_vec())
        );
        assert_eq!(talk.on_answer(500), Step::Refused(Phase::Quit, Vec::new()));
    }

    #[test]
    fn an_answer_of_many_lines_is_complete_with_its_last() {
        assert_eq!(answer(b"250-a\r\n250"), None);
        assert_eq!(answer(b"250-a\r\n250 b\r\n221 x"), Some((250, 14)));
        assert_eq!(answer(b"220 x\n"), None);
        assert_eq!(answer(b"hello there\r\n"), Some((0, 13)));
        assert_eq!(answer(b"\r\n"), Some((0, 2)));
    }
}
