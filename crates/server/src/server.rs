//! What a server is told before it starts.

use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Limits, Methods, Metrics};
use manywire_http::{HostNames, Http2, Origins};

use crate::listen::{bind, take_over};
use crate::listener::{Bound, Listen};
use crate::shared::{Settings, Shared};
use crate::wires::{Wire, Wires};
use crate::{Error, Running};

/// How long calls under way may take to finish, where nothing was said.
const DRAIN: Duration = Duration::from_secs(10);

/// Methods, and where they are to be served.
///
/// ```no_run
/// # async fn example() -> Result<(), manywire_server::Error> {
/// let mut methods = manywire_core::Methods::new();
/// methods.add("double", "Twice the number.", async |n: i64| Ok(n.saturating_mul(2)));
/// manywire_server::Server::new(methods).listen("any=127.0.0.1:2021")?.run().await
/// # }
/// ```
#[must_use = "a server answers once it is started or run"]
pub struct Server {
    methods: Methods,
    listeners: Vec<(Wires, Socket)>,
    settings: Settings,
    drain: Duration,
}

/// What a listener is bound to, or is yet to be.
enum Socket {
    Unbound(Listen),
    Bound(Bound),
}

impl Server {
    /// A server of these methods and of nothing else.
    pub fn new(methods: Methods) -> Self {
        Self { methods, listeners: Vec::new(), settings: Settings::default(), drain: DRAIN }
    }

    /// Answers wires at an address: `any=127.0.0.1:2021` for all of them, `netrpc,zerorpc=[::1]:0` for some on a free port,
    /// `grpc=unix:/run/service.sock` on a Unix socket, `ops=127.0.0.1:8000` for health and metrics.
    pub fn listen(self, listener: &str) -> Result<Self, Error> {
        self.listen_at(listener.parse()?)
    }

    /// The same with a listener that was read before.
    pub fn listen_at(self, listen: Listen) -> Result<Self, Error> {
        self.add(listen.wires.clone(), Socket::Unbound(listen))
    }

    /// Answers wires, such as `any`, on a socket that the program has bound.
    pub fn listen_on(self, wires: &str, bound: impl Into<Bound>) -> Result<Self, Error> {
        let wires = Wires::parse(wires).map_err(|why| Error::listen(wires, why))?;
        self.add(wires, Socket::Bound(bound.into()))
    }

    fn add(mut self, wires: Wires, socket: Socket) -> Result<Self, Error> {
        if let Some(wire) = wires.not_built() {
            return Err(Error::NotBuilt { wire: wire.feature() });
        }
        self.listeners.push((wires, socket));
        Ok(self)
    }

    /// How much its peers may ask for.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = Arc::new(limits);
        self
    }

    /// How long calls under way may take to finish once [`run`](Self::run) is told to stop: 10 seconds where nothing is said.
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// Counts in `metrics`, which the program may share between servers or render itself.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.settings.metrics = metrics;
        self
    }

    /// Speaks TLS on every listener but `ops`, and no plaintext.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: impl Into<crate::Tls>) -> Self {
        self.settings.tls = Some(tls.into());
        self
    }

    /// Serves plaintext beside TLS on the same ports.
    #[cfg(feature = "tls")]
    pub fn allow_plaintext(mut self) -> Self {
        self.settings.allow_plaintext = true;
        self
    }

    /// Lets web pages from these origins call, which are refused otherwise.
    pub fn web_origins(mut self, origins: Origins) -> Self {
        Arc::make_mut(&mut self.settings.guard).origins = origins;
        self
    }

    /// Answers HTTP to these names on loopback addresses, beside `localhost`.
    pub fn host_names(mut self, names: HostNames) -> Self {
        Arc::make_mut(&mut self.settings.guard).host_names = names;
        self
    }

    /// How HTTP/2 looks after its connections.
    pub fn http2(mut self, http2: Http2) -> Self {
        self.settings.http2 = Arc::new(http2);
        self
    }

    /// The most connections that one address may have at a time.
    pub fn connections_per_address(mut self, most: Option<usize>) -> Self {
        self.settings.connections_per_address = most;
        self
    }

    /// Publishes to subscribers of the wire `zerorpc-pub`.
    #[cfg(feature = "zerorpc")]
    pub fn events(mut self, events: manywire_zerorpc::Publisher) -> Self {
        self.settings.events = events;
        self
    }

    /// The package and the service of gRPC that methods belong to where no `.proto` names them.
    #[cfg(feature = "grpc")]
    pub fn grpc_names(mut self, naming: manywire_grpc::Naming) -> Self {
        self.settings.grpc.naming = naming;
        self
    }

    /// Serves a service of tonic's beside the methods, on gRPC alone.
    #[cfg(feature = "grpc")]
    pub fn mount(mut self, service: manywire_grpc::Mounted) -> Self {
        self.settings.grpc.mounted.push(service);
        self
    }

    /// Serves `grpc.testing.TestService`, for gRPC's interop clients.
    #[cfg(feature = "grpc")]
    #[doc(hidden)]
    pub fn grpc_interop(mut self, is_served: bool) -> Self {
        self.settings.grpc.interop = is_served;
        self
    }

    /// Binds every listener and answers, in the runtime that this is called in.
    pub async fn start(self) -> Result<Running, Error> {
        if self.listeners.is_empty() {
            return Err(Error::NoListener);
        }
        let is_grpc_served = self.listeners.iter().any(|(wires, _)| wires.has(Wire::Grpc));
        let shared = Shared::new(self.methods, self.settings, is_grpc_served)?;
        let mut opened = Vec::with_capacity(self.listeners.len());
        for (wires, socket) in self.listeners {
            let socket = match socket {
                Socket::Unbound(listen) => bind(&listen).await?,
                Socket::Bound(bound) => take_over(bound, &wires)?,
            };
            opened.push((wires, socket));
        }
        Running::new(shared, self.drain, opened)
    }

    /// Serves until Ctrl-C or SIGTERM, then lets calls under way finish.
    pub async fn run(self) -> Result<(), Error> {
        self.run_with(|running| {
            for listener in running.listeners() {
                tracing::info!(wires = %listener.wires(), address = %listener.address(), "listening");
            }
        })
        .await
    }

    /// The same, and tells `started` once it answers and signals are listened for.
    pub async fn run_with(self, started: impl FnOnce(&Running) + Send + 'static) -> Result<(), Error> {
        self.start().await?.until_signalled(started).await
    }
}
