//! A pair is exchanged under way: the backup, then the master, then both back; what does a client notice?

use crate::node::{Fifo, LIMIT, Node};
use crate::ping::Client;
use crate::{Bench, Kind, lab};
use golden_tests::clock;
use golden_tests::load::table::median;
use std::net::Ipv4Addr;
use std::time::Duration;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// After a step: three advertisement intervals and a half, in which a spurious transition would show.
const SETTLE: Duration = Duration::from_millis(3500);

/// One exchange of a node's program: which node, and by whose program.
struct Step {
    name: &'static str,
    host: usize,
    to: Kind,
}

const THERE: [Step; 2] = [
    Step {
        name: "backup replaced",
        host: 1,
        to: Kind::Ours,
    },
    Step {
        name: "master replaced",
        host: 0,
        to: Kind::Ours,
    },
];
const BACK: [Step; 2] = [
    Step {
        name: "backup back",
        host: 1,
        to: Kind::Theirs,
    },
    Step {
        name: "master back",
        host: 0,
        to: Kind::Theirs,
    },
];
const OWN: [Step; 2] = [
    Step {
        name: "reference's own, backup",
        host: 1,
        to: Kind::Theirs,
    },
    Step {
        name: "reference's own, master",
        host: 0,
        to: Kind::Theirs,
    },
];

fn configuration(host: usize, fifo: &Fifo) -> String {
    let (name, priority) = [("a", 100), ("b", 90)][host];
    format!(
        "global_defs {{\n router_id {name}\n vrrp_notify_fifo {}\n}}\n\
         vrrp_instance VI_1 {{\n state BACKUP\n interface eth0\n virtual_router_id 51\n priority {priority}\n advert_int 1\n \
         virtual_ipaddress {{\n  {ADDRESS}/24\n }}\n}}\n",
        fifo.path
    )
}

/// Prints a row per exchange: the longest time without an answer, and the transitions of both nodes.
///
/// # Errors
/// A program doesn't do its part.
pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    println!("\n## Rolling swap: a pair of the reference becomes a pair of ours and goes back\n");
    println!("| exchange | longest gap s, median | of each run | transitions to MASTER | right |");
    println!("|---|---|---|---|---|");
    lab::rebuild(1)?;
    let fifos = [Fifo::make(bench, "a.fifo")?, Fifo::make(bench, "b.fifo")?];
    let start = |host: usize, kind| {
        Node::start(
            bench,
            (host, kind),
            &configuration(host, &fifos[host]),
            None,
        )
    };
    let mut rows: Vec<(&str, Vec<f64>, Vec<usize>, usize)> = Vec::new();
    for _ in 0..bench.runs {
        let mut nodes = [Some(start(0, Kind::Theirs)?), Some(start(1, Kind::Theirs)?)];
        is_master(0)?;
        std::thread::sleep(SETTLE);
        for step in OWN.iter().chain(&THERE).chain(&BACK) {
            let since = clock::now();
            let client = Client::start(ADDRESS);
            std::thread::sleep(Duration::from_millis(500));
            if let Some(old) = nodes[step.host].take() {
                old.stop()?;
            }
            if step.host == 0 {
                is_master(1)?;
                std::thread::sleep(SETTLE);
            }
            nodes[step.host] = Some(start(step.host, step.to)?);
            is_master(0)?;
            std::thread::sleep(SETTLE);
            let gap = client.longest_gap()?.as_secs_f64();
            let masters = fifos.iter().map(|fifo| fifo.count("MASTER", since)).sum();
            // One failover at the stop of a master, one at its preempting return; none of a backup.
            let expected = if step.host == 0 { 2 } else { 0 };
            match rows.iter_mut().find(|row| row.0 == step.name) {
                Some(row) => {
                    row.1.push(gap);
                    row.2.push(masters);
                }
                None => rows.push((step.name, vec![gap], vec![masters], expected)),
            }
        }
        for node in nodes.into_iter().flatten() {
            node.stop()?;
        }
    }
    for (name, gaps, masters, expected) in rows {
        let each: Vec<_> = gaps.iter().map(|gap| format!("{gap:.3}")).collect();
        let right = masters.iter().all(|count| *count == expected);
        println!(
            "| {name} | {:.3} | {} | {masters:?} | {} |",
            median(&gaps),
            each.join(", "),
            if right { "yes" } else { "**NO**" }
        );
    }
    Ok(())
}

fn is_master(host: usize) -> Result<(), String> {
    let name = lab::HOSTS[host].0;
    let is = || lab::has_address(name, &ADDRESS.to_string());
    match clock::poll_until(LIMIT, is) {
        true => Ok(()),
        false => Err(format!("host {name} did not become master")),
    }
}
