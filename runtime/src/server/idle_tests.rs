//! Tests of the pool of idle connections.

use super::*;
use crate::{live::gauge::Gauge, server::descriptors::Ratios};

fn pool_of(reuse: HttpReuse, max: Option<u32>, low: u32, descriptors: usize) -> Arc<IdlePool<u32>> {
    let rules = PoolRules {
        reuse,
        max,
        low,
        shared: true,
        purge_delay: Duration::from_secs(5),
        max_reuse: None,
    };
    let ratios = Ratios { low: 20, high: 25 };
    let clients = [Gauge::new(None), Gauge::new(None)];
    let descriptors = Arc::new(Descriptors::new(descriptors, ratios, 0, clients));
    Arc::new(IdlePool::new(rules, 2, descriptors))
}

fn pool(reuse: HttpReuse, max: Option<u32>, low: u32) -> Arc<IdlePool<u32>> {
    pool_of(reuse, max, low, 10_000)
}

/// Ends exchanges on new connections that ran at once.
fn put(pool: &Arc<IdlePool<u32>>, worker: usize, connections: &[u32]) -> Vec<u32> {
    put_at(pool, worker, connections, crate::clock::now())
}

fn put_at(pool: &Arc<IdlePool<u32>>, worker: usize, connections: &[u32], now: Instant) -> Vec<u32> {
    let used: Vec<_> = connections.iter().map(|_| pool.begin_use()).collect();
    let ends = connections.iter().zip(used);
    ends.filter_map(|(connection, used)| {
        used.give_back(worker, &PoolKey::default(), *connection, 0, now)
    })
    .collect()
}

fn take(pool: &Arc<IdlePool<u32>>, worker: usize, first: bool) -> Option<(u32, u32)> {
    let taken = pool.take(worker, &PoolKey::default(), first, |_| true)?;
    Some((taken.connection, taken.reuses))
}

#[test]
fn the_one_that_waited_longest_goes_first_and_other_workers_share() {
    let pool = pool(HttpReuse::Safe, None, 0);
    assert!(put(&pool, 0, &[1, 2, 3]).is_empty());
    assert_eq!(take(&pool, 1, false), Some((1, 1)));
    assert_eq!(take(&pool, 0, false), Some((2, 1)));
    assert_eq!((pool.len(), pool.counts().fresh), (1, 1));
    assert_eq!(pool.lengths().collect::<Vec<_>>(), [1, 0]);
}

// Recorded from the reference with three connections: `safe` stays with one, `always` goes round.
#[test]
fn safe_prefers_what_was_reused_and_always_what_was_not() {
    for (reuse, order) in [(HttpReuse::Safe, [1, 1, 1]), (HttpReuse::Always, [1, 2, 3])] {
        let pool = pool(reuse, None, 0);
        put(&pool, 0, &[1, 2, 3]);
        let key = PoolKey::default();
        let taken = [(); 3].map(|()| {
            let taken = pool.take(0, &key, false, |_| true).unwrap();
            let connection = taken.connection;
            taken
                .in_use
                .give_back(0, &key, connection, taken.reuses, crate::clock::now());
            connection
        });
        assert_eq!(taken, order);
    }
}

#[test]
fn a_session_s_first_request_takes_what_the_policy_allows() {
    for (reuse, fresh, proved) in [
        (HttpReuse::Never, None, None),
        (HttpReuse::Safe, None, None),
        (HttpReuse::Aggressive, None, Some((2, 4))),
        (HttpReuse::Always, Some((1, 1)), Some((2, 4))),
    ] {
        let (pool, key) = (pool(reuse, None, 0), PoolKey::default());
        let used = [pool.begin_use(), pool.begin_use()];
        let [first, second] = used;
        first.give_back(0, &key, 1, 0, crate::clock::now());
        assert_eq!(take(&pool, 0, true), fresh, "{reuse:?}");
        second.give_back(0, &key, 2, 3, crate::clock::now());
        assert_eq!(take(&pool, 0, true), proved, "{reuse:?}");
    }
}

#[test]
fn connections_with_other_properties_are_not_taken() {
    let pool = pool(HttpReuse::Always, None, 0);
    let key = PoolKey::from(PoolKeyParts {
        sni: Some("a".into()),
        ..PoolKeyParts::default()
    });
    pool.begin_use()
        .give_back(0, &key, 7, 0, crate::clock::now());
    assert_eq!(take(&pool, 0, false), None);
    assert!(pool.take(0, &key, false, |_| true).is_some());
    assert!(pool.is_empty());
}

#[test]
fn closed_ones_are_dropped_and_limits_hold() {
    let pool = pool(HttpReuse::Always, Some(1), 2);
    assert_eq!(put(&pool, 0, &[1, 2]), [2]);
    assert_eq!(
        take(&pool, 1, false),
        None,
        "below the low mark nothing is taken from others"
    );
    let dead = |_: &mut u32| false;
    assert!(pool.take(0, &PoolKey::default(), false, dead).is_none());
    let counts = pool.counts();
    assert_eq!((counts.used, counts.fresh, counts.safe), (0, 0, 0));
    assert_eq!(pool.descriptors.used(), 0);
}

#[test]
fn what_is_not_needed_is_closed_when_it_comes_back_unless_there_are_few() {
    let pool = pool(HttpReuse::Safe, None, 0);
    assert!(put(&pool, 0, &[1, 2, 3]).is_empty());
    assert_eq!(put(&pool, 0, &[4]), [4], "three are enough");
    assert_eq!(
        put(&pool, 0, &[5, 6, 7, 8]),
        [5, 6, 7],
        "but four are needed now"
    );
    let few = self::pool(HttpReuse::Safe, None, 2);
    assert!(put(&few, 0, &[1]).is_empty());
    assert!(put(&few, 0, &[2]).is_empty());
    assert!(put(&few, 0, &[3]).is_empty());
    assert_eq!(
        put(&few, 0, &[4]),
        [4],
        "three on this worker are no longer few"
    );
    assert_eq!(few.descriptors.used(), 3);
}

#[test]
fn a_private_connection_is_no_sign_of_demand() {
    let pool = pool(HttpReuse::Never, None, 0);
    let mut uses: Vec<_> = Vec::new();
    for _ in 0..5 {
        let mut used = pool.begin_use();
        used.make_private();
        uses.push(used);
    }
    let counts = pool.counts();
    assert_eq!((counts.used, counts.used_max, counts.needed), (0, 1, 1));
    assert_eq!(pool.descriptors.used(), 5);
    drop(uses);
    assert_eq!((pool.counts().used, pool.descriptors.used()), (0, 0));
}

#[test]
fn a_purge_comes_when_due_and_rests_when_nothing_is_idle() {
    let second = Duration::from_secs(1);
    let began = crate::clock::now();
    let pool = pool(HttpReuse::Always, None, 0);
    assert_eq!(pool.due(), None);
    let connections: Vec<u32> = (0..8).collect();
    assert!(put_at(&pool, 0, &connections, began).is_empty());
    assert_eq!(pool.due(), Some(began + 5 * second));
    assert!(pool.purge(began + 4 * second).is_empty());
    let gone = [5, 10, 15, 20, 25, 30].map(|at| pool.purge(began + at * second).len());
    assert_eq!(gone, [0, 0, 3, 3, 2, 0]);
    assert!(pool.purge(began + 35 * second).is_empty());
    assert_eq!((pool.due(), pool.descriptors.used()), (None, 0));
}

#[test]
fn scarce_descriptors_keep_none_and_take_idle_ones_away() {
    // A fifth: 8; a quarter: 10.
    let pool = pool_of(HttpReuse::Safe, None, 0, 40);
    assert_eq!(put(&pool, 0, &(0..8).collect::<Vec<_>>()), [1]);
    assert_eq!(pool.make_room(1), None);
    let uses: Vec<_> = (0..4).map(|_| pool.begin_use()).collect();
    assert_eq!(pool.make_room(1), Some(0));
    assert_eq!(pool.make_room(1), None);
    drop(uses);
    assert_eq!((pool.len(), pool.descriptors.used()), (6, 6));
}
