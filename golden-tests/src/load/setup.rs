//! The configurations of the benches: one text for ours and the reference, and nginx's next to it.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// What the texts are made from.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// Where the proxy listens, on 127.0.0.1.
    pub port: u16,
    /// Its stats socket.
    pub cli: &'a Path,
    /// The syslog sink.
    pub sink: SocketAddr,
    /// The addresses of servers s1, s2.
    pub servers: &'a [SocketAddr],
    /// `nbthread`.
    pub threads: usize,
    /// Further lines for `defaults`.
    pub defaults: &'a str,
}

impl Setup<'_> {
    /// `mode http` with httplog to the sink, cookie persistence and health checks.
    #[must_use]
    pub fn http(&self) -> String {
        let mut text = self.head("http", "option httplog");
        text.push_str(
            "    cookie SRV insert indirect nocache\n    option httpchk GET /check\n    http-check expect status 200\n",
        );
        for (at, address) in (1..).zip(self.servers) {
            let _infallible = writeln!(
                text,
                "    server s{at} {address} cookie s{at} check inter 2s"
            );
        }
        text
    }

    /// `mode tcp` with tcplog to the sink and health checks.
    #[must_use]
    pub fn tcp(&self) -> String {
        let mut text = self.head("tcp", "option tcplog");
        for (at, address) in (1..).zip(self.servers) {
            let _infallible = writeln!(text, "    server s{at} {address} check inter 2s");
        }
        text
    }

    fn head(&self, mode: &str, log: &str) -> String {
        let Self {
            port,
            cli,
            sink,
            threads,
            defaults,
            ..
        } = self;
        let cli = cli.display();
        format!(
            "global
    nbthread {threads}
    maxconn 6000
    log {sink} local0
    stats socket {cli} mode 600 level admin

defaults
    mode {mode}
    log global
    {log}
    timeout connect 5s
    timeout client 300s
    timeout server 300s
    timeout http-keep-alive 300s
{defaults}
frontend fe
    bind 127.0.0.1:{port}
    default_backend be

backend be
    balance roundrobin
"
        )
    }

    /// The same work as far as nginx has it: a reverse proxy with kept server connections and an access log to the sink.
    #[must_use]
    pub fn nginx(&self, folder: &Path) -> String {
        let Self {
            port,
            sink,
            servers,
            ..
        } = self;
        let folder = folder.display();
        let servers = servers.iter().fold(String::new(), |mut all, address| {
            let _infallible = write!(all, " server {address};");
            all
        });
        format!(
            "daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 8000; }}
http {{
    access_log syslog:server={sink},nohostname,tag=nginx combined;
    client_body_temp_path {folder}/nginx-1;
    proxy_temp_path {folder}/nginx-2;
    fastcgi_temp_path {folder}/nginx-3;
    uwsgi_temp_path {folder}/nginx-4;
    scgi_temp_path {folder}/nginx-5;
    keepalive_timeout 300s;
    keepalive_requests 100000000;
    upstream be {{{servers} keepalive 256; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://be;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
        )
    }
}

/// A configuration with `count` backends, for the time that loading takes.
#[must_use]
pub fn many_backends(count: usize) -> String {
    let mut text = "global
    maxconn 1000
    log 127.0.0.1:514 local0

defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend fe
    bind 127.0.0.1:8080
    default_backend b0

"
    .to_owned();
    for at in 0..count {
        let (high, low) = (at / 250, at % 250 + 1);
        let _infallible = write!(
            text,
            "backend b{at}
    balance roundrobin
    cookie SRV insert indirect nocache
    option httpchk GET /check
    server s1 10.0.{high}.{low}:8080 cookie s1 check inter 2s
    server s2 10.1.{high}.{low}:8080 cookie s2 check inter 2s backup

"
        );
    }
    text
}
