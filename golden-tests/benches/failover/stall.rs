//! A log target that is never read: does anybody lose its addresses over it?

use crate::crowd::configuration;
use crate::node::{Fifo, LIMIT, Node};
use crate::{Bench, Kind, lab};
use golden_tests::clock;
use nix::sys::signal::Signal;
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
    println!(
        "| master's program | it became master ({INSTANCES} is right) | the backup became master (0 is right) |"
    );
    println!("|---|---|---|");
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
        let master = Node::start(bench, (0, kind), &text(0), Some(written))?;
        let backup = Node::start(bench, (1, Kind::Theirs), &text(1), None)?;
        // The reference stalls before: then its flapping begins at once.
        let all = || fifos[0].count("MASTER", began) >= INSTANCES;
        clock::poll_until(LIMIT, all);
        for _ in 0..RELOADS {
            master.signal(Signal::SIGHUP);
            std::thread::sleep(Duration::from_secs(2));
        }
        std::thread::sleep(Duration::from_secs(20));
        println!(
            "| {} | {} | {} |",
            kind.name(),
            fifos[0].count("MASTER", began),
            fifos[1].count("MASTER", began)
        );
        drop((master, backup, unread));
    }
    Ok(())
}
