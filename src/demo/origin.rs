//! An origin of the demo: a small web server on a thread of its own.

use std::{convert::Infallible, io, net::TcpListener, thread};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, COOKIE, HeaderMap},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{runtime::Builder, task::LocalSet};

/// The page, with `${NAME}` where something of the request belongs.
const PAGE: &str = include_str!("page.html");

/// An origin: its socket listens, and it serves once it is started.
pub(super) struct Origin {
    pub(super) name: &'static str,
    colour: &'static str,
    /// Where it listens, on 127.0.0.1.
    pub(super) port: u16,
    socket: TcpListener,
}

impl Origin {
    /// Listens on a port that the system chooses.
    pub(super) fn listen(name: &'static str, colour: &'static str) -> io::Result<Self> {
        let socket = TcpListener::bind(("127.0.0.1", 0))?;
        Ok(Self {
            name,
            colour,
            port: socket.local_addr()?.port(),
            socket,
        })
    }

    /// Answers every request with a page that names the origin, until the process ends.
    pub(super) fn start(self) -> io::Result<()> {
        let Self {
            name,
            colour,
            socket,
            ..
        } = self;
        socket.set_nonblocking(true)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new()
            .name(format!("origin-{name}"))
            .spawn(move || LocalSet::new().block_on(&runtime, serve(socket, name, colour)))?;
        Ok(())
    }
}

async fn serve(socket: TcpListener, name: &'static str, colour: &'static str) -> io::Result<()> {
    let socket = tokio::net::TcpListener::from_std(socket)?;
    let answer = move |request: Request<Incoming>| async move {
        let page = page(name, colour, &request);
        let kind = (CONTENT_TYPE, "text/html; charset=utf-8");
        let mut response = Response::new(Full::new(Bytes::from(page)));
        response
            .headers_mut()
            .extend([(kind.0, hyper::header::HeaderValue::from_static(kind.1))]);
        Ok::<_, Infallible>(response)
    };
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            // Without descriptors a connection can't be taken: others must end first.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let served =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        // A client that breaks off is none of the demo's business.
        tokio::task::spawn_local(async move { drop(served.await) });
    }
}

fn page<B>(name: &str, colour: &str, request: &Request<B>) -> String {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    PAGE.replace("${ORIGIN}", name)
        .replace("${COLOUR}", colour)
        .replace(
            "${REQUEST}",
            &escaped(&format!("{} {target}", request.method())),
        )
        .replace(
            "${CLIENT}",
            &escaped(text(request.headers(), "x-forwarded-for")),
        )
        .replace(
            "${COOKIE}",
            &escaped(text(request.headers(), COOKIE.as_str())),
        )
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("none")
}

/// Text as HTML: what a client sent must not become markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_its_origin_and_shows_what_came_as_text() {
        let request = Request::get("/a?b")
            .header("x-forwarded-for", "<script>")
            .body(())
            .unwrap();
        let page = page("teal", "#fff", &request);
        assert!(page.contains("teal") && page.contains("GET /a?b"));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
        assert!(!page.contains("${"), "{page}");
    }
}
