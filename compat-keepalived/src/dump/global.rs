//! `Global definitions`, which every process' dump begins with.

use locum_model::{
    address::Address,
    keepalived::{ChildProcess, DynamicInterfaces, Global, LvsFlushOnStop, ReceiveBufferPolicy},
    script::Fifo,
    vrrp::Version,
};

use super::text::{self, Text, decimals, yes};

/// What the section shows of the machine and of the process that writes it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// It is the VRRP process, which has filled in what depends on interfaces.
    pub vrrp: bool,
    /// The host's name.
    pub hostname: String,
    /// The name of the user that runs the daemon.
    pub user: String,
    /// The network namespace that it was started with, where that isn't the default one.
    pub namespace: Option<String>,
    /// It is the VRRP process and uses a firewall, asked for or not.
    pub firewall: bool,
    /// Its realtime priority, where it has one.
    pub realtime: Option<u32>,
    /// What its file creation mask is.
    pub umask: u32,
}

/// Writes the section.
pub fn write(text: &mut Text, global: &Global, facts: &Facts) {
    text.heading("Global definitions");
    identity(text, global, facts);
    mail(text, global, facts);
    files(text, global);
    let dynamic = global.dynamic_interfaces != DynamicInterfaces::No;
    text.line(format!(" Dynamic interfaces = {}", yes(dynamic)));
    if global.dynamic_interfaces == DynamicInterfaces::AllowChanges {
        text.line(" Allow interface changes = true");
    }
    if global.smtp.no_email_faults {
        text.line(" Send emails for fault transitions = off");
    }
    lvs(text, global, facts);
    vrrp(text, global, facts);
    firewall(text, global, facts);
    verdicts(text, global);
    for (name, process) in [
        ("VRRP", &global.vrrp_process),
        ("Checker", &global.checker_process),
        ("BFD", &global.bfd_process),
    ] {
        scheduling(text, name, process);
    }
    remote_access(text, global);
    if global.script_security {
        text.line(" Script security enabled");
    } else {
        text.line(" Script security disabled");
    }
    match (global.script_user, global.script_security) {
        (Some(account), _) => account_line(text, account.uid, account.gid),
        (None, false) => account_line(text, 0, 0),
        (None, true) => {}
    }
    buffers(text, global);
    text.line(format!(" umask = {}", octal(facts.umask)));
    if global.log_unknown_vrids {
        text.line(" log_unknown_vrids");
    }
    if let Some(prefix) = &global.vmac_prefix {
        text.line(format!(" VMAC prefix = {prefix}"));
    }
    if let Some(prefix) = &global.vmac_addr_prefix {
        text.line(format!(" VMAC address prefix = {prefix}"));
    }
    if let Some(priority) = facts.realtime {
        text.line(format!(" current realtime priority = {priority}"));
        let limit = global.vrrp_process.rlimit_rttime.as_micros();
        text.line(format!(" current realtime time limit = {limit}"));
    }
}

fn identity(text: &mut Text, global: &Global, facts: &Facts) {
    if let Some(dir) = &global.config_save_dir {
        text.line(format!(" Config save dir = {}", dir.display()));
    }
    let namespace = facts.namespace.as_deref().unwrap_or("(default)");
    text.line(format!(" Network namespace = {namespace}"));
    let ipvs = match global.net_namespace_ipvs.as_deref() {
        None => "(main namespace)",
        Some("") => "(default)",
        Some(name) => name,
    };
    text.line(format!(" Network namespace ipvs = {ipvs}"));
    for (name, value) in [
        ("Instance name", &global.instance),
        ("Parent process name", &global.process_name),
        ("VRRP process name", &global.vrrp_process.name),
        ("LVS process name", &global.checker_process.name),
        ("BFD process name", &global.bfd_process.name),
    ] {
        if let Some(value) = value {
            text.line(format!(" {name} = {value}"));
        }
    }
    let router = global.router_id.as_ref().unwrap_or(&facts.hostname);
    text.line(format!(" Router ID = {router}"));
}

fn mail(text: &mut Text, global: &Global, facts: &Facts) {
    let smtp = &global.smtp;
    if let Some(Address::Ip { ip, port }) = &smtp.server {
        text.line(format!(" Smtp server = {ip}"));
        text.line(format!(" Smtp server port = {port}"));
    }
    let served = smtp.server.is_some();
    match &smtp.helo_name {
        Some(name) => text.line(format!(" Smtp HELO name = {name}")),
        None if served => text.line(format!(" Smtp HELO name = {}", facts.hostname)),
        None => {}
    }
    if served || smtp.connect_timeout != locum_model::alert::Smtp::default().connect_timeout {
        let seconds = smtp.connect_timeout.as_secs();
        text.line(format!(" Smtp server connection timeout = {seconds}"));
    }
    let from = match &smtp.from {
        Some(from) => Some(from.clone()),
        None if served => Some(format!("{}@{}", facts.user, facts.hostname)),
        None => None,
    };
    if let Some(from) = from {
        text.line(format!(" Email notification from = {from}"));
        text.line(" Email notification to:");
        for to in &smtp.to {
            text.line(format!("   {to}"));
        }
    }
    for (name, value) in [
        ("smtp_alert", smtp.alert),
        ("smtp_alert_vrrp", smtp.alert_vrrp),
        ("smtp_alert_checker", smtp.alert_checker),
    ] {
        let value = match value {
            None => "unset",
            Some(true) => "on",
            Some(false) => "off",
        };
        text.line(format!(" Default {name} = {value}"));
    }
    let all = yes(global.checker_log_all_failures);
    text.line(format!(" Checkers log all failures = {all}"));
}

fn files(text: &mut Text, global: &Global) {
    match &global.reload_check_config {
        Some(check) => match &check.log_file {
            Some(file) => text.line(format!(
                " Test config before reload, log to {}",
                file.display()
            )),
            None => text.line(" Test config before reload"),
        },
        None => text.line(" No test config before reload"),
    }
    if let Some(file) = &global.reload_time_file {
        let repeat = if global.reload_repeat {
            " (repeat)"
        } else {
            ""
        };
        text.line(format!(" Reload time file = {}{repeat}", file.display()));
        text.line(" No reload scheduled");
    }
    if let Some(file) = global.reload_file.as_ref().and_then(|f| f.path.as_ref()) {
        text.line(format!(" Reload_file = {}", file.display()));
    }
    if let Some(dir) = &global.tmp_config_directory {
        text.line(format!(" config save directory = {}", dir.display()));
    }
    if global.data_use_instance {
        text.line(" Use instance name in data dumps");
    }
    if let Some(script) = &global.startup_script {
        let named = text::script_with_account(script);
        let timeout = global.startup_script_timeout.as_secs();
        text.line(format!(" Startup script = {named}, timeout {timeout}"));
    }
    if let Some(script) = &global.shutdown_script {
        let named = text::script_with_account(script);
        let timeout = global.shutdown_script_timeout.as_secs();
        text.line(format!(" Shutdown script = {named} timeout {timeout}"));
    }
}

fn lvs(text: &mut Text, global: &Global, facts: &Facts) {
    if let Some(timeouts) = &global.lvs_timeouts {
        // The third is UDP's; the reference calls it so.
        for (name, value) in [
            ("TCP timeout", timeouts.tcp),
            ("TCP FIN timeout", timeouts.tcp_fin),
            ("TCP timeout", timeouts.udp),
        ] {
            if let Some(value) = value {
                text.line(format!(" LVS {name} = {value}"));
            }
        }
    }
    if facts.vrrp {
        // Whatever default_interface says.
        text.line(" Default interface = eth0");
    }
    let igmp = if global.disable_local_igmp {
        "yes"
    } else {
        "no"
    };
    text.line(format!(" Disable local IGMP = {igmp}"));
    if let Some(daemon) = &global.lvs_sync_daemon {
        if let Some(instance) = &daemon.instance {
            text.line(format!(" LVS syncd vrrp name = {instance}"));
        }
        text.line(format!(" LVS syncd interface = {}", daemon.interface));
        let id = daemon.id.unwrap_or(0);
        text.line(format!(" LVS syncd syncid = {id}"));
        if let Some(length) = daemon.maxlen {
            text.line(format!(" LVS syncd maxlen = {length}"));
        }
        if let Some(group) = daemon.group {
            text.line(format!(" LVS mcast group {group}"));
        }
        if let Some(port) = daemon.port {
            text.line(format!(" LVS syncd mcast port = {port}"));
        }
        if let Some(ttl) = daemon.ttl {
            text.line(format!(" LVS syncd mcast ttl = {ttl}"));
        }
    }
    text.line(format!(" LVS flush = {}", yes(global.lvs_flush)));
    let on_stop = match global.lvs_flush_on_stop {
        LvsFlushOnStop::No => "disabled",
        LvsFlushOnStop::Full => "full",
        LvsFlushOnStop::VirtualServers => "VS",
    };
    text.line(format!(" LVS flush on stop = {on_stop}"));
    for (name, fifo) in [
        ("Global", &global.notify_fifo),
        ("VRRP", &global.vrrp_notify_fifo),
        ("LVS", &global.lvs_notify_fifo),
    ] {
        notify_fifo(text, name, fifo);
    }
}

fn notify_fifo(text: &mut Text, name: &str, fifo: &Fifo) {
    let Some(path) = &fifo.path else {
        return;
    };
    text.line(format!(
        " {name} notify fifo = {}, uid:gid {}:{}",
        path.display(),
        fifo.owner.uid,
        fifo.owner.gid
    ));
    if let Some(script) = &fifo.script {
        let named = text::script_with_account(script);
        text.line(format!(" {name} notify fifo script = {named}"));
    }
}

fn vrrp(text: &mut Text, global: &Global, facts: &Facts) {
    let on_reload = yes(global.fifo_write_vrrp_states_on_reload);
    text.line(format!(" FIFO write vrrp states on reload = {on_reload}"));
    let changes = yes(global.vrrp_notify_priority_changes);
    text.line(format!(" VRRP notify priority changes = {changes}"));
    let group = text.address(global.vrrp_mcast_group4.into()).to_owned();
    text.line(format!(" VRRP IPv4 mcast group = {group}"));
    let group = text.address(global.vrrp_mcast_group6.into()).to_owned();
    text.line(format!(" VRRP IPv6 mcast group = {group}"));
    let garp = &global.vrrp_garp;
    // Only the VRRP process fills in what wasn't given; until then it is −1.
    let lower_delay = match global.vrrp_garp_lower_prio_delay {
        None if !facts.vrrp => u32::MAX.into(),
        _ => garp.lower_prio_delay.as_secs(),
    };
    let lower_repeat = match global.vrrp_garp_lower_prio_repeat {
        None if !facts.vrrp => u32::MAX,
        _ => garp.lower_prio_repeat,
    };
    for (name, value) in [
        ("delay", garp.master_delay.as_secs()),
        ("repeat", garp.master_repeat.into()),
        ("refresh timer", garp.master_refresh.as_secs()),
        ("refresh repeat", garp.master_refresh_repeat.into()),
        ("lower priority delay", lower_delay),
        ("lower priority repeat", lower_repeat.into()),
    ] {
        text.line(format!(" Gratuitous ARP {name} = {value}"));
    }
    let adverts = global.vrrp_down_timer_adverts;
    text.line(format!(" Num adverts before down = {adverts}"));
    let what = if garp.extra_if_all { "i/f" } else { "VMAC" };
    let every = garp.extra_if.as_secs();
    text.line(format!(
        " Gratuitous ARP for each secondary {what} = {every}s"
    ));
    let lower = yes(!global.vrrp_lower_prio_no_advert.unwrap_or(false));
    text.line(format!(
        " Send advert after receive lower priority advert = {lower}"
    ));
    let higher = yes(global.vrrp_higher_prio_send_advert);
    text.line(format!(
        " Send advert after receive higher priority advert = {higher}"
    ));
    let interval = decimals(global.vrrp_garp_interval);
    text.line(format!(" Gratuitous ARP interval = {interval}"));
    let interval = decimals(global.vrrp_gna_interval);
    text.line(format!(" Gratuitous NA interval = {interval}"));
    let version = match global.vrrp_version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    text.line(format!(" VRRP default protocol version = {version}"));
}

fn firewall(text: &mut Text, global: &Global, facts: &Facts) {
    let firewall = &global.firewall;
    let default = facts.firewall.then_some("keepalived");
    if let Some(table) = firewall.nftables.as_deref().or(default) {
        text.line(format!(" nftables table name = {table}"));
        let priority = firewall.nftables_priority.unwrap_or(-1);
        text.line(format!(" nftables base chain priority = {priority}"));
        let force = if firewall.nftables_ifindex {
            "force"
        } else {
            "don't force"
        };
        text.line(format!(" nftables {force} use ifindex for link local IPv6"));
    }
    if let Some(ipvs) = &global.nftables_ipvs {
        text.line(format!(" ipvs nftables table name = {}", ipvs.table));
        let priority = ipvs.priority.unwrap_or(-1);
        text.line(format!(" ipvs nftables base chain priority = {priority}"));
        let mark = ipvs.start_fwmark.unwrap_or(1000);
        text.line(format!(" ipvs nftables start fwmark = {mark}"));
    }
    let counters = if firewall.nftables_counters {
        "with"
    } else {
        "without"
    };
    text.line(format!(" nftables {counters} counters"));
    text.line(" libnftnl version 1.2.3");
}

fn verdicts(text: &mut Text, global: &Global) {
    let source = yes(global.vrrp_check_unicast_src);
    text.line(format!(" VRRP check unicast_src = {source}"));
    let skip = yes(global.vrrp_skip_check_adv_addr);
    text.line(format!(" VRRP skip check advert addresses = {skip}"));
    text.line(format!(" VRRP strict mode = {}", yes(global.vrrp_strict)));
    match global.max_auto_priority {
        Some(-1) => text.line(" Max auto priority = Disabled"),
        other => text.line(format!(" Max auto priority = {}", other.unwrap_or(0))),
    }
    let delay = global.min_auto_priority_delay.as_micros();
    text.line(format!(" Min auto priority delay = {delay} usecs"));
}

fn scheduling(text: &mut Text, name: &str, process: &ChildProcess) {
    let priority = process.priority.unwrap_or(0);
    text.line(format!(" {name} process priority = {priority}"));
    text.line(format!(" {name} don't swap = {}", yes(process.no_swap)));
    let realtime = process.rt_priority.unwrap_or(0);
    text.line(format!(" {name} realtime priority = {realtime}"));
    if !process.cpu_affinity.is_empty() {
        // CPU 0 is written as nothing.
        let cpus: String = process
            .cpu_affinity
            .iter()
            .map(|&cpu| match cpu {
                0 => " ".to_owned(),
                cpu => format!("{cpu} "),
            })
            .collect();
        text.line(format!(" {name} CPU Affinity = {cpus}"));
    }
    let limit = process.rlimit_rttime.as_micros();
    text.line(format!(" {name} realtime limit = {limit}"));
}

fn remote_access(text: &mut Text, global: &Global) {
    let state = |on: bool| if on { "enabled" } else { "disabled" };
    let snmp = &global.snmp;
    for (name, on) in [
        ("vrrp", snmp.vrrp),
        ("checker", snmp.checker),
        ("RFCv2", snmp.rfc_v2),
        ("RFCv3", snmp.rfc_v3),
        ("traps", snmp.traps),
    ] {
        text.line(format!(" SNMP {name} {}", state(on)));
    }
    let default = "default (unix:/var/agentx/master)";
    let socket = snmp.socket.as_deref().unwrap_or(default);
    text.line(format!(" SNMP socket = {socket}"));
    text.line(format!(" DBus {}", state(global.dbus)));
    let service = global.dbus_service_name.as_deref().unwrap_or("");
    text.line(format!(" DBus service name = {service}"));
}

fn buffers(text: &mut Text, global: &Global) {
    for (name, buffer) in [
        ("vrrp_netlink_cmd", global.vrrp_netlink_cmd_rcv_bufs),
        ("vrrp_netlink_monitor", global.vrrp_netlink_monitor_rcv_bufs),
        ("process_monitor", global.process_monitor_rcv_bufs),
        ("lvs_netlink_cmd", global.lvs_netlink_cmd_rcv_bufs),
        ("lvs_netlink_monitor", global.lvs_netlink_monitor_rcv_bufs),
    ] {
        text.line(format!(" {name}_rcv_bufs = {}", buffer.bytes));
        let force = u8::from(buffer.force);
        text.line(format!(" {name}_rcv_bufs_force = {force}"));
    }
    let notifies = u8::from(global.rs_init_notifies);
    text.line(format!(" rs_init_notifies = {notifies}"));
    let none = u8::from(global.smtp.no_checker_emails);
    text.line(format!(" no_checker_emails = {none}"));
    match global.vrrp_rx_bufs_policy {
        Some(ReceiveBufferPolicy::Mtu) => text.line(" rx_bufs_policy = MTU"),
        Some(ReceiveBufferPolicy::Advert) => text.line(" rx_bufs_policy = ADVERT"),
        Some(ReceiveBufferPolicy::Bytes(bytes)) => {
            text.line(format!(" rx_bufs_size = {bytes}"));
        }
        None => {}
    }
    let multiples = global.vrrp_rx_bufs_multiplier;
    text.line(format!(" rx_bufs_multiples = {multiples}"));
}

fn account_line(text: &mut Text, uid: u32, gid: u32) {
    text.line(format!(" Default script uid:gid {uid}:{gid}"));
}

/// As C's `%#o`.
fn octal(number: u32) -> String {
    if number == 0 {
        "0".to_owned()
    } else {
        format!("0{number:o}")
    }
}
