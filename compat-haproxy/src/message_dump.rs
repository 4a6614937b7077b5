//! `-d`: what passes, on standard output (management manual 3, "-d").
//!
//! ```text
//! 00000000:fe.accept(0004)=000d from [127.0.0.1:43358] ALPN=<none>
//! 00000000:fe.clireq[000d:ffffffff]: GET /a HTTP/1.1
//! 00000000:fe.clihdr[000d:ffffffff]: host: example.org
//! 00000000:be.srvrep[000d:000e]: HTTP/1.1 200 OK
//! 00000000:be.srvhdr[000d:000e]: content-length: 2
//! 00000000:be.clicls[000d:000e]
//! 00000000:be.srvcls[000d:000e]
//! 00000000:be.closed[000d:000e]
//! ```
//! A stream's number, the proxy that has it, the step, and the descriptors of its client and its server.

use std::io::Write;

use locum_runtime::{http::message::Head, sample::view::View, stream::dump::Passing};

/// Writes a step.
pub fn write(view: &View<'_>, step: Passing, out: &mut Vec<u8>) {
    let Some(stream) = view.stream else { return };
    let name = |proxy: &str, what: &str| format!("{:08x}:{proxy}.{what}", stream.number);
    let (frontend, backend) = (&view.frontend().name, view.backend());
    let backend = backend.map_or(frontend, |backend| &backend.name);
    let client = view.session.descriptor;
    let link = match stream.server_descriptor {
        Some(server) => format!("[{client:04x}:{server:04x}]"),
        None => format!("[{client:04x}:ffffffff]"),
    };
    let ended = match stream.server_descriptor {
        Some(_) => link.clone(),
        None => format!("[{client:04x}:ffff]"),
    };
    // Writing to a vector can't fail.
    let _ = match step {
        Passing::Client => {
            let listener = view.session.listener.index();
            let peer = match view.session.source {
                Some(peer) => peer.to_string(),
                None => format!("unix:{}", listener + 1),
            };
            let title = name(frontend, "accept");
            writeln!(
                out,
                "{title}({listener:04x})={client:04x} from [{peer}] ALPN=<none>"
            )
        }
        Passing::Request => view.request.map_or(Ok(()), |head| {
            line(
                out,
                &name(frontend, "clireq"),
                &link,
                &[head.method(), b" ", head.uri(), b" ", head.version_text()],
            )?;
            fields(out, &name(frontend, "clihdr"), &link, head)
        }),
        Passing::Response => view.response.map_or(Ok(()), |head| {
            let status = head.status().to_string();
            line(
                out,
                &name(backend, "srvrep"),
                &link,
                &[
                    head.version_text(),
                    b" ",
                    status.as_bytes(),
                    b" ",
                    head.reason(),
                ],
            )?;
            fields(out, &name(backend, "srvhdr"), &link, head)
        }),
        Passing::ClientClosed => writeln!(out, "{}{ended}", name(backend, "clicls")),
        // A stream that never reached for a server has nothing to close there.
        Passing::ServerClosed if stream.server_descriptor.is_none() && stream.service.is_none() => {
            Ok(())
        }
        Passing::ServerClosed => writeln!(out, "{}{ended}", name(backend, "srvcls")),
        Passing::Closed => writeln!(out, "{}{ended}", name(backend, "closed")),
    };
}

fn line(out: &mut Vec<u8>, title: &str, link: &str, parts: &[&[u8]]) -> std::io::Result<()> {
    write!(out, "{title}{link}: ")?;
    for part in parts {
        out.extend_from_slice(part);
    }
    out.push(b'\n');
    Ok(())
}

fn fields(out: &mut Vec<u8>, title: &str, link: &str, head: &Head) -> std::io::Result<()> {
    for (name, value) in head.iter() {
        line(
            out,
            title,
            link,
            &[&name.to_ascii_lowercase(), b": ", value],
        )?;
    }
    Ok(())
}
