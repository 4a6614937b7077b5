//! `bfd_instance NAME { … }`: a session with a neighbour. The BFD process judges the block; the others only learn the
//! name, whose weight trackers take.

use std::{net::IpAddr, time::Duration};

use locum_model::{
    bfd::{Instance, default},
    track::Weight,
    vrrp::Family,
};
use locum_parser::keepalived::Line;

use super::script::default_weight;
use crate::{
    draft::Bfd,
    load::{Abort, Pass, Process, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("checker", |pass, _| {
        current(pass).checker = true;
        Ok(())
    }),
    row("hoplimit", |pass, line| judged(pass, line, ttl)),
    row("idle_tx", |pass, line| {
        judged(pass, line, |pass, line| {
            if let Some(interval) = interval(pass, line, 1000)? {
                current(pass).idle_tx = interval;
            }
            Ok(())
        })
    }),
    row("max_hops", |pass, line| judged(pass, line, max_hops)),
    row("min_rx", |pass, line| {
        judged(pass, line, |pass, line| {
            if let Some(interval) = interval(pass, line, 1)? {
                current(pass).min_rx = interval;
            }
            Ok(())
        })
    }),
    row("min_tx", |pass, line| {
        judged(pass, line, |pass, line| {
            if let Some(interval) = interval(pass, line, 1)? {
                current(pass).min_tx = interval;
            }
            Ok(())
        })
    }),
    row("multiplier", |pass, line| {
        judged(pass, line, |pass, line| {
            if let Some(number) = small(pass, line, "multiplier value")? {
                current(pass).multiplier = number;
            }
            Ok(())
        })
    }),
    row("neighbor_ip", |pass, line| judged(pass, line, neighbor)),
    row("neighbour_ip", |pass, line| judged(pass, line, neighbor)),
    row("passive", |pass, _| {
        current(pass).passive = true;
        Ok(())
    }),
    row("source_ip", |pass, line| judged(pass, line, source)),
    row("ttl", |pass, line| judged(pass, line, ttl)),
    row("vrrp", |pass, _| {
        current(pass).vrrp = true;
        Ok(())
    }),
    row("weight", weight),
];

/// The longest name that the reference takes.
const LONGEST_NAME: usize = 31;

pub(super) fn bfd_instance(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.present.bfd = true;
    if pass.process == Process::Parent {
        pass.skip_block();
        return Ok(());
    }
    let name = pass.parameter(line, 1)?;
    let judge = pass.process == Process::Bfd;
    if name.len() > LONGEST_NAME {
        pass.error(if judge {
            format!("Configuration error: BFD instance {name} name too long (maximum length is {LONGEST_NAME} characters) - ignoring")
        } else {
            format!("BFD name {name} too long")
        });
        pass.skip_block();
        return Ok(());
    }
    if pass.draft.bfd.iter().any(|one| one.name.value == name) {
        pass.error(if judge {
            format!("Configuration error: BFD instance {name} already configured - ignoring")
        } else {
            format!("BFD {name} already specified")
        });
        pass.skip_block();
        return Ok(());
    }
    let located = pass.located(name.clone());
    pass.draft.bfd.push(Bfd::new(located));
    pass.block(&[ROWS])?;
    if judge {
        finish(pass, &name);
    } else {
        learn(pass);
    }
    Ok(())
}

/// What a process that only tracks sessions keeps of one: its name, weight and whom it is told to.
fn learn(pass: &mut Pass<'_>) {
    let bfd = current(pass).clone();
    let nobody = IpAddr::from([0, 0, 0, 0]);
    pass.draft
        .configuration
        .bfd
        .push(bfd.into_instance(nobody, default::TTL, 0));
}

fn current<'a>(pass: &'a mut Pass<'_>) -> &'a mut Bfd {
    let last = pass.draft.bfd.len() - 1;
    &mut pass.draft.bfd[last]
}

/// Runs only in the process that judges the word.
fn judged(
    pass: &mut Pass<'_>,
    line: &Line,
    read: fn(&mut Pass<'_>, &Line) -> Result<(), Abort>,
) -> Result<(), Abort> {
    if pass.process == Process::Bfd {
        read(pass, line)?;
    }
    Ok(())
}

/// A complaint about a word of the current instance.
fn complain(pass: &mut Pass<'_>, text: &str) {
    let name = current(pass).name.value.clone();
    pass.error(format!("Configuration error: BFD instance {name} {text}"));
}

fn neighbor(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match text.parse::<IpAddr>() {
        Ok(ip) => current(pass).neighbor = Some(ip),
        Err(_) => {
            current(pass).broken = true;
            complain(
                pass,
                &format!("has malformed neighbor address {text}, ignoring instance"),
            );
        }
    }
    Ok(())
}

fn source(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match text.parse::<IpAddr>() {
        Ok(ip) => current(pass).source = Some(ip),
        Err(_) => complain(
            pass,
            &format!("has malformed source address {text}, ignoring"),
        ),
    }
    Ok(())
}

fn small(pass: &mut Pass<'_>, line: &Line, what: &str) -> Result<Option<u8>, Abort> {
    let text = pass.parameter(line, 1)?;
    let number = pass.number(number::unsigned(&text, 1, 255));
    if number.is_none() {
        let text = format!("{what} {text} not valid (must be in range [1-255]), ignoring");
        complain(pass, &text);
    }
    Ok(number.and_then(|number| u8::try_from(number).ok()))
}

fn ttl(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if let Some(ttl) = small(pass, line, "ttl/hoplimit value")? {
        current(pass).ttl = Some(ttl);
    }
    Ok(())
}

/// −1 stands for any.
fn max_hops(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::signed(&text, -1, 255)) {
        Some(hops) => current(pass).max_hops = u8::try_from(hops).unwrap_or(255),
        None => {
            let text =
                format!("max_hops value {text} not valid (must be in range [-1-255]), ignoring");
            complain(pass, &text);
        }
    }
    Ok(())
}

/// Milliseconds with up to three places.
fn interval(pass: &mut Pass<'_>, line: &Line, low_ms: u64) -> Result<Option<Duration>, Abort> {
    const HIGH_MS: u64 = 4_294_967;
    let text = pass.parameter(line, 1)?;
    let interval = pass.number(number::milliseconds(&text, low_ms * 1000, HIGH_MS * 1000));
    if interval.is_none() {
        let word = value::word(line, 0).unwrap_or_default();
        let text = format!(
            "{word} value {text} is not valid (must be in range [{low_ms}-{HIGH_MS}]), ignoring"
        );
        complain(pass, &text);
    }
    Ok(interval)
}

fn weight(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let (text, name) = (pass.parameter(line, 1)?, current(pass).name.value.clone());
    let bad = format!(
        "Configuration error: BFD instance {name} weight value {text} not valid (must be in range [-253-253]), ignoring"
    );
    let unknown = format!("Configuration error: BFD instance {name} unknown weight option");
    if let Some(weight) = default_weight(pass, line, 253, &bad, &unknown) {
        current(pass).weight = weight;
    }
    Ok(())
}

/// What is checked at the closing brace; a good instance becomes part of the model.
fn finish(pass: &mut Pass<'_>, name: &str) {
    let bfd = current(pass).clone();
    if bfd.broken {
        return;
    }
    let Some(neighbor) = bfd.neighbor else {
        complain(pass, "has no neighbor address set, disabling instance");
        return;
    };
    if let Some(source) = bfd.source
        && Family::of(source) != Family::of(neighbor)
    {
        // The reference shows the source twice.
        let text = format!(
            "source address {source} and neighbor address {source} are not of the same family, disabling instance"
        );
        complain(pass, &text);
        return;
    }
    let others = &pass.draft.configuration.bfd;
    if others.iter().any(|one| one.neighbor == neighbor) {
        let text = format!("has duplicate neighbor address {neighbor}, ignoring instance");
        complain(pass, &text);
        return;
    }
    let ttl = bfd.ttl.unwrap_or(match Family::of(neighbor) {
        Family::Inet => default::TTL,
        Family::Inet6 => default::HOPLIMIT,
    });
    let mut max_hops = bfd.max_hops;
    if max_hops > ttl {
        max_hops = ttl;
        pass.error(format!(
            "BFD instance {name}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit"
        ));
    }
    let instance = bfd.into_instance(neighbor, ttl, max_hops);
    pass.draft.configuration.bfd.push(instance);
}

impl Bfd {
    fn into_instance(self, neighbor: IpAddr, ttl: u8, max_hops: u8) -> Instance {
        // Without a word both processes are told.
        let told = |this: bool, other: bool| this || !other;
        Instance {
            name: self.name,
            neighbor,
            source: self.source,
            min_rx: self.min_rx,
            min_tx: self.min_tx,
            idle_tx: self.idle_tx,
            multiplier: self.multiplier,
            passive: self.passive,
            ttl,
            max_hops,
            weight: self.weight,
            vrrp: told(self.vrrp, self.checker),
            checker: told(self.checker, self.vrrp),
        }
    }

    /// Nothing said yet.
    fn new(name: locum_model::Located<String>) -> Self {
        Self {
            name,
            neighbor: None,
            broken: false,
            source: None,
            min_rx: default::MIN_RX,
            min_tx: default::MIN_TX,
            idle_tx: default::IDLE_TX,
            multiplier: default::MULTIPLIER,
            passive: false,
            ttl: None,
            max_hops: 0,
            weight: Weight::default(),
            vrrp: false,
            checker: false,
        }
    }
}
