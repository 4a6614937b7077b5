//! BFD events as the reference's log lines.

use std::{net::SocketAddr, time::Duration};

use locum_vrrp::bfd::{
    event::{Dropped, Event, Parameters, SessionEvent, Side},
    packet::{Diagnostic, Malformed, State},
    report::Report,
};

use crate::line::{Line, errno};

/// The lines that an event is logged as.
pub fn lines(event: &Event) -> Vec<Line> {
    match event {
        Event::Session { name, event } => session(name, event),
        Event::TimerLate(late) => vec![Line::info(format!(
            "A thread timer expired {}.{:06} seconds ago",
            late.as_secs(),
            late.subsec_micros()
        ))],
        Event::Dropped { source, reason } => dropped(source, reason),
        Event::NoReceiver(error) => vec![Line::error(format!("bind() error ({})", errno(error)))],
    }
}

/// The line of a process that hears of a session.
pub fn received(report: &Report) -> Line {
    Line::info(format!(
        "Received BFD event: instance {} is in state {} (delivered in {} usec)",
        report.name,
        state(if report.up { State::Up } else { State::Down }),
        report.delay.as_micros()
    ))
    .detail()
}

fn session(name: &str, event: &SessionEvent) -> Vec<Line> {
    match event {
        SessionEvent::Parameters(parameters) => table(name, parameters),
        SessionEvent::DetectionTime { from, to } => vec![Line::info(format!(
            "     Detection time is {} us (was {} us)",
            to.as_micros(),
            from.as_micros()
        ))],
        SessionEvent::EnteredUp => vec![Line::info(format!("({name}) Entering Up state"))],
        SessionEvent::PollStarted => {
            vec![Line::info(format!("({name}) Starting poll sequence")).detail()]
        }
        SessionEvent::Expired { silence, overdue } => vec![Line::warning(format!(
            "({name}) Expired after {} ms ({} usec overdue)",
            silence.as_millis(),
            overdue.as_micros()
        ))],
        SessionEvent::EnteredDown { local, remote } => vec![Line::warning(format!(
            "({name}) Entering Down state (Local diagnostic - {}, Remote diagnostic - {})",
            diagnostic(*local),
            diagnostic(*remote)
        ))],
        SessionEvent::EnteredAdminDown { call, error } => vec![
            Line::error(format!("({name}) {call}() error ({})", errno(error))),
            Line::error(format!(
                "({name}) Unable to open output socket, disabling instance"
            )),
            Line::warning(format!("({name}) Entering AdminDown state")),
        ],
        SessionEvent::SendFailed(error) => vec![
            Line::error(format!("sendto() error ({})", errno(error))),
            Line::error(format!("({name}) Error sending packet")),
        ],
    }
}

/// What both sides agreed on, in microseconds.
fn table(name: &str, parameters: &Parameters) -> Vec<Line> {
    let side = |who: &str, side: &Side| {
        let us = |time: Duration| time.as_micros();
        format!(
            "     {who:<6} {:>8} {:>7} {:>8} {:>5} {:>12}",
            us(side.min_tx),
            us(side.min_rx),
            us(side.tx_interval),
            side.multiplier,
            us(side.detection_time)
        )
    };
    [
        format!("({name}) ---------------< Session parameters >--------------"),
        "              min_tx  min_rx  tx_intv  mult  detect_time".to_owned(),
        side("local", &parameters.local),
        side("remote", &parameters.remote),
    ]
    .map(|text| Line::info(text).detail())
    .into()
}

fn dropped(source: &SocketAddr, reason: &Dropped) -> Vec<Line> {
    let from = format!("[{}]:{}", source.ip(), source.port());
    let texts = match reason {
        Dropped::TooLong => {
            return vec![Line::warning("recvmsg() message truncated".to_owned())];
        }
        Dropped::Malformed(fault) => vec![
            malformed(fault),
            format!("Discarding bogus packet from {from}"),
        ],
        Dropped::NoSession { discriminator } => vec![format!(
            "Discarding packet from {from} (session is not found - your discriminator field is \
             0x{discriminator:08x})"
        )],
        Dropped::Ttl { received, min } => {
            vec![format!("Packet ttl({received}) < {min} - discarding")]
        }
        Dropped::Authenticated => vec![format!(
            "Discarding packet from {from} (auth bit is set, but no authentication  is in use)"
        )],
    };
    let error = |text| Line::error(text).detail();
    texts.into_iter().map(error).collect()
}

fn malformed(fault: &Malformed) -> String {
    match fault {
        Malformed::TooSmall { bytes } => format!("Packet is too small: {bytes} bytes"),
        Malformed::Length { field, bytes } => {
            format!("Packet size mismatch: length field: {field} bytes, buffer size: {bytes} bytes")
        }
        Malformed::Version(version) => format!("Packet is of unsupported version: {version}"),
        Malformed::ZeroMultiplier => "Packet 'detection multiplier' field is zero".to_owned(),
        Malformed::Multipoint => "Packet has 'multipoint' flag".to_owned(),
        Malformed::ZeroMyDiscriminator => "Packet 'my discriminator' field is zero".to_owned(),
        Malformed::ZeroYourDiscriminator => {
            "Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown"
                .to_owned()
        }
        Malformed::PollAndFinal => "Packet has both poll and final  flags set".to_owned(),
        Malformed::Diagnostic(diagnostic) => {
            format!("Packet has invalid 'diag' field: {diagnostic}")
        }
    }
}

/// A state in lines and dumps.
pub fn state(state: State) -> &'static str {
    match state {
        State::AdminDown => "AdminDown",
        State::Down => "Down",
        State::Init => "Init",
        State::Up => "Up",
    }
}

/// A diagnostic in lines and dumps, as RFC 5880 §4.1 names it.
pub fn diagnostic(diagnostic: Diagnostic) -> &'static str {
    match diagnostic {
        Diagnostic::None => "No Diagnostic",
        Diagnostic::DetectionTimeExpired => "Control Detection Time Expired",
        Diagnostic::EchoFailed => "Echo Function Failed",
        Diagnostic::NeighborSignaledDown => "Neighbor Signaled Session Down",
        Diagnostic::ForwardingPlaneReset => "Forwarding Plane Reset",
        Diagnostic::PathDown => "Path Down",
        Diagnostic::ConcatenatedPathDown => "Concatenated Path Down",
        Diagnostic::AdministrativelyDown => "Administratively Down",
        Diagnostic::ReverseConcatenatedPathDown => "Reverse Concatenated Path Down",
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use super::*;

    fn texts(event: SessionEvent) -> Vec<String> {
        let event = Event::Session {
            name: "B1".into(),
            event,
        };
        lines(&event).into_iter().map(|line| line.text).collect()
    }

    /// Recorded from the reference.
    #[test]
    fn parameters_are_a_table() {
        let us = Duration::from_micros;
        let event = SessionEvent::Parameters(Parameters {
            local: Side {
                min_tx: us(1_000_000),
                min_rx: us(50_000),
                tx_interval: us(70_000),
                multiplier: 3,
                detection_time: us(150_000),
            },
            remote: Side {
                min_tx: us(30_000),
                min_rx: us(70_000),
                tx_interval: us(50_000),
                multiplier: 3,
                detection_time: us(210_000),
            },
        });
        assert_eq!(
            texts(event),
            [
                "(B1) ---------------< Session parameters >--------------",
                "              min_tx  min_rx  tx_intv  mult  detect_time",
                "     local   1000000   50000    70000     3       150000",
                "     remote    30000   70000    50000     3       210000",
            ]
        );
    }

    #[test]
    fn lines_are_the_references() {
        let error = Arc::new(io::Error::from_raw_os_error(99));
        assert_eq!(
            texts(SessionEvent::EnteredAdminDown {
                call: "bind",
                error
            }),
            [
                "(B1) bind() error (Cannot assign requested address)",
                "(B1) Unable to open output socket, disabling instance",
                "(B1) Entering AdminDown state",
            ]
        );
        let error = Arc::new(io::Error::from_raw_os_error(101));
        assert_eq!(
            texts(SessionEvent::SendFailed(error))[0],
            "sendto() error (Network is unreachable)"
        );
        let dropped = Event::Dropped {
            source: "[2001:db8::2]:50000".parse().unwrap(),
            reason: Dropped::NoSession { discriminator: 55 },
        };
        assert_eq!(
            lines(&dropped)[0].text,
            "Discarding packet from [2001:db8::2]:50000 (session is not found - your discriminator \
             field is 0x00000037)"
        );
        let late = Event::TimerLate(Duration::from_micros(2_894_575));
        assert_eq!(
            lines(&late)[0].text,
            "A thread timer expired 2.894575 seconds ago"
        );
    }
}
