//! One mail over one connection.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    Alert, Event, LONGEST_ANSWER,
    conversation::{Conversation, Step, answer},
    message,
};
use crate::clock;

/// Sends it and tells what happens on the way. Runs in a task of its own; dropping the future cuts the connection.
pub async fn send(alert: &Alert, mut tell: impl FnMut(Event)) {
    let mut socket = match timeout(alert.timeout, TcpStream::connect(alert.server)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(_)) => return tell(Event::Unreachable),
        Err(_) => return tell(Event::ConnectTimedOut),
    };
    tell(Event::Connected);
    // The last bytes leave at once: a command is all that there is to say.
    let _ = socket.set_nodelay(true);
    let date = message::date(clock::both().date);
    let mut conversation = Conversation::new(alert, &date);
    if let Err(event) = converse(&mut conversation, &mut socket, alert.timeout, &mut tell).await {
        tell(event);
        if matches!(event, Event::Overflow | Event::AnswerTimedOut) {
            // Good manners, without waiting for them to be returned.
            let _ = say(&mut socket, &conversation.quit(), alert.timeout).await;
        }
    }
}

async fn converse(
    conversation: &mut Conversation<'_>,
    socket: &mut TcpStream,
    limit: Duration,
    tell: &mut impl FnMut(Event),
) -> Result<(), Event> {
    let mut received = Vec::with_capacity(LONGEST_ANSWER);
    let mut said_goodbye = false;
    loop {
        let code = match next_answer(socket, &mut received, limit).await {
            Ok(code) => code,
            // The mail was sent or refused already: how the other closes is no news.
            Err(_) if said_goodbye => return Ok(()),
            Err(event) => return Err(event),
        };
        match conversation.on_answer(code) {
            Step::Say(text) => say(socket, &text, limit).await?,
            Step::Sent(quit) => {
                tell(Event::Sent);
                said_goodbye = true;
                say(socket, &quit, limit).await?;
            }
            Step::Refused(phase, quit) => {
                tell(Event::Refused { phase, code });
                if quit.is_empty() {
                    return Ok(());
                }
                said_goodbye = true;
                say(socket, &quit, limit).await?;
            }
            Step::Over => return Ok(()),
        }
    }
}

async fn say(socket: &mut TcpStream, text: &[u8], limit: Duration) -> Result<(), Event> {
    match timeout(limit, socket.write_all(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Event::Unreachable),
        Err(_) => Err(Event::WriteTimedOut),
    }
}

async fn next_answer(
    socket: &mut TcpStream,
    received: &mut Vec<u8>,
    limit: Duration,
) -> Result<u16, Event> {
    loop {
        if let Some((code, length)) = answer(received) {
            received.drain(..length);
            return Ok(code);
        }
        if received.len() >= LONGEST_ANSWER {
            received.clear();
            return Err(Event::Overflow);
        }
        match timeout(limit, read_some(socket, received)).await {
            Ok(Ok(0)) | Ok(Err(_)) => return Err(Event::Closed),
            Ok(Ok(_)) => {}
            Err(_) => return Err(Event::AnswerTimedOut),
        }
    }
}

async fn read_some(socket: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; LONGEST_ANSWER];
    let room = LONGEST_ANSWER - received.len();
    let length = socket.read(&mut chunk[..room]).await?;
    received.extend_from_slice(&chunk[..length]);
    Ok(length)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread,
    };

    use super::{super::Phase, *};

    fn deliver(answers: &'static [&'static str]) -> (Vec<Event>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = listener.local_addr().expect("bound");
        let sink = thread::spawn(move || {
            let (socket, _) = listener.accept().expect("a client");
            let mut write = socket.try_clone().expect("a second handle");
            let mut lines = BufReader::new(socket).lines();
            let mut heard = Vec::new();
            for answer in answers {
                write.write_all(answer.as_bytes()).expect("it listens");
                loop {
                    let Some(Ok(line)) = lines.next() else {
                        return heard;
                    };
                    heard.push(line);
                    if !answer.starts_with("354") || heard.last().is_some_and(|line| line == ".") {
                        break;
                    }
                }
            }
            heard
        });
        let alert = Alert {
            server,
            timeout: Duration::from_millis(500),
            helo_name: "node".into(),
            from: "from@x.org".into(),
            to: vec!["a@x.org".into()],
            subject: "[node] changed".into(),
            mailer: "M",
            body: "=> it changed <=".into(),
        };
        let mut events = Vec::new();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(send(&alert, |event| events.push(event)));
        (events, sink.join().expect("the sink ends"))
    }

    #[test]
    fn a_mail_arrives_whole() {
        let (events, heard) = deliver(&[
            "220-a\r\n220 b\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
            "250 queued\r\n",
            "221 bye\r\n",
        ]);
        assert_eq!(events, [Event::Connected, Event::Sent]);
        assert_eq!(heard[0], "HELO node");
        assert!(heard.contains(&"=> it changed <=".to_owned()));
        assert_eq!(heard.last().map(String::as_str), Some("QUIT"));
    }

    #[test]
    fn a_refusal_is_told_and_ends_with_quit() {
        let (events, heard) = deliver(&["220 a\r\n", "250 ok\r\n", "451 later\r\n", "221 bye\r\n"]);
        assert_eq!(
            events,
            [
                Event::Connected,
                Event::Refused {
                    phase: Phase::Mail,
                    code: 451
                }
            ]
        );
        assert_eq!(heard.last().map(String::as_str), Some("QUIT"));
    }

    #[test]
    fn a_server_that_is_silent_is_given_up() {
        let (events, heard) = deliver(&["220 a"]);
        assert_eq!(events, [Event::Connected, Event::AnswerTimedOut]);
        assert_eq!(heard, ["QUIT"]);
    }
}
