//! A log target that is never read: does anybody lose its addresses over it?

use crate::crowd::configuration;
use crate::node::{Fifo, LIMIT, Node};
use crate::{Bench, Kind, lab};
use golden_tests::clock;
use nix::sys::signal::Signal;
use std::process::Stdio;
use std::time::Duration;

const INSTANCES: usize = 250;
/// How often the master is told to read its configuration again, which makes it talk.
const RELOADS: usize = 5;

/// Prints the transitions of a crowd whose master writes to a pipe that nobody reads.
///
/// # Errors
/// A program doesn't do its part.
pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    println!(
        "\n## A log that blocks: {INSTANCES} instances, {RELOADS} reloads of the master, 30 s\n"
    );
    println!("| master | transitions |");
    println!("|---|---|");
    for kind in [Kind::Theirs, Kind::Ours] {
        lab::rebuild(1)?;
        let name = |host: &str| format!("{host}.stall.{}.fifo", kind.name());
        let fifos = [
            Fifo::make(bench, &name("a"))?,
            Fifo::make(bench, &name("b"))?,
        ];
        let text = |host: usize| configuration(host, INSTANCES, &fifos[host]);
        let (unread, written) = nix::unistd::pipe().map_err(|e| e.to_string())?;
        let began = clock::now();
        let master = Node::start(bench, (0, kind), &text(0), Some(Stdio::from(written)))?;
        let backup = Node::start(bench, (1, Kind::Theirs), &text(1), None)?;
        let all = || fifos[0].count("MASTER", began) >= INSTANCES;
        // The reference stalls before: then its flapping begins at once.
        let settled = clock::poll_until(LIMIT, all);
        let since = clock::now();
        for _ in 0..RELOADS {
            master.signal(Signal::SIGHUP);
            std::thread::sleep(Duration::from_secs(2));
        }
        std::thread::sleep(Duration::from_secs(20));
        let moved = |fifo: &Fifo| fifo.count("MASTER", since) + fifo.count("BACKUP", since);
        println!(
            "| {} | {}{} |",
            kind.name(),
            moved(&fifos[0]) + moved(&fifos[1]),
            if settled {
                ""
            } else {
                ", and not all became master"
            }
        );
        drop((master, backup, unread));
    }
    Ok(())
}
