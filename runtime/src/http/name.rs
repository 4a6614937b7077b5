//! The few header names that the proxy itself looks at, found once when a head is decoded.

/// A header name that has an id; every other one is `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "each variant is the header of that name")]
pub enum Name {
    Other,
    Host,
    Connection,
    ContentLength,
    TransferEncoding,
    Cookie,
    SetCookie,
    Expect,
    Upgrade,
    KeepAlive,
    ProxyConnection,
    Te,
    Authorization,
    ProxyAuthorization,
    WwwAuthenticate,
    CacheControl,
    XForwardedFor,
    Location,
    ContentType,
}

impl Name {
    /// The id of a name in lower case.
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"host" => Self::Host,
            b"connection" => Self::Connection,
            b"content-length" => Self::ContentLength,
            b"transfer-encoding" => Self::TransferEncoding,
            b"cookie" => Self::Cookie,
            b"set-cookie" => Self::SetCookie,
            b"expect" => Self::Expect,
            b"upgrade" => Self::Upgrade,
            b"keep-alive" => Self::KeepAlive,
            b"proxy-connection" => Self::ProxyConnection,
            b"te" => Self::Te,
            b"authorization" => Self::Authorization,
            b"proxy-authorization" => Self::ProxyAuthorization,
            b"www-authenticate" => Self::WwwAuthenticate,
            b"cache-control" => Self::CacheControl,
            b"x-forwarded-for" => Self::XForwardedFor,
            b"location" => Self::Location,
            b"content-type" => Self::ContentType,
            _ => Self::Other,
        }
    }

    /// Its bit in a set of names; `Other` has one too.
    #[inline]
    pub(super) const fn bit(self) -> u32 {
        1 << self as u8
    }
}
