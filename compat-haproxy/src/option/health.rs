//! `option httpchk` and its kin: how servers are checked (manual 4.2).
//!
//! ```text
//! option httpchk GET /health HTTP/1.1
//! ```

use locum_model::{Text, expr::LogFormat};

use crate::{
    keyword::http_check::ProbeKind,
    load::{Capability, Fault, Lowered, ProxyLine},
};

/// `option httpchk [METHOD] [URI] [VERSION]`
pub(super) fn httpchk(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "httpchk");
    line.line.at_most(3, 2)?;
    let health = &mut line.draft.health;
    health.kind = ProbeKind::Http;
    health.method = None;
    health.uri = None;
    health.version = None;
    let text = |index: usize| Some(Text::from(line.line.bytes(index)));
    match (line.line.has(2), line.line.has(3), line.line.has(4)) {
        (false, ..) => {}
        (true, false, _) => health.uri = Some(LogFormat::constant(line.line.bytes(2))),
        (true, true, has_version) => {
            health.method = text(2);
            health.uri = Some(LogFormat::constant(line.line.bytes(3)));
            if has_version {
                health.version = text(4);
            }
        }
    }
    if let Some(version) = &health.version
        && !version.starts_with(b"HTTP/")
    {
        let text = format!("'option httpchk' : invalid HTTP version '{version}'.");
        return Err(Fault::Spaced(text));
    }
    Ok(())
}

/// `option tcp-check`
pub(super) fn tcp_check(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "tcp-check");
    line.line.at_most(0, 2)?;
    line.draft.health.kind = ProbeKind::Tcp;
    Ok(())
}

/// Options that choose a probe we don't have.
pub(super) fn probe_option(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let name = line.line.text(1);
    line.lacks(Capability::Backend, &name);
    Ok(())
}
