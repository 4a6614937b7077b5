//! `keepalived.json`: instances with their counters, on one line with a line feed, in the reference's order of names.

use locum_model::{
    keepalived::Configuration,
    script::Script,
    vrrp::{Authentication, Version},
};
use locum_vrrp::{
    fsm::State,
    snapshot::{InstanceStatus, Snapshot},
};

use super::{lines, text, vrrp};

/// The whole file.
pub fn write(configuration: &Configuration, snapshot: &Snapshot) -> Vec<u8> {
    let mut out = Json::default();
    out.open('[');
    for instance in &snapshot.instances {
        out.open('{');
        out.key("data");
        data(&mut out, configuration, instance, snapshot);
        out.key("stats");
        statistics(&mut out, instance);
        out.close('}');
    }
    out.close(']');
    out.text.push('\n');
    out.text.into_bytes()
}

fn data(
    out: &mut Json,
    configuration: &Configuration,
    status: &InstanceStatus,
    snapshot: &Snapshot,
) {
    let config = &*status.config;
    let garp = &config.garp;
    out.open('{');
    out.string("iname", &config.name.value);
    out.number("dont_track_primary", u8::from(config.dont_track_primary));
    out.number("skip_check_adv_addr", u8::from(config.skip_check_adv_addr));
    out.number("strict_mode", u8::from(config.strict));
    let own = config.vmac.is_some() || config.ipvlan.is_some();
    out.string("vmac_ifname", if own { &status.interface } else { "" });
    out.string("ifp_ifname", &status.interface);
    let master = status.master.map_or(0, |(_, priority)| priority);
    out.number("master_priority", master);
    let at = status
        .last_transition
        .map(|at| text::date(at, snapshot.now));
    let at = text::seconds(at.unwrap_or(std::time::UNIX_EPOCH));
    out.number("last_transition", at);
    out.number("garp_delay", garp.master_delay.as_secs());
    out.number("garp_refresh", garp.master_refresh.as_secs());
    out.number("garp_rep", garp.master_repeat);
    out.number("garp_refresh_rep", garp.master_refresh_repeat);
    out.number("garp_lower_prio_delay", garp.lower_prio_delay.as_secs());
    out.number("garp_lower_prio_rep", garp.lower_prio_repeat);
    out.number(
        "lower_prio_no_advert",
        u8::from(config.lower_prio_no_advert),
    );
    out.number(
        "higher_prio_send_advert",
        u8::from(config.higher_prio_send_advert),
    );
    out.number("vrid", config.vrid);
    out.number("base_priority", config.priority);
    out.number("effective_priority", status.priority);
    out.number("vipset", status.lines_set);
    out.number("promote_secondaries", config.promote_secondaries);
    out.number("adver_int", text::short(config.advert_int));
    let master_interval = match config.version {
        Version::V2 => config.advert_int,
        Version::V3 => status.master_interval,
    };
    out.number("master_adver_int", text::short(master_interval));
    out.number("accept", u8::from(config.accept));
    out.number("nopreempt", config.nopreempt);
    out.number("preempt_delay", config.preempt_delay.as_secs());
    out.number("state", state(status.state));
    out.number("wantstate", state(status.wanted));
    let version = match config.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    out.number("version", version);
    out.number("smtp_alert", config.smtp_alert);
    out.number("notify_deleted", config.notify.tell_deleted);
    scripts(out, status);
    lists(out, configuration, status);
    let (kind, secret) = match &config.authentication {
        Authentication::None => (0, None),
        Authentication::Pass(secret) => (1, Some(secret)),
        Authentication::Ah(secret) => (2, Some(secret)),
    };
    out.number("auth_type", kind);
    if let Some(secret) = secret {
        out.string("auth_data", &String::from_utf8_lossy(secret.as_bytes()));
    }
    out.close('}');
}

fn scripts(out: &mut Json, status: &InstanceStatus) {
    let notify = &status.config.notify;
    let all: [(&str, &Option<Box<Script>>); 7] = [
        ("script_backup", &notify.backup),
        ("script_master", &notify.master),
        ("script_fault", &notify.fault),
        ("script_stop", &notify.stop),
        ("script_deleted", &notify.deleted),
        ("script", &notify.any),
        ("script_master_rx_lower_pri", &notify.master_rx_lower_pri),
    ];
    for (name, script) in all {
        if let Some(script) = script {
            out.string(name, &text::script(script));
        }
    }
}

fn lists(out: &mut Json, configuration: &Configuration, status: &InstanceStatus) {
    let config = &*status.config;
    let global = &configuration.global;
    out.list("vips", vrrp::addresses(global, status, false));
    out.list("evips", vrrp::addresses(global, status, true));
    let routes = config.routes.iter().map(|line| lines::route(&line.value));
    out.list("vroutes", routes.collect());
    let rules = config.rules.iter().map(|line| lines::rule(&line.value));
    out.list("vrules", rules.collect());
    let interfaces = config.tracks.interfaces.iter();
    out.list(
        "track_ifp",
        interfaces.map(|t| t.name.value.clone()).collect(),
    );
    let scripts = config.tracks.scripts.iter().filter_map(|tracked| {
        let mut all = configuration.scripts.iter();
        all.find(|script| script.name.value == tracked.name.value)
    });
    out.list(
        "track_script",
        scripts.map(|s| text::script(&s.script)).collect(),
    );
}

fn statistics(out: &mut Json, status: &InstanceStatus) {
    let counted = &status.statistics;
    out.open('{');
    for (name, value) in [
        ("advert_rcvd", counted.adverts_received),
        ("advert_sent", counted.adverts_sent),
        ("become_master", counted.became_master),
        ("release_master", counted.released_master),
        ("packet_len_err", counted.length_errors),
        ("advert_interval_err", counted.interval_errors),
        ("ip_ttl_err", counted.ttl_errors),
        ("invalid_type_rcvd", counted.invalid_type),
        ("addr_list_err", counted.address_list_errors),
        ("invalid_authtype", counted.invalid_auth_type),
        ("authtype_mismatch", counted.auth_type_mismatch),
        ("auth_failure", counted.auth_failures),
        ("pri_zero_rcvd", counted.priority_zero_received),
        ("pri_zero_sent", counted.priority_zero_sent),
    ] {
        out.number(name, value);
    }
    out.close('}');
}

fn state(state: State) -> u8 {
    match state {
        State::Init => 0,
        State::Backup => 1,
        State::Master => 2,
        State::Fault => 3,
    }
}

/// A writer that keeps the order of names and writes `/` as `\/`, as the reference's library does.
#[derive(Default)]
struct Json {
    text: String,
    /// Something stands before in this array or object.
    more: bool,
}

impl Json {
    fn open(&mut self, bracket: char) {
        self.separate();
        self.text.push(bracket);
        self.more = false;
    }

    fn close(&mut self, bracket: char) {
        self.text.push(bracket);
        self.more = true;
    }

    fn key(&mut self, name: &str) {
        self.separate();
        self.quote(name);
        self.text.push(':');
        self.more = false;
    }

    fn string(&mut self, name: &str, value: &str) {
        self.key(name);
        self.quote(value);
        self.more = true;
    }

    /// A number, or a truth.
    fn number(&mut self, name: &str, value: impl std::fmt::Display) {
        self.key(name);
        self.text.push_str(&value.to_string());
        self.more = true;
    }

    /// An array of strings; an empty one isn't written at all.
    fn list(&mut self, name: &str, values: Vec<String>) {
        if values.is_empty() {
            return;
        }
        self.key(name);
        self.open('[');
        for value in &values {
            self.separate();
            self.quote(value);
            self.more = true;
        }
        self.close(']');
    }

    fn separate(&mut self) {
        if self.more {
            self.text.push(',');
        }
    }

    fn quote(&mut self, value: &str) {
        self.text.push('"');
        for character in value.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '/' => self.text.push_str("\\/"),
                '\n' => self.text.push_str("\\n"),
                '\t' => self.text.push_str("\\t"),
                '\r' => self.text.push_str("\\r"),
                other if u32::from(other) < 0x20 => {
                    self.text.push_str(&format!("\\u{:04x}", u32::from(other)));
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }
}
