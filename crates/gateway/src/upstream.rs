//! One server behind the gateway: what it has, whether it is there, and how often it was called.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use manywire_client::Client;
use manywire_core::{ErrorKind, Metrics, Origin, RpcError, UpstreamMeter};

use crate::Source;
use crate::learn::{Knowledge, learn};

/// A server, or several that may take each other's place.
pub(crate) struct Upstream {
    pub(crate) source: Source,
    known: ArcSwap<Known>,
    pub(crate) health: Health,
}

/// What was learnt last, and from whom.
pub(crate) struct Known {
    pub(crate) client: Client,
    pub(crate) knowledge: Knowledge,
}

/// What is known of a server from its calls.
pub(crate) struct Health {
    is_up: AtomicBool,
    /// Whether it may be another by now: it was lost, or has not what it once told of.
    is_suspect: AtomicBool,
    meter: OnceLock<UpstreamMeter>,
}

impl Upstream {
    pub(crate) async fn connect(source: Source) -> Result<Arc<Self>, RpcError> {
        let known = ArcSwap::from_pointee(Known::learn(&source).await?);
        let health =
            Health { is_up: true.into(), is_suspect: AtomicBool::new(false), meter: OnceLock::new() };
        Ok(Arc::new(Self { source, known, health }))
    }

    pub(crate) fn known(&self) -> Arc<Known> {
        self.known.load_full()
    }

    /// Asks the server again, over a connection of its own. Tells whether it has something else by now.
    pub(crate) async fn learn_again(&self) -> Result<bool, RpcError> {
        let fresh = Known::learn(&self.source).await?;
        self.health.is_suspect.store(false, Ordering::Relaxed);
        if fresh.knowledge == self.known.load().knowledge {
            return Ok(false);
        }
        self.known.store(Arc::new(fresh));
        Ok(true)
    }

    /// Sees whether the server is there, and what it has where it may be another. Tells whether it has something else by now.
    pub(crate) async fn look(&self) -> Result<bool, RpcError> {
        let (client, health) = (&self.known.load_full().client, &self.health);
        let has_moved = client.is_open().is_some_and(|is_open| !is_open);
        let reached = in_time(&self.source, client.probe()).await;
        let was_up = health.is_up.swap(reached.is_ok(), Ordering::Relaxed);
        health.meter.get().inspect(|meter| meter.set_up(reached.is_ok()));
        reached?;
        if was_up && !has_moved && !health.is_suspect.load(Ordering::Relaxed) {
            return Ok(false);
        }
        self.learn_again().await
    }
}

impl Known {
    async fn learn(source: &Source) -> Result<Self, RpcError> {
        let at = |error: RpcError| match error.origin() {
            Origin::Server => RpcError::new(error.kind(), format!("{}: {error}", source.url)),
            _ => error,
        };
        let learnt = async {
            let client = Client::connect(&source.url, source.options.clone()).await.map_err(at)?;
            let knowledge = learn(&client, source).await.map_err(at)?;
            Ok(Self { client, knowledge })
        };
        // It is large, and many are asked at once.
        in_time(source, Box::pin(learnt)).await
    }
}

/// A server that takes connections and says nothing is as good as none.
async fn in_time<T>(
    source: &Source,
    asked: impl Future<Output = Result<T, RpcError>>,
) -> Result<T, RpcError> {
    let patience = source.options.limits.handshake;
    tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| {
        let message = format!("{} has not told what it has within {patience:?}", source.url);
        Err(RpcError::arose(Origin::Time, message))
    })
}

impl Health {
    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Counts its calls from now on.
    pub(crate) fn count_in(&self, metrics: &Metrics, server: &str) {
        self.meter.get_or_init(|| metrics.upstream(server)).set_up(self.is_up());
    }

    /// Notes a call that has ended.
    pub(crate) fn note<T>(&self, answer: &Result<T, RpcError>) {
        let error = answer.as_ref().err();
        self.meter.get().inspect(|meter| meter.finished(error.map(RpcError::kind)));
        let is_lost = |error: &RpcError| {
            matches!(error.origin(), Origin::Connect | Origin::Lost)
                || error.kind() == ErrorKind::UnknownMethod
        };
        if error.is_some_and(is_lost) {
            self.is_suspect.store(true, Ordering::Relaxed);
        }
    }
}
