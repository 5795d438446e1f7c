//! The servers of one URL: which of them a call goes to, and which are left out for now.

mod lookup;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use manywire_core::{Origin, RpcError};
use tokio_rustls::rustls::ClientConfig;

use crate::connection::{Connection, Target};
use crate::dial::{Dialer, Place};
use crate::signatures::Signatures;
use crate::{Options, Transport, Url, Wire, tls};

/// How long a server is left out after it could not be reached, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// All servers of a URL, and how they are connected to.
pub(crate) struct Servers {
    pub(crate) url: Url,
    pub(crate) options: Options,
    tls: Option<Arc<ClientConfig>>,
    signatures: Signatures,
    list: ArcSwap<Vec<Arc<Server>>>,
    looked_up: Mutex<Instant>,
    /// Where the search begins, so that servers that are equally busy take turns.
    turn: AtomicUsize,
}

/// One address.
pub(crate) struct Server {
    authority: String,
    dialer: Arc<Dialer>,
    in_flight: AtomicUsize,
    connection: ArcSwapOption<Connection>,
    state: Mutex<State>,
    /// Whether `state` counts failures, so that no call locks it while all is well.
    has_failed: AtomicBool,
    /// Held by the one that connects; why the last one could not, and when that was known.
    connecting: tokio::sync::Mutex<Option<(Instant, RpcError)>>,
}

#[derive(Default)]
struct State {
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
            signatures: Signatures::default(),
            list: ArcSwap::default(),
            looked_up: Mutex::new(Instant::now()),
            turn: AtomicUsize::new(0),
            url,
            options,
            tls,
        };
        servers.look_up().await?;
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
            tried.push(lease.0.place().clone());
        }
        let position = |place: &Place| self.list.load().iter().position(|server| server.place() == place);
        let first = tried.iter().zip(errors).min_by_key(|(place, _)| position(place));
        Err(match (first, tried.len()) {
            (None, _) => RpcError::arose(Origin::Usage, format!("{} names no server", self.url)),
            (Some((_, error)), 1) => error,
            (Some((_, error)), count) => {
                let message = format!("{error}; none of {count} servers could be reached");
                RpcError::arose(Origin::Connect, message).with_kind(error.kind())
            }
        })
    }

    /// Sees whether a bare connection to any of the servers can be made.
    pub(crate) async fn probe(&self) -> Result<(), RpcError> {
        let mut lost = RpcError::arose(Origin::Usage, format!("{} names no server", self.url));
        for server in &***self.list.load() {
            match server.dialer.dial().await {
                Ok(_) => return Ok(()),
                Err(error) => lost = error.at(&server.authority),
            }
        }
        Err(lost)
    }

    /// The server for the next call: of those that are well and not tried yet the one with the least in flight; else the
    /// one that has rested longest.
    pub(crate) fn choose(self: &Arc<Self>, tried: &[Place]) -> Option<Lease> {
        let list = self.list.load();
        if let [only] = &***list {
            return (tried.is_empty()).then(|| Lease::new(only.clone()));
        }
        let start = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..list.len()).filter_map(|i| list.get((start + i) % list.len()));
        let chosen = in_turn
            .filter(|server| !tried.contains(server.place()))
            .min_by_key(|server| (server.rests_until(), server.in_flight.load(Ordering::Relaxed)))?;
        if chosen.rests_until().is_none() {
            self.probe_rested(&list);
        }
        Some(Lease::new(chosen.clone()))
    }

    /// Sees in the background whether servers that were left out are back, while calls go to the others.
    fn probe_rested(self: &Arc<Self>, list: &[Arc<Server>]) {
        let now = Instant::now();
        for server in list.iter().filter(|server| server.has_failed.load(Ordering::Relaxed)) {
            let mut state = server.state();
            if !state.is_probed && state.rested.is_some_and(|rested| rested <= now) {
                state.is_probed = true;
                let (servers, server) = (self.clone(), server.clone());
                tokio::spawn(async move {
                    // Clients of HTTP say nothing before the first call, so the bare connection is what is tried.
                    match server.dialer.dial().await {
                        Ok(_) => server.is_well(),
                        Err(_) => {
                            server.is_lost();
                            // It may have moved.
                            servers.refresh().await;
                        }
                    }
                    server.state().is_probed = false;
                });
            }
        }
    }

    /// The server's connection; made, where there is none or where it has ended.
    pub(crate) async fn connection(&self, server: &Arc<Server>) -> Result<Arc<Connection>, RpcError> {
        if let Some(connection) = server.open_connection() {
            return Ok(connection);
        }
        let asked = Instant::now();
        let mut failed = server.connecting.lock().await;
        if let Some(connection) = server.open_connection() {
            return Ok(connection);
        }
        // Those who waited while it failed share that, and do not try one after the other.
        if let Some((_, error)) = failed.as_ref().filter(|(when, _)| *when > asked) {
            return Err(error.clone());
        }
        let target = Target {
            url: &self.url,
            authority: &server.authority,
            dialer: server.dialer.clone(),
            metadata: &self.options.metadata,
            limits: &self.options.limits,
            signatures: &self.signatures,
            protos: self.options.protos.as_ref(),
        };
        match self.in_time(server, target.connect()).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                server.connection.store(Some(connection.clone()));
                Ok(connection)
            }
            Err(error) => {
                server.is_lost();
                *failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Connecting is more than dialling: a server that takes the stream and says nothing on it is not there either.
    async fn in_time(
        &self,
        server: &Server,
        connecting: impl Future<Output = Result<Connection, RpcError>>,
    ) -> Result<Connection, RpcError> {
        let Some(limit) = server.dialer.limit else { return connecting.await };
        tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            let message = format!("cannot connect to {}: no connection within {limit:?}", server.authority);
            Err(RpcError::arose(Origin::Connect, message))
        })
    }

    /// The error with what the servers seem to speak, where none has answered anything yet and their first bytes tell it.
    pub(crate) fn explain(&self, error: RpcError) -> RpcError {
        if matches!(error.origin(), Origin::Server | Origin::Usage) {
            return error;
        }
        let list = self.list.load();
        let hint = list.iter().find_map(|server| server.dialer.heard.hint(&error, &self.url));
        hint.map_or_else(|| error.clone(), |hint| hint.explain(error.clone()))
    }

    /// Any server's connection that is open now.
    pub(crate) fn open(&self) -> Option<Arc<Connection>> {
        self.list.load().iter().find_map(|server| server.open_connection())
    }
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
    pub(crate) fn place(&self) -> &Place {
        &self.dialer.place
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_connection(&self) -> Option<Arc<Connection>> {
        self.connection.load_full().filter(|connection| !connection.is_closed())
    }

    fn rests_until(&self) -> Option<Instant> {
        if self.has_failed.load(Ordering::Relaxed) { self.state().rested } else { None }
    }

    /// A call was answered, or the server said why not.
    pub(crate) fn has_answered(&self) {
        self.dialer.heard.answered();
    }

    /// It could be reached.
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
        // Calls that found out together count once.
        if state.rested.is_some_and(|rested| rested > Instant::now()) {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << state.failures.min(10)).min(LONGEST_PAUSE);
        state.failures = state.failures.saturating_add(1);
        state.rested = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
        self.has_failed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::lookup::LOOKUP_PAUSE;
    use super::*;

    fn at(port: u16) -> Place {
        Place::Tcp(([127, 0, 0, 1], port).into())
    }

    async fn servers(url: &str) -> Arc<Servers> {
        let options = Options { retry: crate::Retry::none(), ..Options::default() };
        Servers::find(url.parse().unwrap(), options).await.unwrap()
    }

    fn places(servers: &Servers) -> Vec<Place> {
        servers.list.load().iter().map(|server| server.place().clone()).collect()
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_this_time_keeps_its_servers() {
        let servers = servers("gob://127.0.0.1:1,127.0.0.1:2").await;
        let lost = || Err(io::Error::other("no such host"));
        let list = servers.merged(vec![lost(), Ok(vec![at(3), at(2)])]).unwrap();
        assert_eq!(
            list.iter().map(|server| server.place().clone()).collect::<Vec<_>>(),
            [at(1), at(3), at(2)]
        );
        let known = servers.list.load();
        assert!(Arc::ptr_eq(&list[0], &known[0]) && Arc::ptr_eq(&list[2], &known[1]));
        assert_eq!(servers.merged(vec![lost(), lost()]).unwrap().len(), 2);
    }

    #[tokio::test]
    async fn failures_that_are_found_together_count_once() {
        let servers = servers("gob://127.0.0.1:1,127.0.0.1:2").await;
        let first = servers.list.load()[0].clone();
        (0..20).for_each(|_| first.is_lost());
        assert_eq!(first.state().failures, 1);
        assert!(first.rests_until().unwrap() <= Instant::now() + FIRST_PAUSE);
        first.is_well();
        assert_eq!((first.rests_until(), first.state().failures), (None, 0));
    }

    #[tokio::test]
    async fn servers_that_moved_are_found_without_a_second_attempt() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let now = listener.local_addr().unwrap().port();
        let servers = servers(&format!("gob://127.0.0.1:{now}")).await;
        // What the name stood for a while ago.
        let before = servers.server("127.0.0.1", at(1), 1).unwrap();
        servers.list.store(Arc::new(vec![Arc::new(before)]));
        let long_ago = Instant::now().checked_sub(LOOKUP_PAUSE).unwrap();
        *servers.looked_up.lock().unwrap() = long_ago;
        let error = crate::Client::of(servers.clone()).call("m", Vec::new()).await.unwrap_err();
        assert!(error.is_unsent(), "{error}");
        while places(&servers) != [at(now)] {
            tokio::task::yield_now().await;
        }
    }
}
