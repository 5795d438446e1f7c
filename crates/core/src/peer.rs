//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

/// What is known of a peer before it calls anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Where it calls from.
    pub address: Option<SocketAddr>,
    /// The certificate that it showed in TLS and that was found good, as DER.
    pub certificate: Option<Arc<[u8]>>,
}
