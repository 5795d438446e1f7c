//! The servers of one URL: which of them a call goes to, and which are left out for now.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use manywire_core::{ErrorKind, RpcError};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::connection::{Connection, Target};
use crate::dial::Dialer;
use crate::url::split;
use crate::{Options, Transport, Url, Wire, tls};

/// How long a server is left out after it could not be reached, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Names are looked up again when a server is lost, but not more often than this.
const LOOKUP_PAUSE: Duration = Duration::from_secs(5);

/// All servers of a URL, and how they are connected to.
pub(crate) struct Servers {
    pub(crate) url: Url,
    pub(crate) options: Options,
    tls: Option<Arc<ClientConfig>>,
    list: RwLock<Arc<[Arc<Server>]>>,
    looked_up: Mutex<Instant>,
    /// Where the search begins, so that servers that are equally busy take turns.
    turn: AtomicUsize,
}

/// One address.
pub(crate) struct Server {
    authority: String,
    dialer: Arc<Dialer>,
    in_flight: AtomicUsize,
    state: Mutex<State>,
    /// Whether `state` counts failures, so that a call that succeeds need not lock it to see.
    has_failed: AtomicBool,
    /// Held by the one that connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    /// How often in a row it could not be reached; none while it is well.
    failures: u32,
    /// When it may be tried again.
    rested: Option<Instant>,
    is_probed: bool,
}

/// A server that a call has chosen, for as long as it takes.
pub(crate) struct Lease(pub(crate) Arc<Server>);

impl Lease {
    fn new(server: Arc<Server>) -> Self {
        server.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(server)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Servers {
    /// Looks the names up.
    pub(crate) async fn find(url: Url, options: Options) -> Result<Arc<Self>, RpcError> {
        let tls = url.tls.then(|| tls::config(&options.tls, protocol(&url))).transpose()?;
        let servers = Self {
            list: RwLock::new(Arc::new([])),
            looked_up: Mutex::new(Instant::now()),
            turn: AtomicUsize::new(0),
            url,
            options,
            tls,
        };
        let list = servers.look_up().await?;
        *servers.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        Ok(Arc::new(servers))
    }

    /// Connects to one of the servers, where the wire keeps connections. Where none can be had, the error is that of the
    /// first in the URL, in whichever order they were tried.
    pub(crate) async fn reach(self: &Arc<Self>) -> Result<(), RpcError> {
        let (mut tried, mut errors) = (Vec::new(), Vec::new());
        while let Some(lease) = self.choose(&tried) {
            match self.connection(&lease.0).await {
                Ok(_) => return Ok(()),
                Err(error) => errors.push(error),
            }
            tried.push(lease.0.address());
        }
        let place = |address: &SocketAddr| self.list().iter().position(|server| server.address() == *address);
        let first = tried.iter().zip(errors).min_by_key(|(address, _)| place(address));
        Err(match (first, tried.len()) {
            (None, _) => RpcError::internal(format!("{} names no server", self.url)),
            (Some((_, error)), 1) => error,
            (Some((_, error)), count) => {
                let message = format!("{error}; none of {count} servers could be reached");
                RpcError::new(error.kind(), message).unsent()
            }
        })
    }

    fn list(&self) -> Arc<[Arc<Server>]> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server for the next call: of those that are well and not tried yet the one with the least in flight; else the
    /// one that has rested longest.
    pub(crate) fn choose(self: &Arc<Self>, tried: &[SocketAddr]) -> Option<Lease> {
        let list = self.list();
        if let [only] = &*list {
            return (tried.is_empty()).then(|| Lease::new(only.clone()));
        }
        let start = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..list.len()).filter_map(|i| list.get((start + i) % list.len()));
        let chosen = in_turn
            .filter(|server| !tried.contains(&server.address()))
            .min_by_key(|server| (server.rests_until(), server.in_flight.load(Ordering::Relaxed)))?;
        if chosen.rests_until().is_none() {
            self.probe_rested(&list);
        }
        Some(Lease::new(chosen.clone()))
    }

    /// Sees in the background whether servers that were left out are back, while calls go to the others.
    fn probe_rested(self: &Arc<Self>, list: &[Arc<Server>]) {
        let now = Instant::now();
        for server in list {
            let mut state = server.state();
            if !state.is_probed && state.rested.is_some_and(|rested| rested <= now) {
                state.is_probed = true;
                let (servers, server) = (self.clone(), server.clone());
                tokio::spawn(async move {
                    // Clients of HTTP say nothing before the first call, so the bare connection is what is tried.
                    match server.dialer.dial().await {
                        Ok(_) => server.is_well(),
                        Err(_) => server.is_lost(),
                    }
                    server.state().is_probed = false;
                    drop(servers);
                });
            }
        }
    }

    /// The server's connection; made, where there is none or where it has ended.
    pub(crate) async fn connection(&self, server: &Arc<Server>) -> Result<Arc<Connection>, RpcError> {
        if let Some(connection) = server.open_connection() {
            return Ok(connection);
        }
        let _connecting = server.connecting.lock().await;
        if let Some(connection) = server.open_connection() {
            return Ok(connection);
        }
        let target = Target {
            url: &self.url,
            authority: &server.authority,
            dialer: server.dialer.clone(),
            metadata: &self.options.metadata,
            limits: &self.options.limits,
        };
        let connection = target.connect().await.inspect_err(|_| server.is_lost())?;
        let connection = Arc::new(connection);
        server.state().connection = Some(connection.clone());
        Ok(connection)
    }

    /// Any server's connection that is open now.
    pub(crate) fn open(&self) -> Option<Arc<Connection>> {
        self.list().iter().find_map(|server| server.open_connection())
    }

    /// Looks names up again, since a server was lost: it may have moved.
    pub(crate) async fn refresh(&self) {
        {
            let mut looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
            if looked_up.elapsed() < LOOKUP_PAUSE {
                return;
            }
            *looked_up = Instant::now();
        }
        // Without an answer the old addresses stay.
        if let Ok(list) = self.look_up().await {
            *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        }
    }

    /// The servers by their addresses of today; those that were known stay as they are.
    async fn look_up(&self) -> Result<Arc<[Arc<Server>]>, RpcError> {
        let known = self.list();
        let mut list: Vec<Arc<Server>> = Vec::new();
        let mut why = None;
        for authority in &self.url.authorities {
            match tokio::net::lookup_host(authority).await {
                Err(error) => why = Some(no_address(authority, &error)),
                Ok(addresses) => {
                    for address in addresses {
                        if list.iter().any(|server| server.address() == address) {
                            continue;
                        }
                        let same = |server: &&Arc<Server>| server.address() == address;
                        list.push(match known.iter().find(same) {
                            Some(server) => server.clone(),
                            None => Arc::new(self.server(authority, address)?),
                        });
                    }
                }
            }
        }
        match why {
            Some(error) if list.is_empty() => Err(error),
            _ => Ok(list.into()),
        }
    }

    fn server(&self, authority: &str, address: SocketAddr) -> Result<Server, RpcError> {
        let tls = match &self.tls {
            None => None,
            Some(config) => {
                let host = split(authority).map_or(authority, |(host, _)| host);
                let name = self.options.tls.server_name.as_deref().unwrap_or(host);
                let name = ServerName::try_from(name.to_owned()).map_err(|_| {
                    RpcError::new(ErrorKind::InvalidRequest, format!("TLS: {name:?} is no name of a server"))
                })?;
                Some((config.clone(), name))
            }
        };
        let limit = self.options.connect_timeout.or(self.options.timeout);
        let dialer = Dialer { address, tls, limit, tap: self.options.tap.clone() };
        Ok(Server {
            authority: authority.to_owned(),
            dialer: Arc::new(dialer),
            in_flight: AtomicUsize::new(0),
            state: Mutex::default(),
            has_failed: AtomicBool::new(false),
            connecting: tokio::sync::Mutex::new(()),
        })
    }
}

fn no_address(authority: &str, error: &std::io::Error) -> RpcError {
    RpcError::new(ErrorKind::Unavailable, format!("cannot find the address of {authority}: {error}")).unsent()
}

/// What is offered by ALPN.
fn protocol(url: &Url) -> Option<&'static [u8]> {
    match (url.wire, url.transport) {
        (_, Transport::Tcp) => None,
        (Wire::Grpc, _) => Some(b"h2"),
        _ => Some(b"http/1.1"),
    }
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.dialer.address
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_connection(&self) -> Option<Arc<Connection>> {
        self.state().connection.as_ref().filter(|connection| !connection.is_closed()).cloned()
    }

    fn rests_until(&self) -> Option<Instant> {
        self.state().rested
    }

    /// A call was answered.
    pub(crate) fn is_well(&self) {
        if self.has_failed.load(Ordering::Relaxed) {
            self.has_failed.store(false, Ordering::Relaxed);
            let mut state = self.state();
            (state.failures, state.rested) = (0, None);
        }
    }

    /// It could not be reached: it is left out, the longer the more often that happens.
    pub(crate) fn is_lost(&self) {
        let mut state = self.state();
        let pause = FIRST_PAUSE.saturating_mul(1 << state.failures.min(10)).min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.rested = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
        self.has_failed.store(true, Ordering::Relaxed);
    }
}
