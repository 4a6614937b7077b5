//! Admission and queues under threads, and what happens when servers come and go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use locum_model::{pool::Balance, proxy::Backend};
use proptest::prelude::*;

use super::*;
use crate::{
    check::{CheckResult, CheckStatus},
    lb::{Choice, tests::backend},
};

fn farm(backend: &Backend, rules: FarmRules) -> Arc<Farm> {
    Arc::new(Farm::new(crate::clock::now(), backend, rules))
}

fn limited(servers: usize, maxconn: u32) -> Backend {
    let mut backend = backend(Balance::RoundRobin, &vec![1; servers]);
    for server in &mut backend.servers {
        server.value.maxconn = Some(maxconn);
    }
    backend
}

fn any(farm: &Arc<Farm>) -> Admission {
    farm.admit(Want::Balanced(Choice::default()), Priority::default())
}

fn bound(farm: &Arc<Farm>, server: u32) -> Admission {
    farm.admit(Want::Server(server), Priority::default())
}

fn slot(admission: Admission) -> Slot {
    match admission {
        Admission::Slot(slot) => slot,
        other => panic!("{other:?}"),
    }
}

fn ticket(admission: Admission) -> Ticket {
    match admission {
        Admission::Queued(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn poll(ticket: &mut Ticket) -> Poll<Granted> {
    ticket.poll_granted(&mut Context::from_waker(Waker::noop()))
}

fn granted(ticket: &mut Ticket) -> Slot {
    match poll(ticket) {
        Poll::Ready(Granted::Slot(slot)) => slot,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_freed_slot_goes_to_who_waited_longest_in_either_queue() {
    let farm = farm(&limited(2, 1), FarmRules::default());
    let (m1, m2) = (slot(any(&farm)), slot(any(&farm)));
    let mut m3 = ticket(any(&farm));
    let mut c1 = ticket(bound(&farm, 0));
    let mut m4 = ticket(any(&farm));
    assert_eq!((farm.queued().0, farm.servers[0].queued()), (2, 1));
    drop(m1);
    let m3_slot = granted(&mut m3);
    assert_eq!((m3_slot.server(), m3.number()), (0, 1));
    drop(m2);
    let m4_slot = granted(&mut m4);
    assert_eq!((m4_slot.server(), m4.number()), (1, 2));
    assert!(poll(&mut c1).is_pending());
    drop(m3_slot);
    assert_eq!((granted(&mut c1).server(), c1.number()), (0, 1));
    assert_eq!((farm.queued(), farm.servers[0].queued_max()), ((0, 2), 1));
}

#[test]
fn leaving_the_queue_lets_the_next_one_through() {
    let farm = farm(&limited(1, 1), FarmRules::default());
    let first = slot(any(&farm));
    let gone = ticket(any(&farm));
    let mut next = ticket(any(&farm));
    drop(gone);
    drop(first);
    assert_eq!(granted(&mut next).server(), 0);
}

#[test]
fn a_slot_granted_to_somebody_who_left_is_handed_on() {
    let farm = farm(&limited(1, 1), FarmRules::default());
    let first = slot(any(&farm));
    let gone = ticket(any(&farm));
    let mut next = ticket(any(&farm));
    drop(first);
    assert!(poll(&mut next).is_pending());
    drop(gone);
    assert_eq!(granted(&mut next).server(), 0);
}

#[test]
fn a_server_in_maintenance_scatters_its_queue_only_with_redispatch() {
    for redispatch in [true, false] {
        let rules = FarmRules {
            redispatch,
            ..FarmRules::default()
        };
        let farm = farm(&limited(2, 1), rules);
        let held = slot(bound(&farm, 0));
        let mut waiting = ticket(bound(&farm, 0));
        let events = farm.set_admin(
            crate::clock::now(),
            0,
            Admin::FORCED_MAINT,
            Admin::empty(),
            Cause::Administration,
        );
        assert!(matches!(
            &events[0],
            Event::Admin { counts, .. } if counts.requeued == u32::from(redispatch) && counts.active == 1
        ));
        if redispatch {
            assert!(matches!(
                poll(&mut waiting),
                Poll::Ready(Granted::Redistribute)
            ));
            assert_eq!(waiting.number(), 1);
        } else {
            drop(held);
            assert_eq!(granted(&mut waiting).server(), 0);
        }
        assert!(matches!(bound(&farm, 0), Admission::NoServer));
    }
}

#[test]
fn a_full_server_queue_refuses() {
    let mut backend = limited(1, 1);
    backend.servers[0].value.maxqueue = Some(1);
    let farm = farm(&backend, FarmRules::default());
    let _held = slot(bound(&farm, 0));
    let _waiting = ticket(bound(&farm, 0));
    assert!(matches!(bound(&farm, 0), Admission::QueueFull));
}

#[test]
fn the_dynamic_limit_follows_requests_that_do_not_wait() {
    // Recorded from the reference: fullconn 30, minconn 1, maxconn 10; N requests elsewhere, then many here.
    for (elsewhere, at_most) in [(2, 1), (3, 1), (4, 2), (6, 3), (9, 4), (12, 6)] {
        let mut backend = limited(2, 10);
        backend.servers[0].value.minconn = Some(1);
        backend.servers[1].value.maxconn = None;
        let rules = FarmRules {
            fullconn: 30,
            ..FarmRules::default()
        };
        let farm = farm(&backend, rules);
        let mut held = Vec::new();
        for _ in 0..elsewhere {
            held.push((farm.arrive(), bound(&farm, 1)));
        }
        for _ in 0..14 {
            held.push((farm.arrive(), bound(&farm, 0)));
        }
        assert_eq!(farm.servers[0].served(), at_most, "{elsewhere} elsewhere");
    }
}

#[test]
fn leastconn_orders_as_the_reference_does() {
    // Recorded: + opens a request (and says where it went), - ends one.
    let recorded = "+1 +2 +3 +1 +1 +3 +1 +1 +3 +1 +1 +3 +1 +1 +3 -1 +1 -1 -1 -1 +1 +1 -3 -3 +3 -1 -3 -3 -1 +3 -1 +1 +1 +3 +1 +1 +3";
    let farm = farm(
        &backend(Balance::LeastConnections, &[10, 1, 5]),
        FarmRules::default(),
    );
    let mut held: Vec<Slot> = Vec::new();
    for step in recorded.split(' ') {
        let server = step[1..].parse::<u32>().unwrap() - 1;
        if step.starts_with('+') {
            let slot = slot(any(&farm));
            assert_eq!(slot.server(), server, "at {step}");
            held.push(slot);
        } else {
            let place = held.iter().position(|slot| slot.server() == server);
            drop(held.remove(place.unwrap()));
        }
    }
}

#[test]
fn backups_carry_the_load_when_no_active_server_is_left() {
    let mut backend = backend(Balance::RoundRobin, &[1, 1, 1]);
    backend.servers[1].value.member.backup = true;
    backend.servers[2].value.member.backup = true;
    let farm = farm(&backend, FarmRules::default());
    assert_eq!(slot(any(&farm)).server(), 0);
    let failed = CheckResult::new(CheckStatus::L4Connection, Duration::ZERO);
    let events = farm.on_check(crate::clock::now(), 0, failed);
    assert!(matches!(events[0], Event::Checked { up: false, .. }));
    assert!(matches!(
        &events[1],
        Event::Down { counts, .. } if (counts.active, counts.backup, counts.backups_in_use) == (0, 2, true)
    ));
    let chosen: Vec<u32> = (0..3).map(|_| slot(any(&farm)).server()).collect();
    assert_eq!(chosen, [1, 1, 1]);
}

#[test]
fn no_wakeup_is_lost_and_no_limit_is_passed_between_threads() {
    let farm = farm(&limited(2, 3), FarmRules::default());
    let most = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let (farm, most) = (farm.clone(), most.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for round in 0..400 {
                        let slot = match if (n + round) % 3 == 0 {
                            bound(&farm, n % 2)
                        } else {
                            any(&farm)
                        } {
                            Admission::Slot(slot) => slot,
                            Admission::Queued(ticket) => {
                                match tokio::time::timeout(Duration::from_secs(20), ticket).await {
                                    Ok(Granted::Slot(slot)) => slot,
                                    other => panic!("{other:?}"),
                                }
                            }
                            other => panic!("{other:?}"),
                        };
                        most.fetch_max(farm.servers[slot.server() as usize].served(), SeqCst);
                        if round % 7 == 0 {
                            tokio::task::yield_now().await;
                        }
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(most.load(SeqCst) <= 3);
    assert!(farm.servers.iter().all(|s| s.served_max() <= 3));
    assert!(
        farm.servers
            .iter()
            .all(|s| s.served() == 0 && s.queued() == 0)
    );
    assert_eq!(farm.queued().0, 0);
}

proptest! {
    #[test]
    fn whoever_waits_is_served_while_anything_is_free(
        steps in prop::collection::vec((0u8..4, 0u32..3), 1..80),
        maxconn in 1u32..4,
    ) {
        let farm = farm(&limited(3, maxconn), FarmRules::default());
        let (mut slots, mut tickets): (Vec<Slot>, Vec<(Ticket, Option<u32>)>) = (Vec::new(), Vec::new());
        for (step, server) in steps {
            match step {
                0 => match any(&farm) {
                    Admission::Slot(slot) => slots.push(slot),
                    Admission::Queued(ticket) => tickets.push((ticket, None)),
                    other => panic!("{other:?}"),
                },
                1 => match bound(&farm, server) {
                    Admission::Slot(slot) => slots.push(slot),
                    Admission::Queued(ticket) => tickets.push((ticket, Some(server))),
                    other => panic!("{other:?}"),
                },
                2 if !slots.is_empty() => drop(slots.swap_remove(server as usize % slots.len())),
                3 if !tickets.is_empty() => drop(tickets.swap_remove(server as usize % tickets.len())),
                _ => {}
            }
            tickets.retain_mut(|(ticket, _)| match poll(ticket) {
                Poll::Ready(Granted::Slot(slot)) => {
                    slots.push(slot);
                    false
                }
                _ => true,
            });
            for (index, state) in farm.servers.iter().enumerate() {
                let out = slots.iter().filter(|s| s.server() == index as u32).count() as u32;
                prop_assert_eq!(state.served(), out);
                prop_assert!(out <= maxconn);
                let wanted = tickets.iter().any(|(_, to)| to.is_none_or(|to| to == index as u32));
                prop_assert!(out == maxconn || !wanted, "a slot is free and somebody waits for it");
            }
        }
    }
}
