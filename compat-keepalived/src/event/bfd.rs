//! Lines about BFD sessions.
//!
//! ```text
//! (b1) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)
//! Discarding packet from [10.9.9.2]:50989 (session is not found - your discriminator field is 0x15045358)
//! ```

use std::time::Duration;

use locum_vrrp::{
    bfd::{
        event::{Dropped, Event, Parameters, SessionEvent, Side},
        packet::{Diagnostic, Malformed},
    },
    identity::Name,
};

use super::Line;

/// The lines that tell of an event.
pub fn lines(event: &Event) -> Vec<Line> {
    match event {
        Event::Session { name, event } => session(name, event),
        Event::TimerLate(late) => vec![super::timer_late(*late)],
        Event::Dropped { source, reason } => dropped(source, reason),
        Event::NoReceiver(error) => vec![Line::always(format!("socket() error {error}"))],
    }
}

fn session(name: &Name, event: &SessionEvent) -> Vec<Line> {
    let line = |text: &str| vec![Line::always(format!("({name}) {text}"))];
    match event {
        SessionEvent::Parameters(parameters) => table(name, parameters),
        SessionEvent::DetectionTime { from, to } => vec![Line::detail(format!(
            "     Detection time is {} us (was {} us)",
            to.as_micros(),
            from.as_micros()
        ))],
        SessionEvent::EnteredUp => line("Entering Up state"),
        SessionEvent::PollStarted => vec![Line::detail(format!("({name}) Starting poll sequence"))],
        SessionEvent::Expired { silence, overdue } => line(&format!(
            "Expired after {} ms ({} usec overdue)",
            silence.as_millis(),
            overdue.as_micros()
        )),
        SessionEvent::EnteredDown { local, remote } => line(&format!(
            "Entering Down state (Local diagnostic - {}, Remote diagnostic - {})",
            diagnostic(*local),
            diagnostic(*remote)
        )),
        SessionEvent::EnteredAdminDown { call, error } => vec![
            Line::always(format!("({name}) {call}() error ({error})")),
            Line::always(format!("({name}) Entering AdminDown state")),
        ],
        SessionEvent::SendFailed(error) => line(&format!("sendto() error ({error})")),
    }
}

fn table(name: &Name, parameters: &Parameters) -> Vec<Line> {
    let micros = Duration::as_micros;
    let side = |what: &str, side: &Side| {
        Line::detail(format!(
            "     {what:<6} {:>8} {:>7} {:>8} {:>5} {:>12}",
            micros(&side.min_tx),
            micros(&side.min_rx),
            micros(&side.tx_interval),
            side.multiplier,
            micros(&side.detection_time)
        ))
    };
    vec![
        Line::detail(format!(
            "({name}) ---------------< Session parameters >--------------"
        )),
        Line::detail("              min_tx  min_rx  tx_intv  mult  detect_time".into()),
        side("local", &parameters.local),
        side("remote", &parameters.remote),
    ]
}

fn dropped(source: &std::net::SocketAddr, reason: &Dropped) -> Vec<Line> {
    let from = format!("[{}]:{}", source.ip(), source.port());
    let discarded = |why: String| Line::detail(format!("Discarding packet from {from} ({why})"));
    match reason {
        Dropped::TooLong => vec![Line::always("recvmsg() message truncated".into())],
        Dropped::Malformed(malformed) => vec![
            Line::detail(self::malformed(malformed)),
            Line::detail(format!("Discarding bogus packet from {from}")),
        ],
        Dropped::NoSession { discriminator } => vec![discarded(format!(
            "session is not found - your discriminator field is 0x{discriminator:08x}"
        ))],
        Dropped::Ttl { received, min } => vec![discarded(format!(
            "ttl {received} is less than the minimum {min}"
        ))],
        Dropped::Authenticated => vec![discarded("auth bit is set".into())],
    }
}

fn malformed(malformed: &Malformed) -> String {
    match malformed {
        Malformed::TooSmall { bytes } => format!("Packet is too small: {bytes} bytes"),
        Malformed::Length { field, bytes } => {
            format!("Packet size mismatch: length field: {field} bytes, buffer size: {bytes} bytes")
        }
        Malformed::Version(version) => format!("Packet is of unsupported version: {version}"),
        Malformed::ZeroMultiplier => "Packet 'detection multiplier' field is zero".into(),
        Malformed::Multipoint => "Packet has 'multipoint' flag".into(),
        Malformed::ZeroMyDiscriminator => "Packet 'my discriminator' field is zero".into(),
        Malformed::ZeroYourDiscriminator => {
            "Packet 'your discriminator' field is zero in a state other than Down or AdminDown"
                .into()
        }
        Malformed::PollAndFinal => "Packet has both poll and final  flags set".into(),
        Malformed::Diagnostic(number) => format!("Packet has invalid 'diag' field: {number}"),
    }
}

fn diagnostic(diagnostic: Diagnostic) -> &'static str {
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
    use super::*;

    #[test]
    fn the_table_of_parameters_has_the_reference_s_columns() {
        let side = |min_tx: u64, detection: u64| Side {
            min_tx: Duration::from_micros(min_tx),
            min_rx: Duration::from_micros(100_000),
            tx_interval: Duration::from_micros(min_tx),
            multiplier: 5,
            detection_time: Duration::from_micros(detection),
        };
        let event = SessionEvent::Parameters(Parameters {
            local: side(1_000_000, 5_000_000),
            remote: side(100_000, 500_000),
        });
        let lines: Vec<_> = session(&Name::from("b1"), &event)
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(
            lines,
            [
                "(b1) ---------------< Session parameters >--------------",
                "              min_tx  min_rx  tx_intv  mult  detect_time",
                "     local   1000000  100000  1000000     5      5000000",
                "     remote   100000  100000   100000     5       500000",
            ]
        );
    }
}
