//! All servers together, and their methods in one registry.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use manywire_core::{Dynamic, ErrorKind, Methods, Metrics, RpcError, Takes};

use crate::Source;
use crate::forward::{Forward, PassThrough};
use crate::upstream::Upstream;

/// Servers whose methods are served here. Clones are one gateway.
#[derive(Clone)]
pub struct Gateway {
    upstreams: Arc<[Arc<Upstream>]>,
}

/// What became of asking a server again.
#[derive(Debug)]
pub struct Looked {
    /// The server's URL.
    pub server: String,
    /// Whether it has other methods than before, or why it could not be asked.
    pub outcome: Result<bool, RpcError>,
}

/// How often it is looked whether the servers are there.
const LOOK: Duration = Duration::from_secs(1);

impl Gateway {
    /// Connects to the servers, and asks each of them what it has.
    pub async fn connect(sources: Vec<Source>) -> Result<Self, RpcError> {
        let upstreams = try_join_all(sources.into_iter().map(Upstream::connect)).await?;
        Ok(Self { upstreams: upstreams.into() })
    }

    /// Adds the methods of all servers to those that are there. It is an error where two have one name.
    pub fn add_to(&self, methods: &mut Methods) -> Result<(), RpcError> {
        let mut owners: HashMap<String, &str> = HashMap::new();
        for upstream in &*self.upstreams {
            let (source, known) = (&upstream.source, upstream.known());
            for method in &known.knowledge.methods {
                let name = source.public(&method.name);
                let taken = owners.insert(name.clone(), &source.url);
                if let Some(other) = taken.or_else(|| methods.get(&name).map(|_| "this server")) {
                    return Err(twice(&name, other, &source.url));
                }
                let forward = Forward {
                    client: known.client.clone(),
                    upstream: upstream.clone(),
                    name: method.name.as_str().into(),
                    kind: method.outline.kind,
                    is_open: method.outline.takes == Takes::Anything,
                    is_message: matches!(method.outline.takes, Takes::Message(_)),
                    is_unsure: method.is_unsure,
                };
                methods.add_dynamic(&name, &method.doc, method.outline.clone(), forward)?;
            }
            if let Some(descriptors) = &known.knowledge.descriptors {
                methods.bind(descriptors.clone());
            }
        }
        if self.upstreams.iter().any(|upstream| upstream.source.pass_through) {
            methods.set_fallback(self.pass_through());
        }
        Ok(())
    }

    /// Hands calls of any name on, to the server with the prefix that it has, or else to the one without, as far as these are
    /// to be given names that they have not told of.
    pub fn pass_through(&self) -> impl Dynamic {
        let open = self.upstreams.iter().filter(|upstream| upstream.source.pass_through);
        let mut upstreams: Vec<_> = open.cloned().collect();
        upstreams.sort_by_key(|upstream| {
            std::cmp::Reverse(upstream.source.prefix.as_ref().map_or(0, String::len))
        });
        PassThrough { upstreams }
    }

    /// Whether any of the servers is there, as far as is known.
    pub fn is_up(&self) -> bool {
        self.upstreams.is_empty() || self.upstreams.iter().any(|upstream| upstream.health.is_up())
    }

    /// Counts what becomes of the calls of each server.
    pub fn count_in(&self, metrics: &Metrics) {
        for upstream in &*self.upstreams {
            upstream.health.count_in(metrics, &upstream.source.url);
        }
    }

    /// Asks all servers again what they have, while calls go on. Where one has something else, [`Gateway::add_to`] adds that
    /// to a fresh registry.
    pub async fn learn_again(&self) -> Vec<Looked> {
        let asked = self.upstreams.iter().map(async |upstream| Looked {
            server: upstream.source.url.clone(),
            outcome: upstream.learn_again().await,
        });
        join_all(asked).await
    }

    /// Looks once a second whether the servers are there, and asks one that was away what it has. `tell` is told of each look
    /// that found a server other than before: gone, back, or with other methods.
    pub async fn watch(&self, tell: impl Fn(Looked)) {
        join_all(self.upstreams.iter().map(|upstream| watch(upstream, &tell))).await;
    }
}

async fn watch(upstream: &Upstream, tell: &impl Fn(Looked)) {
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let was_up = upstream.health.is_up();
        let outcome = upstream.look().await;
        if was_up != upstream.health.is_up() || matches!(outcome, Ok(true)) {
            tell(Looked { server: upstream.source.url.clone(), outcome });
        }
    }
}

fn twice(name: &str, one: &str, other: &str) -> RpcError {
    let message =
        format!("{name} is a method of {one} and of {other}; give one of them a prefix: PREFIX={other}");
    RpcError::new(ErrorKind::InvalidRequest, message)
}
