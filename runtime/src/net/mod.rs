//! Sockets: listening, connecting, and the PROXY header that may open a connection.

pub mod client_hello;
pub mod conn;
pub mod connect;
pub mod listener;
pub mod proxy_protocol;
pub mod rdp;

pub use locum_kernel::tcp_info::TcpInfo;
