//! What mail says of a change.

use std::net::SocketAddr;

use locum_model::{address::Address, keepalived::Global};
use locum_runtime::alert::Alert;
use locum_vrrp::effect::{Notice, NoticeState, Subject};

use super::State;

/// What a mail calls this machine.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// What the machine calls itself.
    pub own: String,
    /// What others call it, if they do.
    pub canonical: Option<String>,
}

impl Host {
    /// In a subject and behind a sender's `@`. The reference says `[unknown]` and `(null)` of a machine that nobody
    /// knows, which no server takes for a sender.
    fn name(&self) -> &str {
        self.canonical.as_deref().unwrap_or(&self.own)
    }

    /// In HELO: `localhost` if nobody knows it.
    fn helo(&self) -> &str {
        self.canonical.as_deref().unwrap_or("localhost")
    }
}

/// Whether a mail of this configuration names the machine.
pub(super) fn names_host(global: &Global) -> bool {
    let smtp = &global.smtp;
    global.router_id.is_none() || smtp.helo_name.is_none() || smtp.from.is_none()
}

/// The mail of a change; `None`: there is none for it, or nobody to send it to.
pub(super) fn alert(global: &Global, host: &Host, notice: &Notice, state: State) -> Option<Alert> {
    let smtp = &global.smtp;
    let Some(Address::Ip { ip, port }) = smtp.server else {
        return None;
    };
    if smtp.to.is_empty() || state.said == NoticeState::Fault && smtp.no_email_faults {
        return None;
    }
    let (what, body) = match notice.subject {
        Subject::Instance(_) => ("Instance", body_of_instance(state.said)?),
        Subject::Group(_) => ("Group", body_of_group(state.said)?),
    };
    let router = global.router_id.as_deref().unwrap_or(host.name());
    let change = match state.said {
        NoticeState::Master => "Entering MASTER state",
        NoticeState::Backup => "Entering BACKUP state",
        NoticeState::Fault => "Entering FAULT state",
        _ => "Deleted",
    };
    Some(Alert {
        server: SocketAddr::new(ip, if port == 0 { SMTP_PORT } else { port }),
        timeout: smtp.connect_timeout,
        helo_name: smtp.helo_name.as_deref().unwrap_or(host.helo()).to_owned(),
        from: smtp
            .from
            .clone()
            .unwrap_or_else(|| default_sender(host.name())),
        to: smtp.to.clone(),
        subject: format!("[{router}] VRRP {what} {} - {change}", notice.name),
        mailer: "Keepalived",
        body: body.into(),
    })
}

/// Where mail is taken (RFC 5321 §4.5.4.2).
const SMTP_PORT: u16 = 25;

/// The reference sends as the user it runs as, not as keepalived.conf(5) says.
fn default_sender(host: &str) -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid());
    let name = user.ok().flatten().map(|user| user.name);
    format!("{}@{host}", name.as_deref().unwrap_or("keepalived"))
}

/// The end of the daemon isn't told: it doesn't wait for a mail.
fn body_of_instance(state: NoticeState) -> Option<&'static str> {
    Some(match state {
        NoticeState::Master => "=> VRRP Instance is now owning VRRP VIPs <=",
        NoticeState::Backup | NoticeState::Fault => {
            "=> VRRP Instance is no longer owning VRRP VIPs <="
        }
        NoticeState::Deleted => "=> VRRP Deleted at reload <=",
        _ => return None,
    })
}

fn body_of_group(state: NoticeState) -> Option<&'static str> {
    Some(match state {
        NoticeState::Master => "=> All VRRP group instances are now in MASTER state <=",
        NoticeState::Backup => "=> All VRRP group instances are now in BACKUP state <=",
        NoticeState::Fault => "=> All VRRP group instances are now in FAULT state <=",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use locum_vrrp::identity::InstanceId;

    use super::*;

    #[test]
    fn a_change_is_told_in_the_words_that_filters_know() {
        let mut global = Global {
            router_id: Some("r1".into()),
            ..Global::default()
        };
        global.smtp.to = vec!["a@x.org".into()];
        global.smtp.server = Some(Address::Ip {
            ip: [127, 0, 0, 1].into(),
            port: 0,
        });
        let notice = Notice {
            subject: Subject::Instance(InstanceId(0)),
            name: Arc::from("VI_1"),
            state: NoticeState::Fault,
            priority: 100,
        };
        let of = |global: &Global, said| {
            let state = State {
                said,
                deleted: false,
            };
            let host = Host {
                own: "host".into(),
                canonical: None,
            };
            alert(global, &host, &notice, state)
        };
        let mail = of(&global, NoticeState::Fault).expect("a mail");
        assert_eq!(
            mail.subject,
            "[r1] VRRP Instance VI_1 - Entering FAULT state"
        );
        assert_eq!(mail.server.port(), 25);
        assert_eq!(mail.helo_name, "localhost");
        assert!(of(&global, NoticeState::Stop).is_none());
        global.smtp.no_email_faults = true;
        assert!(of(&global, NoticeState::Fault).is_none());
    }
}
