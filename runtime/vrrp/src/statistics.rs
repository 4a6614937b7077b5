//! What an instance counts (RFC 2787, RFC 6527 and the statistics of the reference).

/// Counters of an instance since its start, or since they were cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Valid adverts received, those with a wrong address list among them.
    pub adverts_received: u64,
    /// Adverts sent; unicast: one for all peers.
    pub adverts_sent: u64,
    /// Times it became master.
    pub became_master: u64,
    /// Times it stopped being master.
    pub released_master: u64,
    /// Packets of a wrong length.
    pub length_errors: u64,
    /// Packets with a wrong TTL or hop limit.
    pub ttl_errors: u64,
    /// Packets that are no adverts.
    pub invalid_type: u64,
    /// Adverts with another interval.
    pub interval_errors: u64,
    /// Adverts with other addresses.
    pub address_list_errors: u64,
    /// Adverts with an unknown authentication.
    pub invalid_auth_type: u64,
    /// Adverts with another authentication than ours.
    pub auth_type_mismatch: u64,
    /// Adverts whose authentication failed.
    pub auth_failures: u64,
    /// Adverts of priority 0 received.
    pub priority_zero_received: u64,
    /// Adverts of priority 0 sent.
    pub priority_zero_sent: u64,
    /// Adverts with a wrong checksum (not shown by the reference's statistics file).
    pub checksum_errors: u64,
    /// Adverts of another version (not shown either).
    pub version_errors: u64,
}
