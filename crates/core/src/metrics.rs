//! What the server counts: calls, errors and latency by wire and method; connections; bytes.
//!
//! Handles are looked up once, when a wire is bound to the registry, so that a call takes no lock.

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::ErrorKind;
use crate::durations::{AllDurations, Durations};

/// Where a call that names no method is counted, so that callers cannot invent labels.
pub const UNKNOWN_METHOD: &str = "(unknown)";

/// All counters of a server.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    durations: AllDurations,
    errors: IntCounterVec,
    open: IntGaugeVec,
    accepted: IntCounterVec,
    received: IntCounterVec,
    sent: IntCounterVec,
    upstreams_up: IntGaugeVec,
    upstream_calls: IntCounterVec,
    upstream_errors: IntCounterVec,
}

/// The counters of a server that calls are handed on to.
#[derive(Clone)]
pub struct UpstreamMeter {
    server: String,
    up: IntGauge,
    calls: IntCounter,
    errors: IntCounterVec,
}

/// The counters of one method on one wire.
#[derive(Clone)]
pub struct CallMeter {
    wire: &'static str,
    method: String,
    durations: Arc<Durations>,
    errors: IntCounterVec,
}

/// The counters of the connections of one wire.
#[derive(Clone)]
pub struct ConnectionMeter {
    /// Connections open now.
    pub open: IntGauge,
    /// Connections accepted so far.
    pub accepted: IntCounter,
    /// Bytes read.
    pub received: IntCounter,
    /// Bytes written.
    pub sent: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counters that stand at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            register(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        Self {
            durations: register(&registry, AllDurations::new()),
            errors: counter(
                "manywire_errors_total",
                "Calls answered with an error.",
                &["wire", "method", "kind"],
            ),
            open: register(
                &registry,
                IntGaugeVec::new(Opts::new("manywire_connections", "Connections open now."), &["wire"]),
            ),
            accepted: counter("manywire_connections_total", "Connections accepted.", &["wire"]),
            received: counter("manywire_received_bytes_total", "Bytes read from clients.", &["wire"]),
            sent: counter("manywire_sent_bytes_total", "Bytes written to clients.", &["wire"]),
            upstreams_up: register(
                &registry,
                IntGaugeVec::new(
                    Opts::new("manywire_upstream_up", "Whether a server behind the gateway is there."),
                    &["server"],
                ),
            ),
            upstream_calls: counter(
                "manywire_upstream_calls_total",
                "Calls handed on to a server.",
                &["server"],
            ),
            upstream_errors: counter(
                "manywire_upstream_errors_total",
                "Calls handed on to a server that came back with an error.",
                &["server", "kind"],
            ),
            registry,
        }
    }

    /// The counters of `method` on `wire`.
    pub(crate) fn call(&self, wire: &'static str, method: &str) -> CallMeter {
        CallMeter {
            wire,
            method: method.to_owned(),
            durations: self.durations.of(wire, method),
            errors: self.errors.clone(),
        }
    }

    #[cfg(test)]
    pub(crate) fn durations_of(&self, wire: &'static str, method: &str) -> Arc<Durations> {
        self.durations.of(wire, method)
    }

    /// The counters of connections on `wire`.
    pub fn connection(&self, wire: &str) -> ConnectionMeter {
        ConnectionMeter {
            open: self.open.with_label_values(&[wire]),
            accepted: self.accepted.with_label_values(&[wire]),
            received: self.received.with_label_values(&[wire]),
            sent: self.sent.with_label_values(&[wire]),
        }
    }

    /// The counters of a server that calls are handed on to.
    pub fn upstream(&self, server: &str) -> UpstreamMeter {
        UpstreamMeter {
            server: server.to_owned(),
            up: self.upstreams_up.with_label_values(&[server]),
            calls: self.upstream_calls.with_label_values(&[server]),
            errors: self.upstream_errors.clone(),
        }
    }

    /// How many calls `method` has had on all wires.
    pub fn calls_of(&self, method: &str) -> u64 {
        self.durations.calls_of(method)
    }

    /// Everything, in the Prometheus text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory fails only for a malformed family, and ours are checked when they are registered.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Registers a family. Names are ours and differ, so neither step can fail but by a slip that every test would show.
#[expect(clippy::expect_used, reason = "a slip in our own constants, shown by the first test that runs")]
fn register<C: Collector + Clone + 'static>(registry: &Registry, family: prometheus::Result<C>) -> C {
    let family = family.expect("metric names and labels are well-formed");
    registry.register(Box::new(family.clone())).expect("metric names differ");
    family
}

impl UpstreamMeter {
    /// Says whether the server is there.
    pub fn set_up(&self, is_up: bool) {
        self.up.set(is_up.into());
    }

    /// Counts a call that it has answered, or failed.
    pub fn finished(&self, error: Option<ErrorKind>) {
        self.calls.inc();
        if let Some(kind) = error {
            self.errors.with_label_values(&[self.server.as_str(), kind.as_str()]).inc();
        }
    }
}

impl CallMeter {
    /// The method's name.
    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// Counts one call that is finished, or was refused.
    pub(crate) fn finished(&self, took: Duration, error: Option<ErrorKind>) {
        self.durations.add(took);
        if let Some(kind) = error {
            self.errors.with_label_values(&[self.wire, self.method.as_str(), kind.as_str()]).inc();
        }
    }
}
