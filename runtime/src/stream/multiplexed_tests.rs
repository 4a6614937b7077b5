//! Streams over an in-memory multiplexer: what HTTP/2 will need of them, without HTTP/2.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, Waker},
    time::Duration,
};

use locum_model::{
    Located, Model, address::Address, expr::LogFormat, pool::Member, proxy as model,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::LocalSet,
};

use super::{
    ClientSide, Stream,
    facts::{SessionFacts, StreamFacts},
    session::{Accepted, Session},
    side::{Incoming, Outgoing, Piece, SideError},
};
use crate::{
    clock,
    filter::Filters,
    http::{
        Head, Version,
        h1::{body::BodyFraming, encode::encode_head, framing::request_framing},
    },
    live::{Live, gauge::Gauge},
    log::{Identity, Logger},
    net::conn::Detached,
    plan::{ListenerId, Plan, ProxyId, build},
    rules::reply::LocalReply,
    sample::view::Buffered,
    vocab::Vocabulary,
    worker::{
        Worker,
        mailbox::Mailboxes,
        wait::{Control, Order, Waiter},
    },
};

/// What one multiplexed stream's client sends and has received.
#[derive(Default)]
struct Channel {
    incoming: Vec<u8>,
    ended: bool,
    received: Vec<u8>,
    waker: Option<Waker>,
}

/// One stream of the in-memory connection.
#[derive(Clone, Default)]
struct MemorySide(Rc<RefCell<Channel>>, Vec<u8>);

impl MemorySide {
    fn send(&self, bytes: &[u8], last: bool) {
        let mut channel = self.0.borrow_mut();
        channel.incoming.extend_from_slice(bytes);
        channel.ended = last;
        if let Some(waker) = channel.waker.take() {
            waker.wake();
        }
    }

    fn received(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow().received).into_owned()
    }
}

impl Incoming for MemorySide {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, SideError>> {
        let mut channel = self.0.borrow_mut();
        self.1.append(&mut channel.incoming);
        match (self.1.len(), channel.ended) {
            (0, true) => Poll::Ready(Ok(Piece::End)),
            (0, false) => {
                channel.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            (count, _) => Poll::Ready(Ok(Piece::Data(count))),
        }
    }

    fn data(&self) -> &[u8] {
        &self.1
    }

    fn consume(&mut self, count: usize) {
        self.1.drain(..count);
    }

    fn trailers(&self) -> Option<&Head> {
        None
    }
}

impl Outgoing for MemorySide {
    fn start(&mut self, head: &Head, _framing: BodyFraming) {
        encode_head(head, &mut self.0.borrow_mut().received);
    }

    fn poll_data(&mut self, _cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize, SideError>> {
        self.0.borrow_mut().received.extend_from_slice(data);
        Poll::Ready(Ok(data.len()))
    }

    fn end(&mut self, _trailers: Option<&Head>) {}

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SideError>> {
        Poll::Ready(Ok(()))
    }

    fn shutdown(&mut self) {}
}

impl ClientSide for MemorySide {
    fn poll_gone(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn poll_more(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), u16>> {
        Poll::Pending
    }

    fn become_tunnel(&mut self) {}

    fn has_ended(&self) -> bool {
        false
    }

    fn vanish(&mut self) {}

    fn is_broken(&self) -> bool {
        false
    }

    fn stay_message(&mut self) {}

    fn stage_raw(&mut self, bytes: &[u8]) {
        self.0.borrow_mut().received.extend_from_slice(bytes);
    }

    fn stage_interim(&mut self, head: &Head) {
        encode_head(head, &mut self.0.borrow_mut().received);
    }

    fn buffered_body(&self) -> Buffered<'_> {
        Buffered {
            bytes: &self.1,
            complete: self.0.borrow().ended,
        }
    }

    fn request_complete(&self) -> bool {
        let channel = self.0.borrow();
        channel.ended && channel.incoming.is_empty() && self.1.is_empty()
    }

    fn copy_body(&self) -> Option<Box<[u8]>> {
        None
    }

    fn restore_body(&mut self, _body: &[u8]) {}

    fn body_is_buffered(&self) -> bool {
        self.0.borrow().ended
    }

    fn pending_body(&self) -> u64 {
        0
    }

    fn traffic(&self) -> (u64, u64) {
        (0, self.0.borrow().received.len() as u64)
    }
}

fn plan(origin: u16) -> Arc<Plan> {
    let server: model::Server = serde_json::from_value(serde_json::json!({
        "member": serde_json::to_value(Member {
            name: Located::built_in("s1".to_owned()),
            address: Address::Ip { ip: [127, 0, 0, 1].into(), port: origin },
            hostname: None,
            port_offset: None,
            weight: 1,
            backup: false,
            check: None,
        }).unwrap(),
        "id": 1, "cookie": null, "maxconn": null, "minconn": null, "maxqueue": null, "disabled": false,
        "send_proxy": null, "source": null, "slowstart": null, "track": null, "observe": null,
        "error_limit": 10, "on_error": "FailCheck", "on_marked_down": "Keep", "on_marked_up": "Keep",
        "redirect_prefix": null, "init_addr": [], "pool_low_conn": 0, "pool_max_conn": null,
        "pool_purge_delay": {"secs": 5, "nanos": 0}, "max_reuse": null, "user_timeout": null,
        "fast_open": false, "non_stick": false
    }))
    .unwrap();
    let timeouts = model::Timeouts {
        client: Some(Duration::from_secs(5)),
        server: Some(Duration::from_secs(5)),
        connect: Some(Duration::from_secs(5)),
        ..model::Timeouts::default()
    };
    let proxy = |name: &str, kind| model::Proxy {
        name: Located::built_in(name.to_owned()),
        kind,
        mode: model::Mode::Http,
        timeouts: timeouts.clone(),
        ..model::Proxy::default()
    };
    let target = Located::built_in(LogFormat::constant("back"));
    let front = model::Frontend {
        default_backend: Some(target),
        monitor_uri: Some("/up".into()),
        binds: vec![Located::built_in(model::Bind::at(Address::Ip {
            ip: [127, 0, 0, 1].into(),
            port: 80,
        }))],
        ..model::Frontend::default()
    };
    let back = model::Backend {
        servers: vec![Located::built_in(server)],
        ..model::Backend::default()
    };
    let model = Model {
        proxies: vec![
            model::Proxy {
                frontend: Some(front),
                ..proxy("front", model::ProxyKind::Frontend)
            },
            model::Proxy {
                backend: Some(back),
                ..proxy("back", model::ProxyKind::Backend)
            },
        ],
        ..Model::default()
    };
    let nothing = Vocabulary {
        fetch: |_| None,
        converter: |_| None,
        matcher: |_| None,
        action: |_, _| None,
        alias: |_| None,
        tells_server_source: |_| false,
        filter: |_| None,
        stats_page: |_, _| LocalReply::without_body(404, b"Not Found"),
        failed_connection: |_, _, _| {},
        dump: None,
    };
    let capacity = build::Capacity {
        threads: 1,
        limits: crate::process::limits::Demand::default().limits(210),
    };
    Arc::new(build::build(&model, nothing, capacity).unwrap_or_else(|error| panic!("{error:?}")))
}

fn worker(origin: u16) -> Rc<Worker> {
    let plan = plan(origin);
    let live = Arc::new(Live::new(&plan, clock::both()));
    let (mailboxes, _) = Mailboxes::new(1);
    Rc::new(Worker::new(
        0,
        plan,
        live,
        Arc::new(mailboxes),
        Logger::new(Identity::default()),
    ))
}

async fn run_stream(
    worker: Rc<Worker>,
    mut client: MemorySide,
    method: &str,
    uri: &str,
    length: Option<u64>,
) {
    let mut session = SessionFacts {
        mode: locum_model::proxy::Mode::Http,
        frontend: ProxyId(0),
        listener: ListenerId(0),
        accepted: clock::both(),
        source: None,
        destination: None,
        handshake_ms: 0,
        requests: 1,
        descriptor: -1,
        worker: 0,
        failed: None,
        expects_proxy_header: false,
        proxy_header: None,
        variables: Default::default(),
        tracking: crate::stick::Tracking::default(),
    };
    let mut request = Head::request(method.as_bytes(), uri.as_bytes(), Version::HTTP_11);
    request.add(b"host", b"example.org");
    if let Some(length) = length {
        request.add(b"content-length", length.to_string().as_bytes());
        request.facts.content_length = Some(length);
    }
    let mut waiter = Waiter::new(Rc::new(Control::default()));
    let mut own = Vec::new();
    let front = worker.plan.proxy(ProxyId(0));
    let mut stream = Stream {
        worker: &worker,
        plan: &worker.plan,
        live: &worker.live,
        frontend: front,
        backend: front,
        session: &mut session,
        waiter: &mut waiter,
        client: &mut client,
        facts: StreamFacts::new(0, clock::both()),
        request_framing: request_framing(&request),
        request,
        response: Head::default(),
        own: &mut own,
        filters: Filters::default(),
        slot: None,
        avoid: None,
        must_close: false,
        presence: None,
        bound: None,
        spoiled: None,
        forced: false,
        hinted: false,
        balanced: false,
        cookie: None,
    };
    stream.run().await;
}

fn on_a_worker(test: impl Future<Output = ()> + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(10), test)
            .await
            .expect("the streams end in time");
    });
}

async fn read_head(socket: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn two_interleaved_streams_get_their_own_answers() {
    on_a_worker(async {
        let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let worker = worker(origin.local_addr().unwrap().port());
        let (one, two) = (MemorySide::default(), MemorySide::default());
        let first = tokio::task::spawn_local(run_stream(
            worker.clone(),
            one.clone(),
            "POST",
            "/one",
            Some(6),
        ));
        let second =
            tokio::task::spawn_local(run_stream(worker.clone(), two.clone(), "GET", "/two", None));
        two.send(b"", true);
        let (mut a, _) = origin.accept().await.unwrap();
        let (mut b, _) = origin.accept().await.unwrap();
        let heads = (read_head(&mut a).await, read_head(&mut b).await);
        assert!(
            heads.0.starts_with("POST /one ") && heads.1.starts_with("GET /two "),
            "{heads:?}"
        );
        // The second stream's answer comes while the first one's request is still on its way.
        one.send(b"abc", false);
        b.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntwo")
            .await
            .unwrap();
        second.await.unwrap();
        assert!(
            two.received().ends_with("\r\n\r\ntwo"),
            "{}",
            two.received()
        );
        one.send(b"def", true);
        let mut body = [0; 6];
        a.read_exact(&mut body).await.unwrap();
        assert_eq!(&body, b"abcdef");
        a.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 3\r\n\r\none")
            .await
            .unwrap();
        first.await.unwrap();
        assert!(
            one.received().starts_with("HTTP/1.1 201 Created\r\n"),
            "{}",
            one.received()
        );
        assert!(
            one.received().ends_with("\r\n\r\none"),
            "{}",
            one.received()
        );
    });
}

#[test]
fn a_response_may_come_before_the_request_has_ended() {
    on_a_worker(async {
        let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let worker = worker(origin.local_addr().unwrap().port());
        let client = MemorySide::default();
        let stream = tokio::task::spawn_local(run_stream(
            worker,
            client.clone(),
            "POST",
            "/upload",
            Some(1 << 20),
        ));
        client.send(b"only the beginning", false);
        let (mut server, _) = origin.accept().await.unwrap();
        read_head(&mut server).await;
        server
            .write_all(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 4\r\n\r\nstop")
            .await
            .unwrap();
        stream.await.unwrap();
        assert!(
            client.received().starts_with("HTTP/1.1 413 "),
            "{}",
            client.received()
        );
        assert!(
            client.received().ends_with("\r\n\r\nstop"),
            "{}",
            client.received()
        );
    });
}

#[test]
fn a_soft_stop_serves_a_request_that_is_already_there() {
    on_a_worker(async {
        let worker = worker(1);
        let (client, served) = std::os::unix::net::UnixStream::pair().unwrap();
        client.set_nonblocking(true).unwrap();
        served.set_nonblocking(true).unwrap();
        let shares = [Gauge::new(None).take(), Gauge::new(None).take()];
        let accepted = Accepted {
            conn: Detached::Unix(served).attach(),
            peer: None,
            listener: ListenerId(0),
            at: clock::both(),
            shares,
        };
        tokio::task::spawn_local(Session::new(worker.clone(), accepted).run());
        let mut client = tokio::net::UnixStream::from_std(client).unwrap();
        let request = b"GET /up HTTP/1.1\r\nhost: a\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut answer = vec![0; 1024];
        let length = client.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
        tokio::time::sleep(Duration::from_millis(60)).await;
        // The client has idled for a while. The kernel has the request, and the reactor doesn't know it yet when the order comes.
        assert_eq!(client.try_write(request).unwrap(), request.len());
        worker.live.stopping.store(true, Relaxed);
        worker.order_all(Order::Finish);
        let mut rest = String::new();
        client.read_to_string(&mut rest).await.unwrap();
        assert!(rest.starts_with("HTTP/1.1 200 OK"), "{rest}");
        assert!(rest.contains("connection: close"), "{rest}");
    });
}

#[test]
fn the_future_of_an_idle_connection_is_small() {
    // A thousand idle connections are to cost no more than the reference's: their future holds no request.
    let size = crate::stream::session::idle_future_size();
    assert!(
        size <= 384,
        "an idle connection's future takes {size} bytes"
    );
}
