//! Targets that read and targets that don't.

use std::{fs, os::unix::net::UnixDatagram, thread, time::Duration};

use super::*;

fn journal() -> Journal {
    let identity = Identity {
        pid: 57,
        hostname: None,
        tag: "Daemon_vrrp".into(),
    };
    let mut journal = Journal::new(identity, 3, |lines| format!("{lines} lines lost"));
    journal.dates = Dates::new();
    journal.calendar.zone = TimeZone::UTC;
    journal
}

fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_381_753)
}

fn received(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn the_system_s_log_gets_priority_date_and_identity_without_a_newline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    journal.write(time(), 6, b"Starting");
    let line = received(&daemon);
    assert!(line.starts_with("<30>Nov 2"), "{line}");
    assert!(line.ends_with(" Daemon_vrrp[57]: Starting"), "{line}");
}

#[test]
fn a_file_gets_the_date_of_asctime() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut journal = journal();
    journal.add_file(&path, Style::Dated, true).unwrap();
    journal.write(time(), 6, b"one");
    journal.write_behind().unwrap();
    journal.write(time(), 6, b"two");
    drop(journal);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "Sun Nov 22 21:09:13 2026: one\nSun Nov 22 21:09:13 2026: two\n"
    );
}

/// Lines that were received until `count` of them or one that isn't of the burst.
fn burst(daemon: &UnixDatagram, count: usize, length: usize) -> (usize, Option<String>) {
    for taken in 0..count {
        let line = received(daemon);
        if !line.ends_with(&"x".repeat(length)) {
            return (taken, Some(line));
        }
    }
    (count, None)
}

#[test]
fn a_burst_that_fits_the_queue_waits_for_a_reader_that_is_slow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    for number in 0..3000 {
        journal.write(time(), 6, format!("line {number}").as_bytes());
    }
    assert!(journal.is_behind());
    let reader = thread::spawn(move || {
        for number in 0..3000 {
            let line = received(&daemon);
            assert!(line.ends_with(&format!("]: line {number}")), "{line}");
        }
    });
    while journal.is_behind() {
        journal.catch_up();
    }
    reader.join().unwrap();
}

#[test]
fn lines_that_wait_at_the_end_are_written_as_far_as_the_reader_takes_them_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    for _ in 0..500 {
        journal.write(time(), 6, b"x");
    }
    let reader = thread::spawn(move || burst(&daemon, 500, 1));
    drop(journal);
    assert_eq!(reader.join().unwrap(), (500, None));
}

#[test]
fn a_forked_process_leaves_what_waits_to_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    while !journal.is_behind() {
        journal.write(time(), 6, b"x");
    }
    journal.disown();
    daemon.set_nonblocking(true).unwrap();
    while daemon.recv(&mut [0; 512]).is_ok() {}
    journal.write(time(), 6, b"own");
    assert!(received(&daemon).ends_with(": own"));
}

#[test]
fn a_reader_that_stops_loses_what_the_queue_has_no_room_for_and_is_told_how_many() {
    for behind in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let daemon = UnixDatagram::bind(&path).unwrap();
        let mut journal = journal();
        journal.add_system(&path).unwrap();
        if behind {
            journal.write_behind().unwrap();
        }
        let sent = 2000;
        for _ in 0..sent {
            journal.write(time(), 6, &[b'x'; 3000]);
        }
        assert!(journal.outlets[0].lost > 0, "the queue held everything");
        let reader = thread::spawn(move || {
            let burst = burst(&daemon, sent, 3000);
            (burst, received(&daemon))
        });
        // It is told when half of the queue has been read.
        while journal.outlets[0].lost > 0 {
            thread::sleep(PAUSE);
            journal.write(time(), 5, b"back");
        }
        while journal.is_behind() {
            journal.catch_up();
        }
        let ((taken, told), next) = reader.join().unwrap();
        let told = told.unwrap();
        let lost: usize = told
            .split_once("]: ")
            .and_then(|(_, said)| said.strip_suffix(" lines lost"))
            .unwrap()
            .parse()
            .unwrap();
        assert!(told.starts_with("<28>"), "{told}");
        assert!(lost >= sent - taken, "{lost} of {sent}, {taken} came");
        assert!(next.ends_with(": back"), "{next}");
    }
}

#[test]
fn a_system_without_a_log_costs_nothing_but_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    journal.write(time(), 6, b"nobody");
    let daemon = UnixDatagram::bind(&path).unwrap();
    journal.write(time(), 6, b"somebody");
    assert!(received(&daemon).ends_with(": 1 lines lost"));
    assert!(received(&daemon).ends_with(": somebody"));
}

#[test]
fn behind_a_thread_a_burst_waits_for_a_reader_that_is_slow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    journal.write_behind().unwrap();
    for number in 0..1000 {
        journal.write(time(), 6, format!("line {number}").as_bytes());
    }
    for number in 0..1000 {
        let line = received(&daemon);
        assert!(line.ends_with(&format!("]: line {number}")), "{line}");
    }
}

#[test]
fn behind_a_thread_what_a_target_refuses_is_told_when_it_takes_lines_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut journal = journal();
    journal.add_system(&path).unwrap();
    journal.write_behind().unwrap();
    for _ in 0..3 {
        journal.write(time(), 6, b"nobody");
    }
    // Each of them has been refused once the count says so.
    let refused = |journal: &Journal| match &journal.outlets[0].target {
        Target::Behind(behind) => behind.take_refused(),
        Target::Here(..) => 0,
    };
    let mut lost = 0;
    while lost < 3 {
        lost += refused(&journal);
    }
    journal.outlets[0].lost = lost;
    let daemon = UnixDatagram::bind(&path).unwrap();
    journal.write(time(), 6, b"somebody");
    assert!(received(&daemon).ends_with(": 3 lines lost"));
    assert!(received(&daemon).ends_with(": somebody"));
}
