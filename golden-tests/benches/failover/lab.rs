//! Two hosts and a client on one bridge: network namespaces inside those of this process.

use std::process::Command;

/// The hosts' namespaces, and the last number of their addresses in 192.0.2.0/24 and 198.18.0.0/16.
pub(crate) const HOSTS: [(&str, u8); 2] = [("a", 11), ("b", 12)];
/// The client's namespace.
pub(crate) const CLIENT: &str = "c";

/// Interfaces of a host, at most.
const MOST_INTERFACES: usize = 8;

/// Makes the hosts anew, with so many interfaces each. What it makes goes with this process.
///
/// # Errors
/// What `ip` said.
pub(crate) fn rebuild(interfaces: usize) -> Result<(), String> {
    for (host, _) in [HOSTS[0], HOSTS[1], (CLIENT, 100)] {
        // There is nothing the first time; a namespace goes only some time after its name.
        let _ = ip(&format!("link del p{host}"));
        let _ = ip(&format!("netns del {host}"));
    }
    for bridge in 0..MOST_INTERFACES {
        let _ = ip(&format!("link del br{bridge}"));
    }
    build()?;
    for more in 1..interfaces {
        for (host, _) in HOSTS {
            ip(&format!(
                "link add p{host}{more} type veth peer name eth{more} netns {host}"
            ))?;
            ip(&format!("link set p{host}{more} up"))?;
            ip(&format!("-n {host} link set eth{more} up"))?;
        }
        let [(a, one), (b, two)] = HOSTS;
        ip(&format!(
            "link add br{more} type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        ))?;
        ip(&format!("link set br{more} up"))?;
        for (host, number) in [(a, one), (b, two)] {
            ip(&format!("link set p{host}{more} master br{more}"))?;
            ip(&format!(
                "-n {host} addr add 10.{more}.0.{number}/24 dev eth{more}"
            ))?;
        }
    }
    Ok(())
}

fn build() -> Result<(), String> {
    ip("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0")?;
    ip("link set br0 up")?;
    for (host, number) in [HOSTS[0], HOSTS[1], (CLIENT, 100)] {
        ip(&format!("netns add {host}"))?;
        ip(&format!(
            "link add p{host} type veth peer name eth0 netns {host}"
        ))?;
        ip(&format!("link set p{host} master br0 up"))?;
        for line in [
            "link set lo up".to_owned(),
            "link set eth0 up".to_owned(),
            format!("addr add 192.0.2.{number}/24 dev eth0"),
            format!("addr add 198.18.0.{number}/16 dev eth0"),
        ] {
            ip(&format!("-n {host} {line}"))?;
        }
    }
    Ok(())
}

/// A place for the names of namespaces that is this process's alone.
///
/// # Errors
/// What `mount` said.
pub(crate) fn prepare() -> Result<(), String> {
    command("mount", "-t tmpfs none /run")
}

/// Whether a host has an IPv4 address.
pub(crate) fn has_address(host: &str, address: &str) -> bool {
    let output = Command::new("ip")
        .args(["-n", host, "-o", "-4", "addr", "show"])
        .output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).contains(&format!(" {address}/"))
    })
}

fn ip(words: &str) -> Result<(), String> {
    command("ip", words)
}

fn command(program: &str, words: &str) -> Result<(), String> {
    let output = Command::new(program)
        .args(words.split_whitespace())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{program} {words}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}
