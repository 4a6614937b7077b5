//! Failover: VRRP (RFC 3768, RFC 5798) and BFD (RFC 5880) as Keepalived runs them.
//!
//! The cores are pure: they take the time and what happened, and say what is to be done. Drivers own sockets, netlink and
//! scripts. No configuration word is spelled here and no log line worded: events are typed, the face words them.
