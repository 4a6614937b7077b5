//! `keepalived.stats`.

use locum_vrrp::snapshot::Snapshot;

use super::text::Text;

/// Writes the counters of all instances.
pub fn write(text: &mut Text, snapshot: &Snapshot) {
    for instance in &snapshot.instances {
        let counted = &instance.statistics;
        text.line(format!("VRRP Instance: {}", instance.config.name.value));
        text.line("  Advertisements:");
        text.line(format!("    Received: {}", counted.adverts_received));
        text.line(format!("    Sent: {}", counted.adverts_sent));
        text.line(format!("  Became master: {}", counted.became_master));
        text.line(format!("  Released master: {}", counted.released_master));
        text.line("  Packet Errors:");
        text.line(format!("    Length: {}", counted.length_errors));
        text.line(format!("    TTL: {}", counted.ttl_errors));
        text.line(format!("    Invalid Type: {}", counted.invalid_type));
        text.line(format!(
            "    Advertisement Interval: {}",
            counted.interval_errors
        ));
        text.line(format!("    Address List: {}", counted.address_list_errors));
        text.line("  Authentication Errors:");
        text.line(format!("    Invalid Type: {}", counted.invalid_auth_type));
        text.line(format!("    Type Mismatch: {}", counted.auth_type_mismatch));
        text.line(format!("    Failure: {}", counted.auth_failures));
        text.line("  Priority Zero:");
        text.line(format!("    Received: {}", counted.priority_zero_received));
        text.line(format!("    Sent: {}", counted.priority_zero_sent));
    }
}
