//! What the server counts: calls, errors and latency by wire and method; connections; bytes.
//!
//! Handles are looked up once, when a wire is bound to the registry, so that a call takes no lock.

use std::time::Instant;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use crate::{ErrorKind, RpcError};

/// Where a call that names no method is counted, so that callers cannot invent labels.
pub const UNKNOWN_METHOD: &str = "(unknown)";

/// Latency buckets: a call here takes microseconds, a slow method seconds.
const BUCKETS: &[f64] =
    &[0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0];

/// All counters of a server.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    errors: IntCounterVec,
    seconds: HistogramVec,
    open: IntGaugeVec,
    accepted: IntCounterVec,
    received: IntCounterVec,
    sent: IntCounterVec,
}

/// The counters of one method on one wire.
#[derive(Clone)]
pub struct CallMeter {
    wire: &'static str,
    method: String,
    calls: IntCounter,
    seconds: Histogram,
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
            calls: counter("manywire_calls_total", "Calls answered.", &["wire", "method"]),
            errors: counter(
                "manywire_errors_total",
                "Calls answered with an error.",
                &["wire", "method", "kind"],
            ),
            seconds: register(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "manywire_call_duration_seconds",
                        "Time from a decoded call to its answer.",
                    )
                    .buckets(BUCKETS.to_vec()),
                    &["wire", "method"],
                ),
            ),
            open: register(
                &registry,
                IntGaugeVec::new(Opts::new("manywire_connections", "Connections open now."), &["wire"]),
            ),
            accepted: counter("manywire_connections_total", "Connections accepted.", &["wire"]),
            received: counter("manywire_received_bytes_total", "Bytes read from clients.", &["wire"]),
            sent: counter("manywire_sent_bytes_total", "Bytes written to clients.", &["wire"]),
            registry,
        }
    }

    /// The counters of `method` on `wire`.
    pub fn call(&self, wire: &'static str, method: &str) -> CallMeter {
        CallMeter {
            wire,
            method: method.to_owned(),
            calls: self.calls.with_label_values(&[wire, method]),
            seconds: self.seconds.with_label_values(&[wire, method]),
            errors: self.errors.clone(),
        }
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

    /// How many calls `method` has had on all wires.
    pub fn calls_of(&self, method: &str) -> u64 {
        let families = self.calls.collect();
        let metrics = families.iter().flat_map(prometheus::proto::MetricFamily::get_metric);
        let of_method =
            metrics.filter(|m| m.get_label().iter().any(|l| l.name() == "method" && l.value() == method));
        of_method.map(|m| m.get_counter().get_value() as u64).sum()
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

impl CallMeter {
    /// The method's name.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Counts one finished call.
    pub fn finished(&self, started: Instant, error: Option<ErrorKind>) {
        self.calls.inc();
        self.seconds.observe(started.elapsed().as_secs_f64());
        if let Some(kind) = error {
            self.errors.with_label_values(&[self.wire, self.method.as_str(), kind.as_str()]).inc();
        }
    }

    /// Counts a call that was refused before it began.
    pub fn refused(&self, error: &RpcError) {
        self.finished(Instant::now(), Some(error.kind()));
    }
}
