//! A server that is bound and answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::Methods;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::listen::{Acceptor, Opened, Room, SocketFile, Spare, Unsaid};
use crate::listener::Address;
use crate::operations::Operations;
use crate::shared::Shared;
use crate::signals::Signals;
use crate::wires::{Wire, Wires};
use crate::{Control, Error, open_files};

/// Connections to the operations port at one time.
const OPERATIONS_CONNECTIONS: usize = 256;

/// How long requests to the operations port may take to finish in the end.
const OPERATIONS_GRACE: Duration = Duration::from_millis(500);

/// A server that answers, in the runtime that started it. Dropped, it stops at once; see [`stop`](Self::stop) for grace.
pub struct Running {
    shared: Arc<Shared>,
    drain: Duration,
    listeners: Vec<Listener>,
    /// A thread of its own, where there is an operations port or [`Server::run`](crate::Server::run) waits for signals.
    operations: Option<Operations>,
}

/// A listener of a server that answers.
pub struct Listener {
    wires: Wires,
    address: Address,
    _file: Option<SocketFile>,
}

impl Listener {
    /// What it answers.
    pub fn wires(&self) -> &Wires {
        &self.wires
    }

    /// Where.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl Running {
    /// Accepts connections from now on.
    pub(crate) fn new(shared: Shared, drain: Duration, opened: Vec<(Wires, Opened)>) -> Result<Self, Error> {
        let shared = Arc::new(shared);
        let mut running = Self { shared, drain, listeners: Vec::new(), operations: None };
        let room = Room::new(
            open_files::room_for(running.shared.settings.limits.connections),
            running.shared.settings.connections_per_address,
        );
        for (wires, Opened { listening, address, file }) in opened {
            if wires.has(Wire::Ops) {
                let runtime = running.operations()?.clone();
                // A flood on the wires must not shut out the operator.
                let spare =
                    Spare::new().map_err(Error::system("cannot keep files for the operations port"))?;
                let room = Room::new(OPERATIONS_CONNECTIONS, None);
                let acceptor = running.acceptor(&wires, room, Some(spare));
                // Its events have to reach the other thread.
                let moved = listening.move_to(&runtime);
                let moved = moved.map_err(Error::system("cannot move the operations port to its thread"))?;
                runtime.spawn(acceptor.run(moved));
            } else {
                tokio::spawn(running.acceptor(&wires, room.clone(), None).run(listening));
            }
            running.listeners.push(Listener { wires, address, _file: file });
        }
        running.shared.set_ready(true);
        Ok(running)
    }

    fn acceptor(&self, wires: &Wires, room: Arc<Room>, spare: Option<Arc<Spare>>) -> Acceptor {
        let wires = Arc::new(wires.clone());
        Acceptor { server: self.shared.clone(), wires, room, spare, unsaid: Unsaid::default() }
    }

    fn operations(&mut self) -> Result<&Handle, Error> {
        let operations = match self.operations.take() {
            Some(operations) => operations,
            None => Operations::start().map_err(Error::system("cannot start the thread of operations"))?,
        };
        Ok(self.operations.insert(operations).runtime())
    }

    /// Its listeners, in the order in which they were asked for.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The addresses of those that listen on TCP.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.address.tcp())
    }

    /// The methods that calls go to now.
    pub fn methods(&self) -> Arc<Methods> {
        self.shared.methods()
    }

    /// Whether `/readyz` and gRPC's health service say that new calls are welcome.
    pub fn is_ready(&self) -> bool {
        self.shared.is_ready()
    }

    /// What they say from now on. Calls are answered either way.
    pub fn set_ready(&self, is_ready: bool) {
        self.shared.set_ready(is_ready);
    }

    /// A hold on the server, to change what it serves while it runs.
    pub fn control(&self) -> Control {
        Control::new(&self.shared)
    }

    /// How long calls may take to finish, as [`Server::drain`](crate::Server::drain) was told.
    pub fn drain(&self) -> Duration {
        self.drain
    }

    /// Accepts nothing more, lets calls under way finish for as long as `grace`, and cuts what is left.
    pub async fn stop(&self, grace: Duration) {
        self.set_ready(false);
        let open = self.shared.shutdown.open();
        tracing::info!(connections = open, ?grace, "winding down: calls under way may finish");
        let cut = self.shared.shutdown.finish(grace).await;
        if cut == 0 {
            tracing::info!("all calls finished");
        } else {
            tracing::warn!(
                connections = cut,
                "cut off when the drain time was over; a longer one waits for such calls"
            );
        }
        self.shared.ops_shutdown.finish(OPERATIONS_GRACE).await;
    }

    /// Calls `started`, waits for Ctrl-C or SIGTERM, and stops; at once on a second signal.
    pub(crate) async fn until_signalled(
        mut self,
        started: impl FnOnce(&Self) + Send + 'static,
    ) -> Result<(), Error> {
        let operations = self.operations()?.clone();
        let (announced, up) = oneshot::channel();
        let stopped = operations.spawn(async move {
            // Whoever started the program may signal it once it is announced.
            let mut signals = Signals::new()?;
            started(&self);
            let _ = announced.send(());
            signals.next().await;
            tokio::select! {
                () = self.stop(self.drain) => {}
                () = signals.next() => tracing::warn!("a second signal: stopping at once"),
            }
            // The thread of operations ends with it, and cannot end itself.
            Ok(self)
        });
        let _ = up.await;
        let stopped = stopped.await.map_err(std::io::Error::other);
        stopped.map_err(Error::system("the thread of operations ended"))?.map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.shutdown.cut();
        self.shared.ops_shutdown.cut();
    }
}
