//! Rise and fall, due times, and what an HTTP answer means.

use std::time::{Duration, Instant};

use locum_model::{
    Text,
    proxy::{Observe, OnError},
};

use super::{
    probe::http::{Expectation, Expected, HttpExchange, judge, request},
    scheduler::{CheckTiming, first_offsets},
    *,
};
use crate::sample::regex::Regex;

fn start() -> Instant {
    crate::clock::now()
}

fn failed() -> CheckResult {
    CheckResult::new(CheckStatus::L4Connection, Duration::ZERO)
}

fn passed() -> CheckResult {
    CheckResult::new(CheckStatus::L4Ok, Duration::ZERO)
}

#[test]
fn an_unchecked_server_goes_down_at_the_first_failure_and_a_checked_one_at_the_third() {
    let now = start();
    let mut health = Health::new(HealthRules::default());
    assert_eq!(health.value(), 2);
    assert_eq!(health.clone().on_result(now, failed()), Turn::Down);
    assert_eq!(health.on_result(now, passed()), Turn::Progress);
    assert_eq!((health.value(), health.progress()), (4, (3, 3)));
    assert_eq!(health.on_result(now, passed()), Turn::None);
    assert_eq!(health.on_result(now, failed()), Turn::Progress);
    assert_eq!(health.progress(), (2, 3));
    assert_eq!(health.on_result(now, failed()), Turn::Progress);
    assert_eq!(health.on_result(now, failed()), Turn::Down);
    assert_eq!((health.failed_checks, health.times_down), (3, 1));
    assert_eq!(health.phase(), Phase::Down);
    assert_eq!(health.on_result(now, passed()), Turn::Progress);
    assert_eq!(
        (health.phase(), health.progress()),
        (Phase::Transition, (1, 2))
    );
    assert_eq!(health.on_result(now, passed()), Turn::Up);
    assert_eq!(health.value(), 4);
    assert_eq!(health.failed_checks, 3, "failures while down don't count");
}

#[test]
fn errors_in_traffic_count_when_they_come_in_a_row() {
    let now = start();
    let rules = HealthRules {
        observe: Some(Observe::Layer4),
        error_limit: 2,
        on_error: OnError::MarkDown,
        ..HealthRules::default()
    };
    let mut health = Health::new(rules);
    health.on_result(now, passed());
    let seen = |health: &mut Health, what| health.on_observation(now, what).turn;
    assert_eq!(seen(&mut health, Observation::ConnectFailed), Turn::None);
    assert_eq!(seen(&mut health, Observation::Good), Turn::None);
    assert_eq!(seen(&mut health, Observation::ConnectFailed), Turn::None);
    assert_eq!(seen(&mut health, Observation::ResponseFailed), Turn::None);
    assert_eq!(seen(&mut health, Observation::ConnectFailed), Turn::Down);
}

#[test]
fn checks_start_spread_over_the_smallest_interval() {
    let timing = |seconds| CheckTiming {
        inter: Duration::from_secs(seconds),
        fast: Duration::from_secs(1),
        down: Duration::from_secs(9),
        connect: Duration::from_secs(seconds),
        exchange: None,
    };
    let timings = [timing(4), timing(8), timing(4), timing(4)];
    let offsets = first_offsets(&timings, None);
    assert_eq!(offsets, [0, 1, 2, 3].map(Duration::from_secs));
    let bounded = first_offsets(&timings, Some(Duration::from_secs(2)));
    assert_eq!(bounded[3], Duration::from_millis(1500));
    let now = start();
    let next = |phase, spread, jitter| timings[0].next(now, now, phase, spread, jitter) - now;
    assert_eq!(next(Phase::Up, 0, 0.3), Duration::from_secs(4));
    assert_eq!(next(Phase::Transition, 0, 0.3), Duration::from_secs(1));
    assert_eq!(next(Phase::Down, 0, 0.3), Duration::from_secs(9));
    assert_eq!(next(Phase::Up, 50, 0.0), Duration::from_secs(2));
    assert_eq!(next(Phase::Up, 50, 1.0), Duration::from_secs(6));
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(Text, Vec<u8>)> {
    let text = |(name, value): &(&str, &str)| (Text::from(*name), value.as_bytes().to_vec());
    pairs.iter().map(text).collect()
}

#[test]
fn requests_have_the_reference_s_bytes() {
    let bytes = |m: &str, u: &str, v: &str, h: &[(&str, &str)], b: &str| {
        let made = request(
            m.as_bytes(),
            u.as_bytes(),
            v.as_bytes(),
            &headers(h),
            b.as_bytes(),
        );
        String::from_utf8(made).unwrap()
    };
    let none: &[(&str, &str)] = &[];
    assert_eq!(
        bytes("OPTIONS", "/", "HTTP/1.0", none, ""),
        "OPTIONS / HTTP/1.0\r\n\r\n"
    );
    assert_eq!(
        bytes("GET", "/h", "HTTP/1.1", none, ""),
        "GET /h HTTP/1.1\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(
        bytes(
            "PUT",
            "/x",
            "HTTP/1.1",
            &[("Host", "www"), ("X-A", "b")],
            "hello"
        ),
        "PUT /x HTTP/1.1\r\nhost: www\r\nx-a: b\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    );
    assert_eq!(
        bytes(
            "OPTIONS",
            "/",
            "HTTP/1.0",
            &[("Connection", "keep-alive"), ("Host", "Www.X")],
            ""
        ),
        "OPTIONS / HTTP/1.0\r\nhost: Www.X\r\nconnection: keep-alive\r\n\r\n"
    );
    assert_eq!(
        bytes(
            "GET",
            "http://foo.com/x",
            "HTTP/1.1",
            &[("Host", "bar")],
            ""
        ),
        "GET http://bar/x HTTP/1.1\r\nhost: bar\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(
        bytes("POST", "/", "HTTP/1.0", &[("Content-Length", "7")], "abc"),
        "POST / HTTP/1.0\r\ncontent-length: 3\r\n\r\nabc"
    );
}

fn verdict(negated: bool, of: Option<Expected>, answer: &str, ended: bool) -> Option<CheckResult> {
    let exchange = HttpExchange {
        request: Vec::new(),
        expect: of
            .map(|of| Expectation { negated, of })
            .into_iter()
            .collect(),
        disable_on_404: false,
    };
    judge(&exchange, answer.as_bytes(), ended)
}

fn status(
    negated: bool,
    of: Option<Expected>,
    answer: &str,
) -> (CheckStatus, Option<u16>, CheckInfo) {
    let result = verdict(negated, of, answer, true).unwrap();
    (result.status, result.code, result.info)
}

#[test]
fn answers_mean_what_they_mean_to_the_reference() {
    use CheckStatus::{L7Ok, L7Response, L7Status};
    let foo = || Some(Expected::Body("foo".into()));
    let two = || Some(Expected::Status(vec![(200, 299)]));
    let regex = |p: &[u8]| Some(Expected::BodyMatches(Regex::new(p, false).unwrap()));
    let reason = |text: &str| CheckInfo::Reason(text.as_bytes().to_vec());
    let ok = |code| (L7Ok, Some(code), CheckInfo::None);
    let bad = |info| (L7Response, None, info);
    assert_eq!(status(false, None, "HTTP/1.1 302 Found\r\n\r\n"), ok(302));
    assert_eq!(status(false, None, "HTTP/1.0 200\r\n\r\n"), ok(200));
    assert_eq!(
        status(false, None, "HTTP/1.1 503 Service Unavailable\r\n\r\n"),
        (L7Status, Some(503), reason("Service Unavailable"))
    );
    assert_eq!(
        status(
            false,
            None,
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
        ),
        (L7Status, Some(100), reason("Continue"))
    );
    assert_eq!(
        status(false, two(), "HTTP/1.1 304 Not Mod\r\n\r\n"),
        (L7Status, Some(304), reason("Not Mod"))
    );
    assert_eq!(
        status(true, two(), "HTTP/1.1 200 OK\r\n\r\n"),
        (L7Status, Some(200), reason("OK"))
    );
    assert_eq!(
        status(false, foo(), "HTTP/1.1 500 No\r\n\r\nxx foo yy"),
        ok(500)
    );
    assert_eq!(
        status(false, foo(), "HTTP/1.1 200 OK\r\n\r\nxx fo yy"),
        bad(CheckInfo::UnexpectedBody)
    );
    assert_eq!(
        status(false, foo(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        bad(CheckInfo::NoBody)
    );
    assert_eq!(
        status(true, foo(), "HTTP/1.1 200 OK\r\n\r\nxx foo yy"),
        bad(CheckInfo::UnwantedBody)
    );
    assert_eq!(
        status(false, regex(b"f.o"), "HTTP/1.1 200 OK\r\n\r\nxx foo"),
        ok(200)
    );
    let chunks =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nfo\r\n1\r\no\r\n0\r\n\r\n";
    assert_eq!(status(false, foo(), chunks), ok(200));
    for broken in [
        "blah\r\n\r\n",
        "",
        "HTTP/1.0 20",
        "HTTP/1.0 200 OK\r\nfoo: bar\r\n",
    ] {
        assert_eq!(
            status(false, None, broken),
            bad(CheckInfo::None),
            "{broken:?}"
        );
    }
}

#[test]
fn a_verdict_waits_for_bytes_only_while_they_could_change_it() {
    let foo = || Some(Expected::Body("foo".into()));
    assert_eq!(
        verdict(false, None, "HTTP/1.0 200 OK\r\nx: y\r\n", false),
        None
    );
    assert!(verdict(false, None, "blah", false).is_some());
    let partial = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nxx";
    assert_eq!(verdict(false, foo(), partial, false), None);
    assert_eq!(verdict(true, foo(), partial, false), None);
    assert!(verdict(false, foo(), &format!("{partial}foo"), false).is_some());
    assert!(verdict(true, foo(), &format!("{partial}fooo"), false).is_some());
}

proptest::proptest! {
    #[test]
    fn no_answer_breaks_the_verdict(head in "HTTP/1\\.[01] [0-9 ]{0,5}[a-z\r\n: ]{0,40}", body in ".{0,40}", ended: bool) {
        let answer = format!("{head}\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let _ = verdict(false, Some(Expected::Body("x".into())), &answer, ended);
        let _ = verdict(true, Some(Expected::Body("x".into())), &body, ended);
    }
}
