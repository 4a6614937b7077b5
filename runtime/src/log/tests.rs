//! Lines as they arrive.

use std::{
    net::UdpSocket,
    os::unix::net::UnixDatagram,
    time::{Duration, UNIX_EPOCH},
};

use locum_model::{
    address::Address,
    log::{LogLineFormat, LogSink},
};

use super::*;

fn target(address: Address) -> LogTarget {
    LogTarget {
        sink: LogSink::Datagram(address),
        max_length: 1024,
        format: LogLineFormat::Priority,
        sample: None,
        facility: 16,
        max_level: 7,
        min_level: 0,
    }
}

fn logger() -> Logger {
    Logger::new(Identity {
        pid: 7,
        hostname: None,
        tag: "program".into(),
    })
}

fn udp() -> (UdpSocket, Address) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let address = socket.local_addr().unwrap();
    (
        socket,
        Address::Ip {
            ip: address.ip(),
            port: address.port(),
        },
    )
}

fn received(socket: &UdpSocket) -> String {
    let mut bytes = [0; 2048];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn levels_beyond_the_maximum_stay_and_those_above_the_minimum_are_capped() {
    let (socket, address) = udp();
    let mut settings = target(address);
    settings.max_level = level::NOTICE;
    settings.min_level = level::WARNING;
    let targets = [Target::new(settings, &[])];
    let mut logger = logger();
    for (level, message) in [(6, "info"), (5, "notice"), (1, "alert")] {
        let sent = logger.send(UNIX_EPOCH, &targets, level, b"tag", message.as_bytes());
        assert_eq!(sent.dropped, 0);
    }
    assert_eq!(received(&socket), "<133>notice\n");
    assert_eq!(received(&socket), "<132>alert\n");
}

#[test]
fn a_line_is_cut_at_the_length_with_its_header_and_without_its_newline() {
    let (socket, address) = udp();
    let mut settings = target(address);
    settings.max_length = 80;
    let targets = [Target::new(settings, &[])];
    let _ = logger().send(UNIX_EPOCH, &targets, 6, b"tag", &[b'x'; 200]);
    let line = received(&socket);
    assert_eq!(line.len(), 81);
    assert!(line.ends_with("x\n"));
}

#[test]
fn a_line_without_a_tag_has_the_program_s_name() {
    let (socket, address) = udp();
    let mut settings = target(address);
    settings.format = LogLineFormat::Local;
    let targets = [Target::new(settings, &[])];
    let _ = logger().send(UNIX_EPOCH, &targets, 6, b"", b"message");
    assert!(received(&socket).ends_with(" program[7]: message\n"));
}

#[test]
fn a_sample_takes_its_places_out_of_each_round() {
    let (socket, address) = udp();
    let mut settings = target(address);
    settings.sample = Some(LogSample {
        ranges: vec![(1, 1), (3, 3)],
        size: 4,
    });
    let targets = [Target::new(settings, &[])];
    let mut logger = logger();
    for n in 0..6 {
        let _ = logger.send(UNIX_EPOCH, &targets, 6, b"t", format!("{n}").as_bytes());
    }
    assert_eq!(received(&socket), "<134>0\n");
    assert_eq!(received(&socket), "<134>2\n");
    assert_eq!(received(&socket), "<134>4\n");
}

#[test]
fn lines_that_leave_together_are_datagrams_of_their_own_in_their_order() {
    let ends = [udp(), udp()];
    let targets: Vec<_> = ends
        .iter()
        .map(|(_, address)| Target::new(target(address.clone()), &[]))
        .collect();
    let mut logger = logger();
    // Runs of equal lengths, shorter and longer ones between them; the second target has every fifth line only.
    let lengths = [5, 5, 5, 3, 3, 9, 9, 9, 9, 1, 9, 2, 2, 2, 2, 2, 7];
    let lines: Vec<String> = (0..3 * lengths.len())
        .map(|at| format!("{at:02}{}", "x".repeat(lengths[at % lengths.len()])))
        .collect();
    for (at, line) in lines.iter().enumerate() {
        let targets = if at % 5 == 0 {
            &targets[..]
        } else {
            &targets[..1]
        };
        let sent = logger.queue(
            UNIX_EPOCH,
            targets,
            6,
            Words {
                message: line.as_bytes(),
                ..Words::default()
            },
        );
        assert_eq!(sent.dropped, 0);
    }
    assert_eq!(logger.flush().dropped, 0);
    for (at, line) in lines.iter().enumerate() {
        let expected = format!("<134>{line}\n");
        assert_eq!(received(&ends[0].0), expected);
        if at % 5 == 0 {
            assert_eq!(received(&ends[1].0), expected);
        }
    }
}

#[test]
fn a_daemon_that_stops_reading_costs_lines_and_never_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let targets = [Target::new(target(Address::Unix(path.clone())), &[])];
    let mut logger = logger();
    let mut dropped = 0;
    for _ in 0..5000 {
        let sent = logger.send(UNIX_EPOCH, &targets, 6, b"t", &[b'x'; 500]);
        assert!(sent.failure.is_none());
        dropped += sent.dropped;
    }
    assert!(dropped > 0);
    drop(daemon);
    std::fs::remove_file(&path).unwrap();
    let sent = logger.send(UNIX_EPOCH, &targets, 6, b"t", b"nobody");
    assert_eq!(sent.failure.map(|(place, _)| place), Some(1));
    let daemon = UnixDatagram::bind(&path).unwrap();
    let sent = logger.send(UNIX_EPOCH, &targets, 6, b"t", b"back");
    assert_eq!(sent.dropped, 0);
    let mut bytes = [0; 20];
    assert_eq!(daemon.recv(&mut bytes).unwrap(), "<134>back\n".len());
}

#[test]
fn a_full_and_a_closed_pipe_cost_lines_and_no_signal() {
    use std::os::fd::IntoRawFd;
    let (reader, writer) = nix::unistd::pipe().unwrap();
    let number = writer.into_raw_fd();
    let mut settings = target(Address::Descriptor(number));
    settings.sink = LogSink::Stream(number);
    let targets = [
        Target::new(settings.clone(), &[]),
        Target::new(settings, &[]),
    ];
    let mut logger = logger();
    let mut dropped = 0;
    for _ in 0..200 {
        dropped += logger
            .send(UNIX_EPOCH, &targets, 6, b"t", &[b'x'; 1000])
            .dropped;
    }
    assert!(dropped > 0);
    drop(reader);
    let sent = logger.send(UNIX_EPOCH, &targets, 6, b"t", b"closed");
    assert_eq!(sent.dropped, 2);
    assert_eq!(sent.failure.unwrap().1.kind(), io::ErrorKind::BrokenPipe);
}
