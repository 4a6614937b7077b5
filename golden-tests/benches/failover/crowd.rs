//! Many instances on a pair: what do they cost, and do they stay where they are?

use crate::node::{Fifo, LIMIT, Node};
use crate::{Bench, Kind, lab, number};
use golden_tests::clock;
use std::fmt::Write;
use std::time::Duration;

/// A pair's configuration with so many instances, from 198.18.1.1 on.
pub(crate) fn configuration(host: usize, instances: usize, fifo: &Fifo) -> String {
    let (name, priority) = [("a", 100), ("b", 90)][host];
    let mut text = format!(
        "global_defs {{\n router_id {name}\n vrrp_notify_fifo {}\n}}\n",
        fifo.path
    );
    for number in 0..instances {
        // 255 virtual routers fit on a link.
        let (vrid, interface) = (number % 250 + 1, number / 250);
        let _ = writeln!(
            text,
            "vrrp_instance VI_{number} {{\n state BACKUP\n interface eth{interface}\n virtual_router_id {vrid}\n priority {priority}\n \
             advert_int 1\n virtual_ipaddress {{\n  198.18.{}.{vrid}/32\n }}\n}}",
            interface + 1
        );
    }
    text
}

/// Prints CPU and memory of master and backup, ours and the reference's, for each crowd.
///
/// # Errors
/// A program doesn't do its part.
pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let crowds = std::env::var("FAILOVER_CROWDS").unwrap_or_else(|_| "250,1000".to_owned());
    let watched = Duration::from_secs(number("FAILOVER_SECONDS", 20)? as u64);
    println!(
        "\n## Crowds of instances, {} s watched\n",
        watched.as_secs()
    );
    println!(
        "| instances | role | program | CPU of a second % | PSS of the tree MiB | transitions while watched |"
    );
    println!("|---|---|---|---|---|---|");
    for crowd in crowds.split(',') {
        let instances: usize = crowd.parse().map_err(|_| "FAILOVER_CROWDS: not numbers")?;
        for kind in [Kind::Theirs, Kind::Ours] {
            one(bench, instances, kind, watched)?;
        }
    }
    Ok(())
}

fn one(bench: &Bench, instances: usize, kind: Kind, watched: Duration) -> Result<(), String> {
    lab::rebuild(instances.div_ceil(250))?;
    let name = |host: &str| format!("{host}.{instances}.{}.fifo", kind.name());
    let fifos = [
        Fifo::make(bench, &name("a"))?,
        Fifo::make(bench, &name("b"))?,
    ];
    let start = |host: usize| {
        let text = configuration(host, instances, &fifos[host]);
        Node::start(bench, (host, kind), &text, None)
    };
    let began = clock::now();
    let nodes = [start(0)?, start(1)?];
    let all = || fifos[0].count("MASTER", began) >= instances;
    if !clock::poll_until(LIMIT * 3, all) {
        return Err(format!(
            "{}: not all {instances} became master",
            kind.name()
        ));
    }
    // Delayed gratuitous ARPs are over then.
    std::thread::sleep(Duration::from_secs(12));
    let (since, before) = (clock::now(), [nodes[0].cpu(), nodes[1].cpu()]);
    std::thread::sleep(watched);
    let lasted = (clock::now() - since).as_secs_f64();
    for (place, role) in ["master", "backup"].into_iter().enumerate() {
        let spent = (nodes[place].cpu() - before[place]).as_secs_f64();
        let moved = ["MASTER", "BACKUP", "FAULT"].map(|state| fifos[place].count(state, since));
        println!(
            "| {instances} | {role} | {} | {:.2} | {:.1} | {} |",
            kind.name(),
            spent * 100.0 / lasted,
            nodes[place].pss(),
            moved.iter().sum::<usize>()
        );
    }
    for node in nodes {
        node.stop()?;
    }
    Ok(())
}
