//! The rulesets beside those that `nft list ruleset` showed of the reference.

use std::net::{SocketAddr, SocketAddrV6, UdpSocket};

use super::*;
use crate::in_namespace::{index, inside, ip, run, until, wire};

/// Recorded from the reference: instances with `no_accept`, one of them with `use_vmac`, of both families.
const RECORDED: &str = r#"table ip6 keepalived {
	map vmac_map {
		type iface_index : iface_index
		elements = { "vrrp.57" : "eth0" }
	}

	set vmac_set {
		type iface_index
		elements = { "vrrp.57" }
	}

	set vips {
		type ipv6_addr
		elements = { 2001:db8:1::1,
			     2001:db8:1::71 }
	}

	set neighbor-discovery {
		type icmpv6_type
		flags constant
		elements = { nd-neighbor-solicit,
			     nd-neighbor-advert }
	}

	set vips_link_local {
		type ipv6_addr . iface_index
		elements = { fe80::56 . "eth0",
			     fe80::57 . "vrrp.57" }
	}

	chain out {
		type filter hook output priority filter - 1; policy accept;
		icmpv6 type mld2-listener-report meta oifkind "macvlan" dup to ip6 daddr device oif map @vmac_map drop
		icmpv6 type nd-router-solicit meta oifkind "macvlan" oif @vmac_set drop
		icmpv6 type @neighbor-discovery accept
		ip6 saddr fe80::/10 goto out_link_local
		ip6 saddr @vips drop
	}

	chain in {
		type filter hook input priority filter - 1; policy accept;
		icmpv6 type @neighbor-discovery accept
		ip6 daddr fe80::/10 goto in_link_local
		ip6 daddr @vips drop
	}

	chain in_link_local {
		ip6 daddr . iif @vips_link_local drop
	}

	chain out_link_local {
		ip6 saddr . oif @vips_link_local drop
	}
}
table ip keepalived {
	map vmac_map {
		type iface_index : iface_index
		elements = { "vrrp.58" : "eth0" }
	}

	set vips {
		type ipv4_addr
		elements = { 192.0.2.158 }
	}

	chain out {
		type filter hook output priority filter - 1; policy accept;
		ip protocol igmp meta oifkind "macvlan" dup to ip daddr device oif map @vmac_map drop
		ip saddr @vips drop
	}

	chain in {
		type filter hook input priority filter - 1; policy accept;
		ip daddr @vips drop
	}
}
"#;

/// The interfaces of the recording; `false`, and said loudly, where nft is missing or the kernel has no nf_tables.
fn interfaces() -> bool {
    let listed = std::process::Command::new("nft")
        .args(["list", "ruleset"])
        .output();
    if !listed.is_ok_and(|output| output.status.success()) {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "!!! NOT RUN: nft::tests: no nft, or no nf_tables"
        );
        return false;
    }
    wire();
    ip("link set va down");
    ip("link set va name eth0");
    for name in ["vrrp.57", "vrrp.58"] {
        ip(&format!(
            "link add link eth0 name {name} type macvlan mode private"
        ));
    }
    true
}

fn listed() -> String {
    // The order of a set's elements is the kernel's hash's.
    let text = run("nft", "list ruleset");
    text.replace(
        "fe80::57 . \"vrrp.57\",\n\t\t\t     fe80::56 . \"eth0\" }",
        "fe80::56 . \"eth0\",\n\t\t\t     fe80::57 . \"vrrp.57\" }",
    )
    .replace(
        "2001:db8:1::71,\n\t\t\t     2001:db8:1::1 }",
        "2001:db8:1::1,\n\t\t\t     2001:db8:1::71 }",
    )
}

fn protected(address: &str, interface: &str) -> Protected {
    Protected {
        address: address.parse().expect("an address"),
        on: On::Index(index(interface)),
    }
}

/// What the instances of the recording do, in their order.
fn as_recorded(firewall: &mut Firewall) -> [Vec<Protected>; 3] {
    let eth0 = index("eth0");
    let (v6, v4) = (index("vrrp.57"), index("vrrp.58"));
    firewall
        .redirect_groups(Family::V6, v6, eth0)
        .expect("made");
    firewall
        .redirect_groups(Family::V4, v4, eth0)
        .expect("made");
    let all = [
        vec![
            protected("fe80::56", "eth0"),
            protected("2001:db8:1::1", "eth0"),
        ],
        vec![
            protected("fe80::57", "vrrp.57"),
            protected("2001:db8:1::71", "vrrp.57"),
        ],
        vec![protected("192.0.2.158", "vrrp.58")],
    ];
    for some in &all {
        firewall.protect(some).expect("protected");
    }
    all
}

#[test]
fn the_ruleset_is_the_reference_s() {
    if !inside("nft::tests::the_ruleset_is_the_reference_s") || !interfaces() {
        return;
    }
    let mut firewall = Firewall::open(Options::default()).expect("nf_tables");
    let all = as_recorded(&mut firewall);
    similar(&listed(), RECORDED);
    // Again changes nothing; away with one leaves the other.
    firewall.protect(&all[0]).expect("protected");
    firewall.unprotect(&all[0]).expect("unprotected");
    firewall.unprotect(&all[0]).expect("unprotected");
    let left = RECORDED
        .replace("2001:db8:1::1,\n\t\t\t     ", "")
        .replace("fe80::56 . \"eth0\",\n\t\t\t     ", "");
    similar(&listed(), &left);
    firewall.remove().expect("removed");
    assert_eq!(run("nft", "list ruleset"), "");
}

#[test]
fn what_an_earlier_process_left_goes_with_the_first_change() {
    if !inside("nft::tests::what_an_earlier_process_left_goes_with_the_first_change")
        || !interfaces()
    {
        return;
    }
    let mut killed = Firewall::open(Options::default()).expect("nf_tables");
    as_recorded(&mut killed);
    let mut firewall = Firewall::open(Options::default()).expect("nf_tables");
    similar(&listed(), RECORDED);
    firewall
        .protect(&[protected("192.0.2.9", "eth0")])
        .expect("protected");
    let text = listed();
    assert!(
        text.contains("elements = { 192.0.2.9 }") && !text.contains("ip6"),
        "{text}"
    );
    let mut next = Firewall::open(Options::default()).expect("nf_tables");
    next.remove().expect("removed");
    assert_eq!(run("nft", "list ruleset"), "");
}

#[test]
fn options_and_names_of_interfaces_show_as_with_the_reference() {
    if !inside("nft::tests::options_and_names_of_interfaces_show_as_with_the_reference")
        || !interfaces()
    {
        return;
    }
    let options = Options {
        table: "kktable".to_owned(),
        priority: -10,
        counters: true,
    };
    let mut firewall = Firewall::open(options).expect("nf_tables");
    let by_name = |address: &str, name: &str| Protected {
        address: address.parse().expect("an address"),
        on: On::Name(name.to_owned()),
    };
    firewall
        .protect(&[by_name("fe80::56", "eth0"), by_name("fe80::57", "vrrp.57")])
        .expect("protected");
    // The kernel's own neighbour discovery may have been counted already, with any number of digits.
    let mut text = listed().replace(|letter: char| letter.is_ascii_digit(), "N");
    while text.contains("packets NN") || text.contains("bytes NN") {
        text = text
            .replace("packets NN", "packets N")
            .replace("bytes NN", "bytes N");
    }
    for line in [
        "table ipN kktable {",
        "type filter hook output priority filter - NN; policy accept;",
        "type ipvN_addr . ifname",
        "icmpvN type @neighbor-discovery counter packets N bytes N accept",
        "ipN saddr feNN::/NN counter packets N bytes N goto out_link_local",
        "ipN daddr . iifname @vips_link_local_name counter packets N bytes N drop",
        "ipN saddr . oifname @vips_link_local_name counter packets N bytes N drop",
        "feNN::NN . \"ethN\"",
        "feNN::NN . \"vrrp.NN\"",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    firewall
        .unprotect(&[by_name("fe80::56", "eth0")])
        .expect("unprotected");
    assert!(!listed().contains("fe80::56"));
}

#[test]
fn packets_to_a_protected_address_are_dropped() {
    if !inside("nft::tests::packets_to_a_protected_address_are_dropped") || !interfaces() {
        return;
    }
    ip("link set lo up");
    ip("addr add 192.0.2.158/32 dev lo");
    ip("addr add fe80::58/128 dev lo nodad");
    let lo = index("lo");
    let global: SocketAddr = "192.0.2.158:0".parse().expect("an address");
    let link_local = SocketAddrV6::new("fe80::58".parse().expect("an address"), 0, 0, lo).into();
    let mut firewall = Firewall::open(Options::default()).expect("nf_tables");
    for (address, on) in [
        (global, On::Index(lo)),
        (link_local, On::Index(lo)),
        // The address and the name are looked up together.
        (link_local, On::Name("lo".to_owned())),
    ] {
        let socket = UdpSocket::bind(address).expect("a socket");
        socket.set_nonblocking(true).expect("set");
        let to = socket.local_addr().expect("its address");
        let any = if address.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let sender = UdpSocket::bind(any).expect("a socket");
        let arrives = || {
            let _ = sender.send_to(b"?", to);
            std::thread::sleep(std::time::Duration::from_millis(20));
            socket.recv(&mut [0; 8]).is_ok()
        };
        let protected = [Protected {
            address: address.ip(),
            on,
        }];
        until(arrives);
        firewall.protect(&protected).expect("protected");
        assert!(!(0..5).any(|_| arrives()), "{protected:?}");
        firewall.unprotect(&protected).expect("unprotected");
        until(arrives);
    }
}

fn similar(found: &str, expected: &str) {
    assert!(found == expected, "found:\n{found}\nexpected:\n{expected}");
}
