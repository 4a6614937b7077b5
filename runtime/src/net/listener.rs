//! Makes the listening socket of a `bind` line: exactly one per address and shard, non-blocking, of the standard
//! library's types, so that it can be bound before any runtime stands and cross a fork or an exec.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::{Path, PathBuf},
};

use locum_kernel::{adopt, adopt::Refusal, socket_option};
use locum_model::{address::Address, proxy::Bind};
use nix::unistd::{Gid, Uid};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// A listening socket.
#[derive(Debug)]
pub enum ListeningSocket {
    /// Over IPv4 or IPv6.
    Tcp(TcpListener),
    /// A unix socket, with a path or abstract.
    Unix(UnixListener),
}

impl From<ListeningSocket> for OwnedFd {
    fn from(socket: ListeningSocket) -> OwnedFd {
        match socket {
            ListeningSocket::Tcp(listener) => listener.into(),
            ListeningSocket::Unix(listener) => listener.into(),
        }
    }
}

impl AsFd for ListeningSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            ListeningSocket::Tcp(listener) => listener.as_fd(),
            ListeningSocket::Unix(listener) => listener.as_fd(),
        }
    }
}

impl ListeningSocket {
    /// Takes over a listening socket that another process made.
    pub fn adopt(fd: OwnedFd) -> io::Result<Self> {
        let socket = Socket::from(fd);
        if !socket.is_listener()? && socket.r#type()? != Type::STREAM {
            return Err(io::Error::from_raw_os_error(nix::libc::EINVAL));
        }
        socket.set_nonblocking(true)?;
        Ok(match socket.domain()? {
            Domain::UNIX => ListeningSocket::Unix(UnixListener::from(OwnedFd::from(socket))),
            _ => ListeningSocket::Tcp(TcpListener::from(OwnedFd::from(socket))),
        })
    }

    /// A second handle on the same socket, for another worker or for a hand-over.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            ListeningSocket::Tcp(listener) => ListeningSocket::Tcp(listener.try_clone()?),
            ListeningSocket::Unix(listener) => ListeningSocket::Unix(listener.try_clone()?),
        })
    }

    /// Where it listens, as the kernel has it: a port of 0 has become a real one.
    pub fn local_address(&self) -> io::Result<Address> {
        match self {
            ListeningSocket::Tcp(listener) => {
                let address = listener.local_addr()?;
                Ok(Address::Ip {
                    ip: address.ip(),
                    port: address.port(),
                })
            }
            ListeningSocket::Unix(listener) => {
                let address = socket2::SockRef::from(listener).local_addr()?;
                match (address.as_pathname(), address.as_abstract_namespace()) {
                    (Some(path), _) => Ok(Address::Unix(path.to_owned())),
                    (None, Some(name)) => {
                        let end = name.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
                        Ok(Address::Abstract(
                            String::from_utf8_lossy(&name[..end]).into_owned(),
                        ))
                    }
                    (None, None) => Err(io::Error::from_raw_os_error(nix::libc::EINVAL)),
                }
            }
        }
    }
}

/// What a `bind` line doesn't say itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Length of the accept queue: [`backlog`].
    pub backlog: u32,
    /// `option tcp-smart-accept` (in force by default in HTTP mode): no early ACK for data that will be answered.
    pub smart_accept: bool,
}

/// Length of a socket's accept queue: the line's `backlog`, the proxy's, the line's `maxconn`, the proxy's, in this
/// order.
pub fn backlog(bind: &Bind, proxy_backlog: Option<u32>, proxy_maxconn: u32) -> u32 {
    bind.backlog
        .or(proxy_backlog)
        .or(bind.maxconn)
        .unwrap_or(proxy_maxconn)
}

/// A bound socket, and the options it had to do without.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub socket: ListeningSocket,
    /// Options that the kernel refused; the socket works nevertheless.
    pub warnings: Vec<Warning>,
}

/// An option of a `bind` line that the kernel refused.
#[derive(Debug)]
pub struct Warning {
    /// Which.
    pub option: SocketOption,
    /// Why.
    pub error: io::Error,
}

/// Options whose refusal is no reason not to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketOption {
    /// `interface`
    Interface,
    /// `mss`
    Mss,
    /// `tcp-ut`
    UserTimeout,
    /// `defer-accept`
    DeferAccept,
    /// `tfo`
    FastOpen,
}

/// Why a socket could not be made; the runtime's caller words it.
#[derive(Debug)]
pub struct BindError {
    /// What was being done.
    pub step: Step,
    /// Where.
    pub address: Address,
    /// What the kernel said.
    pub error: io::Error,
}

/// The steps of making a listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `socket(2)`, over IP.
    Create,
    /// `transparent`: neither that nor binding to any address was granted.
    Transparent,
    /// `bind(2)`, over IP.
    Bind,
    /// `listen(2)`, over IP.
    Listen,
    /// `socket(2)`, unix.
    CreateUnix,
    /// Clearing the way: removing leftovers under a temporary name.
    UnlinkUnix,
    /// Keeping a link to the socket that is there.
    PreserveUnix,
    /// `bind(2)`, unix.
    BindUnix,
    /// Owner and permissions.
    AccessUnix,
    /// Putting it in the place of the one that was there.
    RenameUnix,
    /// `listen(2)`, unix.
    ListenUnix,
    /// Taking an inherited descriptor over.
    Inherit,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.step, self.address, self.error)
    }
}

impl std::error::Error for BindError {}

/// Makes the socket of a `bind` line.
pub fn bind(bind: &Bind, settings: Settings) -> Result<Bound, BindError> {
    let fail = |step| {
        let address = bind.address.clone();
        move |error| BindError {
            step,
            address,
            error,
        }
    };
    match &bind.address {
        Address::Ip { ip, port } => tcp(bind, SocketAddr::new(*ip, *port), settings),
        Address::Unix(path) => unix_at(path, bind, settings)
            .map(unix_bound)
            .map_err(|(step, error)| fail(step)(error)),
        Address::Abstract(name) => abstract_at(name, settings)
            .map(unix_bound)
            .map_err(|(step, error)| fail(step)(error)),
        Address::Descriptor(fd) => inherited(*fd, bind, settings).map_err(fail(Step::Inherit)),
    }
}

fn tcp(bind: &Bind, address: SocketAddr, settings: Settings) -> Result<Bound, BindError> {
    let fail = |step| {
        move |error| BindError {
            step,
            address: bind.address.clone(),
            error,
        }
    };
    let mut warnings = Vec::new();
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )
    .map_err(fail(Step::Create))?;
    let _ = socket.set_reuse_address(true);
    // Every TCP listener shares its port, so that a successor can bind before its predecessor lets go.
    let _ = socket.set_reuse_port(true);
    if bind.transparent {
        make_transparent(&socket, address).map_err(fail(Step::Transparent))?;
    }
    let mut note = |option, result: io::Result<()>| {
        if let Err(error) = result {
            warnings.push(Warning { option, error });
        }
    };
    if let Some(interface) = &bind.interface {
        note(
            SocketOption::Interface,
            socket.bind_device(Some(interface.as_bytes())),
        );
    }
    if address.is_ipv6() {
        // `::` takes IPv4 clients too only where the line says `v4v6`; said by the line or not, it is set, since the
        // system's default may be either.
        let only = bind.v6only.unwrap_or(true);
        let _ = socket.set_only_v6(only);
    }
    socket
        .bind(&SockAddr::from(address))
        .map_err(fail(Step::Bind))?;
    tcp_options(&socket, bind, settings, &mut note);
    socket
        .listen(queue_length(settings))
        .map_err(fail(Step::Listen))?;
    if settings.smart_accept {
        let _ = socket.set_tcp_quickack(false);
    }
    Ok(Bound {
        socket: ListeningSocket::Tcp(TcpListener::from(OwnedFd::from(socket))),
        warnings,
    })
}

/// Lets the socket stand for addresses that aren't the machine's.
fn make_transparent(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => socket
            .set_ip_transparent_v4(true)
            .or_else(|_| socket.set_freebind_v4(true)),
        SocketAddr::V6(_) => socket
            .set_ip_transparent_v6(true)
            .or_else(|_| socket.set_freebind_v6(true)),
    }
}

/// Options that the accepted connections inherit.
fn tcp_options(
    socket: &Socket,
    bind: &Bind,
    settings: Settings,
    note: &mut impl FnMut(SocketOption, io::Result<()>),
) {
    if let Some(mss) = bind.mss
        && let Ok(mss) = u32::try_from(mss)
        && mss > 0
    {
        note(SocketOption::Mss, socket.set_tcp_mss(mss));
    }
    if let Some(timeout) = bind.user_timeout {
        let result = socket.set_tcp_user_timeout(Some(timeout));
        note(SocketOption::UserTimeout, result);
    }
    if bind.defer_accept {
        let result = socket_option::set_tcp_defer_accept(socket, 1);
        note(SocketOption::DeferAccept, result);
    }
    if bind.fast_open {
        let result = socket_option::set_tcp_fastopen(socket, queue_length(settings));
        note(SocketOption::FastOpen, result);
    }
}

fn unix_bound(listener: UnixListener) -> Bound {
    Bound {
        socket: ListeningSocket::Unix(listener),
        warnings: Vec::new(),
    }
}

fn queue_length(settings: Settings) -> i32 {
    i32::try_from(settings.backlog).unwrap_or(i32::MAX)
}

fn unix_socket() -> Result<Socket, (Step, io::Error)> {
    Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)
        .map_err(|error| (Step::CreateUnix, error))
}

/// Binds under a temporary name, sets owner and permissions, and renames: at no moment is there no socket at the
/// path, or one that the wrong people may open. The file stays when the process ends: its successor has bound the same
/// path.
fn unix_at(
    path: &Path,
    bind: &Bind,
    settings: Settings,
) -> Result<UnixListener, (Step, io::Error)> {
    let temporary = beside(path, "tmp");
    let kept = beside(path, "bak");
    remove(&temporary).map_err(|error| (Step::UnlinkUnix, error))?;
    remove(&kept).map_err(|error| (Step::UnlinkUnix, error))?;
    match std::fs::hard_link(path, &kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err((Step::PreserveUnix, error));
        }
        _ => {}
    }
    let bound = bind_unix(path, &temporary, bind, settings);
    if bound.is_err() {
        let _ = remove(&temporary);
    }
    let _ = remove(&kept);
    bound
}

fn bind_unix(
    path: &Path,
    temporary: &Path,
    bind: &Bind,
    settings: Settings,
) -> Result<UnixListener, (Step, io::Error)> {
    let socket = unix_socket()?;
    let address = SockAddr::unix(temporary).map_err(|error| (Step::BindUnix, error))?;
    socket
        .bind(&address)
        .map_err(|error| (Step::BindUnix, error))?;
    let access = &bind.access;
    if access.uid.is_some() || access.gid.is_some() {
        let (uid, gid) = (access.uid.map(Uid::from_raw), access.gid.map(Gid::from_raw));
        nix::unistd::chown(temporary, uid, gid)
            .map_err(|error| (Step::AccessUnix, error.into()))?;
    }
    if let Some(mode) = access.mode {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(temporary, permissions)
            .map_err(|error| (Step::AccessUnix, error))?;
    }
    std::fs::rename(temporary, path).map_err(|error| (Step::RenameUnix, error))?;
    socket
        .listen(queue_length(settings))
        .map_err(|error| (Step::ListenUnix, error))?;
    Ok(UnixListener::from(OwnedFd::from(socket)))
}

/// `PATH.PID.suffix`, the reference's temporary names.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{suffix}", std::process::id()));
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The reference pads abstract names with zero bytes to the full length of an address, so that only a peer that does
/// the same finds them.
pub fn abstract_address(name: &str) -> io::Result<SockAddr> {
    let mut padded = vec![0u8; 108];
    let bytes = name.as_bytes();
    if bytes.len() > padded.len() - 1 {
        return Err(io::Error::from_raw_os_error(nix::libc::ENAMETOOLONG));
    }
    padded[1..=bytes.len()].copy_from_slice(bytes);
    SockAddr::unix(Path::new(
        <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&padded),
    ))
}

fn abstract_at(name: &str, settings: Settings) -> Result<UnixListener, (Step, io::Error)> {
    let socket = unix_socket()?;
    let address = abstract_address(name).map_err(|error| (Step::BindUnix, error))?;
    socket
        .bind(&address)
        .map_err(|error| (Step::BindUnix, error))?;
    socket
        .listen(queue_length(settings))
        .map_err(|error| (Step::ListenUnix, error))?;
    Ok(UnixListener::from(OwnedFd::from(socket)))
}

/// An inherited descriptor: clients may have connected already, and options of an earlier owner are reset.
fn inherited(fd: i32, bind: &Bind, settings: Settings) -> io::Result<Bound> {
    let (owned, _) = adopt::inherited_listener(fd).map_err(|refusal| {
        io::Error::from_raw_os_error(match refusal {
            Refusal::NotOpen | Refusal::NotInherited => nix::libc::EBADF,
            Refusal::NotASocket => nix::libc::ENOTSOCK,
            Refusal::NotListening => nix::libc::EINVAL,
            Refusal::System(errno) => errno as i32,
        })
    })?;
    reset(ListeningSocket::adopt(owned)?, bind, settings)
}

/// Applies a `bind` line to a socket that another process has bound (`fd@N`, or handed over).
pub fn reset(socket: ListeningSocket, bind: &Bind, settings: Settings) -> io::Result<Bound> {
    let mut warnings = Vec::new();
    {
        let handle = socket2::SockRef::from(&socket);
        if matches!(socket, ListeningSocket::Tcp(_)) {
            let _ = handle.set_linger(None);
            let _ = handle.set_tcp_user_timeout(None);
            let _ = socket_option::set_tcp_defer_accept(&socket, 0);
            tcp_options(&handle, bind, settings, &mut |option, result| {
                if let Err(error) = result {
                    warnings.push(Warning { option, error });
                }
            });
            if settings.smart_accept {
                let _ = handle.set_tcp_quickack(false);
            }
        }
        handle.listen(queue_length(settings))?;
    }
    Ok(Bound { socket, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        backlog: 10,
        smart_accept: true,
    };

    fn local(port: u16) -> Bind {
        Bind::at(Address::Ip {
            ip: "127.0.0.1".parse().unwrap(),
            port,
        })
    }

    #[test]
    fn the_nearest_backlog_or_maxconn_bounds_the_accept_queue() {
        let mut line = local(0);
        assert_eq!(backlog(&line, None, 500), 500);
        line.maxconn = Some(33);
        assert_eq!(backlog(&line, None, 500), 33);
        assert_eq!(backlog(&line, Some(123), 500), 123);
        line.backlog = Some(77);
        assert_eq!(backlog(&line, Some(123), 500), 77);
    }

    #[test]
    fn two_sockets_share_a_port_but_not_with_one_that_refuses() {
        let first = bind(&local(0), SETTINGS).unwrap();
        let Address::Ip { port, .. } = first.socket.local_address().unwrap() else {
            unreachable!("bound to an IP address")
        };
        assert!(bind(&local(port), SETTINGS).is_ok());
        let alone = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = bind(&local(alone.local_addr().unwrap().port()), SETTINGS).unwrap_err();
        assert_eq!(error.step, Step::Bind);
        assert_eq!(error.error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_unknown_interface_is_a_warning_and_the_socket_works() {
        let mut line = local(0);
        line.interface = Some("nope0".into());
        let bound = bind(&line, SETTINGS).unwrap();
        assert_eq!(bound.warnings[0].option, SocketOption::Interface);
    }

    #[test]
    fn a_unix_socket_replaces_the_one_at_its_path_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let mut line = Bind::at(Address::Unix(path.clone()));
        line.access.mode = Some(0o600);
        let old = bind(&line, SETTINGS).unwrap();
        let new = bind(&line, SETTINGS).unwrap();
        drop(old);
        let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
        let ListeningSocket::Unix(listener) = &new.socket else {
            unreachable!("bound to a path")
        };
        assert!(listener.accept().is_ok());
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&path).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_and_a_folder_in_the_way_fail_at_their_steps() {
        let line = Bind::at(Address::Unix("/nonexistent-folder/s".into()));
        assert_eq!(bind(&line, SETTINGS).unwrap_err().step, Step::BindUnix);
        let folder = tempfile::tempdir().unwrap();
        let line = Bind::at(Address::Unix(folder.path().to_owned()));
        assert_eq!(bind(&line, SETTINGS).unwrap_err().step, Step::PreserveUnix);
    }

    #[test]
    fn an_abstract_name_is_padded_and_comes_back_without_the_padding() {
        let name = format!("locum-test-{}", std::process::id());
        let bound = bind(&Bind::at(Address::Abstract(name.clone())), SETTINGS).unwrap();
        assert_eq!(
            bound.socket.local_address().unwrap(),
            Address::Abstract(name.clone())
        );
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        assert!(socket.connect(&abstract_address(&name).unwrap()).is_ok());
    }

    #[test]
    fn an_inherited_descriptor_must_listen() {
        use std::os::fd::IntoRawFd;
        let inherited = |fd: OwnedFd| {
            let cleared = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty());
            nix::fcntl::fcntl(&fd, cleared).unwrap();
            fd.into_raw_fd()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let line = Bind::at(Address::Descriptor(inherited(listener.into())));
        let bound = bind(&line, SETTINGS).unwrap();
        let _client = std::net::TcpStream::connect(address).unwrap();
        assert!(matches!(bound.socket, ListeningSocket::Tcp(_)));
        let file = std::fs::File::open("/dev/null").unwrap();
        let line = Bind::at(Address::Descriptor(inherited(file.into())));
        let error = bind(&line, SETTINGS).unwrap_err();
        assert_eq!(error.error.raw_os_error(), Some(nix::libc::ENOTSOCK));
    }
}
