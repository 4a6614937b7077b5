//! Failover: VRRP (RFC 3768, RFC 5798) and BFD (RFC 5880) as Keepalived runs them.
//!
//! The cores are pure: they take the time and what happened, and say what is to be done. Drivers own sockets, netlink and
//! scripts. No configuration word is spelled here and no log line worded: events are typed, the face words them.
//!
//! ```text
//! input ──▶ engine ──▶ accept (is it for us, is it sound) ──▶ fsm (one instance) ──▶ group, track ──▶ Effects ──▶ driver
//!
//! Engine::new(configuration), on_interface, on_address, then start
//! on_reload, reload(configuration), stop          the life of the daemon
//! on_packet(socket, received)                     an advert came
//! on_interface, on_interface_gone, on_address,
//! on_line_removed                                 the kernel changed, not by us
//! on_script, on_file, on_process, on_bfd          a tracker's result, by its name
//! on_wake, on_timer; deadline                     the clock
//! adverts(instance, priority), socket(id)         what an effect refers to
//! ```
//!
//! Every `on_…` takes `now` and the `Effects` to fill. A driver that was late hands over all packets that wait before it
//! lets timers run: a stalled daemon must not take over from a master that it simply hasn't listened to.

pub mod accept;
pub mod bfd;
pub mod device;
pub mod driver;
pub mod effect;
pub mod engine;
pub mod event;
pub mod fsm;
pub mod group;
pub mod identity;
pub mod input;
pub mod instance;
pub mod interfaces;
pub mod packet;
pub mod snapshot;
pub mod statistics;
pub mod timers;
pub mod track;
