//! A client that asks an address all the time: how long did it have no answer?

use crate::lab;
use golden_tests::clock;
use nix::sched::{CloneFlags, setns};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two questions.
const PERIOD: Duration = Duration::from_millis(10);

/// A client in its own thread and namespace.
pub(crate) struct Client {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Instant>, String>>,
    began: Instant,
}

impl Client {
    /// Begins to ask.
    pub(crate) fn start(address: Ipv4Addr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked_to_stop = stop.clone();
        let thread = std::thread::spawn(move || ask(address, &asked_to_stop));
        Self {
            stop,
            thread,
            began: clock::now(),
        }
    }

    /// Ends, and tells the longest time without an answer.
    ///
    /// # Errors
    /// There was no socket.
    pub(crate) fn longest_gap(self) -> Result<Duration, String> {
        self.stop.store(true, Ordering::Relaxed);
        let answers = self.thread.join().map_err(|_| "the client panicked")??;
        let end = clock::now();
        let times: Vec<_> = [self.began]
            .into_iter()
            .chain(answers)
            .chain([end])
            .collect();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        Ok(gaps.max().unwrap_or_default())
    }
}

/// Sends echo requests and notes when replies come (RFC 792).
fn ask(address: Ipv4Addr, stop: &AtomicBool) -> Result<Vec<Instant>, String> {
    let fail = |e: std::io::Error| format!("the client's socket: {e}");
    let namespace = File::open(format!("/run/netns/{}", lab::CLIENT)).map_err(fail)?;
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|e| format!("setns: {e}"))?;
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).map_err(fail)?;
    socket.set_read_timeout(Some(PERIOD)).map_err(fail)?;
    let to = SocketAddr::from((address, 0)).into();
    let mut answers = Vec::new();
    let mut sequence = 0u16;
    while !stop.load(Ordering::Relaxed) {
        sequence = sequence.wrapping_add(1);
        let next = clock::now() + PERIOD;
        // Unreachable for the moment: that is what is measured.
        let _ = socket.send_to(&echo_request(sequence), &to);
        let mut packet = [0u8; 256];
        while clock::now() < next {
            match (&socket).read(&mut packet) {
                Ok(length) if is_reply(&packet[..length], address) => answers.push(clock::now()),
                Ok(_) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
    Ok(answers)
}

fn echo_request(sequence: u16) -> [u8; 8] {
    let [high, low] = sequence.to_be_bytes();
    let sum = 0x0800u32 + u32::from(sequence);
    let checksum = !(((sum >> 16) + (sum & 0xffff)) as u16);
    let [sum_high, sum_low] = checksum.to_be_bytes();
    [8, 0, sum_high, sum_low, 0, 0, high, low]
}

/// A raw socket shows the IPv4 header, too.
fn is_reply(packet: &[u8], from: Ipv4Addr) -> bool {
    packet.get(12..16) == Some(&from.octets()) && packet.get(20) == Some(&0)
}
