//! The interfaces of this machine, for those who read a configuration.

use std::io;

pub use locum_kernel::netlink::Link;
use locum_kernel::netlink::Netlink;

/// All interfaces, as the kernel has them now.
///
/// # Errors
/// As the kernel says.
pub fn all() -> io::Result<Vec<Link>> {
    Netlink::open()?.links()
}
