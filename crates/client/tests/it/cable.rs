//! A TCP cable between a client and a server, which counts, and which can be pulled.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use manywire_client::Tap;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(crate) struct Cable {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    pull: Arc<Notify>,
    accepting: JoinHandle<()>,
}

impl Cable {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), server).await
    }

    /// A cable whose near end is at a certain address.
    pub(crate) async fn at(near: SocketAddr, server: SocketAddr) -> Self {
        let listener = TcpListener::bind(near).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let pull = Arc::new(Notify::new());
        let (counter, pulled) = (connections.clone(), pull.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let pulled = pulled.clone();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = pulled.notified() => {}
                    }
                });
            }
        });
        Self { address, connections, pull, accepting }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Breaks every connection; new ones are let through.
    pub(crate) fn cut(&self) {
        self.pull.notify_waiters();
    }

    /// Takes the cable away: whoever connects is refused.
    pub(crate) async fn unplug(self) {
        self.cut();
        self.accepting.abort();
        // The listener is closed once the task is gone.
        let _ = self.accepting.await;
    }
}

/// Keeps what was sent, for each connection.
#[derive(Default)]
pub(crate) struct Record {
    opened: Mutex<Vec<(u64, String)>>,
    sent: Mutex<Vec<(u64, Vec<u8>)>>,
    received: AtomicUsize,
    closed: AtomicUsize,
}

impl Record {
    /// How often a text was sent to a peer.
    pub(crate) fn sent_to(&self, peer: SocketAddr, text: &str) -> usize {
        let opened = self.opened.lock().unwrap();
        let numbers: Vec<u64> =
            opened.iter().filter(|(_, p)| *p == peer.to_string()).map(|(n, _)| *n).collect();
        let sent = self.sent.lock().unwrap();
        let bytes: Vec<u8> =
            sent.iter().filter(|(n, _)| numbers.contains(n)).flat_map(|(_, bytes)| bytes.clone()).collect();
        bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub(crate) fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }

    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }
}

impl Tap for Record {
    fn opened(&self, connection: u64, peer: &str) {
        self.opened.lock().unwrap().push((connection, peer.to_owned()));
    }

    fn sent(&self, connection: u64, bytes: &[u8]) {
        self.sent.lock().unwrap().push((connection, bytes.to_vec()));
    }

    fn received(&self, _: u64, bytes: &[u8]) {
        self.received.fetch_add(bytes.len(), Ordering::SeqCst);
    }

    fn closed(&self, _: u64) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}
