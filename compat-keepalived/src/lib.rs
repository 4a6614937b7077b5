//! Keepalived's face: its configuration language comes with the VRRP runtime.
