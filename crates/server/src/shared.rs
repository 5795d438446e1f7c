//! What all connections of a server share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

#[cfg(feature = "grpc")]
use manywire_core::Empty;
#[cfg(feature = "grpc")]
use manywire_core::introspect::PROTOS;
use manywire_core::introspect::SCHEMA;
use manywire_core::{Connection, Dispatch, Limits, Memory, Methods, Metrics, Shutdown};
use manywire_http::{Guard, Http2};

use crate::Error;
use crate::listen::Peer;
use crate::wires::{Wire, Wires};

/// What a server may be told beside its methods and listeners.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) limits: Arc<Limits>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) http2: Arc<Http2>,
    pub(crate) connections_per_address: Option<usize>,
    pub(crate) metrics: Metrics,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::Tls>,
    /// Whether listeners with TLS serve plaintext too.
    pub(crate) allow_plaintext: bool,
    #[cfg(feature = "zerorpc")]
    pub(crate) events: manywire_zerorpc::Publisher,
    #[cfg(feature = "grpc")]
    pub(crate) grpc: Grpc,
}

impl Settings {
    /// Whether listeners speak TLS.
    pub(crate) fn has_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        return false;
    }
}

/// What gRPC may be told.
#[cfg(feature = "grpc")]
#[derive(Default)]
pub(crate) struct Grpc {
    pub(crate) naming: manywire_grpc::Naming,
    pub(crate) mounted: Vec<manywire_grpc::Mounted>,
    pub(crate) interop: bool,
}

/// What every connection shares.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    methods: RwLock<Arc<Methods>>,
    /// What all connections together may make the server hold.
    pub(crate) memory: Memory,
    pub(crate) shutdown: Shutdown,
    /// The operations port answers until the very end, so it has a shutdown of its own.
    pub(crate) ops_shutdown: Shutdown,
    ready: AtomicBool,
    pub(crate) bound: BoundWires,
    #[cfg(feature = "grpc")]
    naming: manywire_grpc::Naming,
    /// None where no listener answers gRPC.
    #[cfg(feature = "grpc")]
    pub(crate) grpc: Option<manywire_grpc::Server>,
}

/// The methods as each wire calls them.
pub(crate) struct BoundWires {
    #[cfg(feature = "netrpc")]
    pub(crate) gob: BoundWire,
    #[cfg(feature = "netrpc")]
    pub(crate) jsonrpc1: BoundWire,
    #[cfg(feature = "http")]
    pub(crate) http: BoundWire,
    #[cfg(feature = "jsonrpc")]
    pub(crate) jsonrpc: BoundWire,
    #[cfg(feature = "xmlrpc")]
    pub(crate) xmlrpc: BoundWire,
    #[cfg(feature = "zerorpc")]
    pub(crate) zerorpc: BoundWire,
    #[cfg(feature = "zerorpc")]
    pub(crate) zerorpc_pub: BoundWire,
}

/// The methods as one wire calls them.
pub(crate) struct BoundWire(Arc<Dispatch>);

impl BoundWires {
    fn new(methods: &Arc<Methods>, metrics: &Metrics) -> Self {
        let bind = |wire| BoundWire(Dispatch::new(wire, methods.clone(), metrics));
        #[cfg(feature = "netrpc")]
        let introspected = Arc::new(manywire_netrpc::with_introspection(methods));
        #[cfg(feature = "netrpc")]
        let bind_netrpc = |wire| BoundWire(Dispatch::new(wire, introspected.clone(), metrics));
        Self {
            #[cfg(feature = "netrpc")]
            gob: bind_netrpc("gob"),
            #[cfg(feature = "netrpc")]
            jsonrpc1: bind_netrpc("jsonrpc1"),
            #[cfg(feature = "http")]
            http: bind("http"),
            #[cfg(feature = "jsonrpc")]
            jsonrpc: bind("jsonrpc"),
            #[cfg(feature = "xmlrpc")]
            xmlrpc: bind("xmlrpc"),
            #[cfg(feature = "zerorpc")]
            zerorpc: bind("zerorpc"),
            #[cfg(feature = "zerorpc")]
            zerorpc_pub: bind("zerorpc-pub"),
        }
    }
}

impl BoundWires {
    fn replace(&self, methods: &Arc<Methods>) {
        #[cfg(feature = "netrpc")]
        {
            let introspected = Arc::new(manywire_netrpc::with_introspection(methods));
            self.gob.0.replace(introspected.clone());
            self.jsonrpc1.0.replace(introspected);
        }
        #[cfg(feature = "http")]
        self.http.0.replace(methods.clone());
        #[cfg(feature = "jsonrpc")]
        self.jsonrpc.0.replace(methods.clone());
        #[cfg(feature = "xmlrpc")]
        self.xmlrpc.0.replace(methods.clone());
        #[cfg(feature = "zerorpc")]
        {
            self.zerorpc.0.replace(methods.clone());
            self.zerorpc_pub.0.replace(methods.clone());
        }
    }
}

impl BoundWire {
    /// What a new connection on this wire needs.
    pub(crate) fn connection(&self, server: &Shared, peer: &Peer) -> Connection {
        let limits = &server.settings.limits;
        Connection {
            session: self.0.session_of(limits, &peer.activity, &peer.budget, peer.caller.clone()),
            limits: limits.clone(),
            budget: peer.budget.clone(),
            drain: server.shutdown.drain(),
            accepted: peer.accepted,
        }
    }
}

impl Shared {
    /// Binds the methods to every wire; to gRPC only where it is served, for it cannot describe all types.
    pub(crate) fn new(methods: Methods, mut settings: Settings, is_grpc_served: bool) -> Result<Self, Error> {
        methods.check()?;
        let shutdown = Shutdown::new();
        #[cfg(feature = "grpc")]
        let naming = settings.grpc.naming.clone();
        let methods = Arc::new(described(
            methods,
            #[cfg(feature = "grpc")]
            &naming,
        ));
        #[cfg(feature = "grpc")]
        let grpc = is_grpc_served.then(|| grpc(&methods, &mut settings, &shutdown)).transpose()?;
        Ok(Self {
            bound: BoundWires::new(&methods, &settings.metrics),
            memory: Memory::new(&settings.limits),
            shutdown,
            ops_shutdown: Shutdown::new(),
            ready: AtomicBool::new(false),
            #[cfg(feature = "grpc")]
            grpc,
            #[cfg(feature = "grpc")]
            naming,
            methods: RwLock::new(methods),
            settings,
        })
    }

    /// Has all calls from now on go to these methods.
    pub(crate) fn replace(&self, methods: Methods) -> Result<(), Error> {
        methods.check()?;
        let methods = Arc::new(described(
            methods,
            #[cfg(feature = "grpc")]
            &self.naming,
        ));
        // What gRPC cannot describe is refused before any wire has it.
        #[cfg(feature = "grpc")]
        if let Some(grpc) = &self.grpc {
            grpc.replace(methods.clone())?;
        }
        self.bound.replace(&methods);
        *self.methods.write().unwrap_or_else(PoisonError::into_inner) = methods;
        Ok(())
    }

    /// All methods, as they are now.
    pub(crate) fn methods(&self) -> Arc<Methods> {
        self.methods.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether calls under way are the last.
    pub(crate) fn is_winding_down(&self) -> bool {
        self.shutdown.drain().has_started()
    }

    /// Whether new calls are welcome.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    pub(crate) fn set_ready(&self, is_ready: bool) {
        self.ready.store(is_ready, Ordering::Relaxed);
        #[cfg(feature = "grpc")]
        if let Some(grpc) = &self.grpc {
            grpc.set_ready(is_ready);
        }
    }

    /// The shutdown that ends connections of these wires.
    pub(crate) fn shutdown_of(&self, wires: &Wires) -> &Shutdown {
        if wires.has(Wire::Ops) { &self.ops_shutdown } else { &self.shutdown }
    }
}

/// The methods, and those that tell of them.
fn described(mut methods: Methods, #[cfg(feature = "grpc")] naming: &manywire_grpc::Naming) -> Methods {
    if methods.get(SCHEMA).is_none() {
        methods.add_schema();
    }
    #[cfg(feature = "grpc")]
    // Methods that gRPC cannot describe are an error where gRPC is served; the other wires can do without.
    if methods.get(PROTOS).is_none()
        && let Ok(protos) = manywire_grpc::protos(&methods, naming)
    {
        let doc = "The .proto files of all methods, as they are on gRPC.";
        methods.add(PROTOS, doc, move |_: Empty| std::future::ready(Ok(protos.clone())));
    }
    methods
}

#[cfg(feature = "grpc")]
fn grpc(
    methods: &Arc<Methods>,
    settings: &mut Settings,
    shutdown: &Shutdown,
) -> Result<manywire_grpc::Server, Error> {
    let Grpc { naming, mounted, interop } = std::mem::take(&mut settings.grpc);
    Ok(manywire_grpc::Server::new(manywire_grpc::Settings {
        naming,
        mounted,
        interop,
        web_origins: settings.guard.origins.clone(),
        limits: settings.limits.clone(),
        metrics: settings.metrics.clone(),
        drain: shutdown.drain(),
        ..manywire_grpc::Settings::new(methods.clone())
    })?)
}
