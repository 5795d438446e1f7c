//! Calls and how long they took: two atomic additions for each, where a counter and a histogram of the prometheus crate
//! take seven and a loop. On the fastest wires that was a twelfth of a call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Counter, Histogram, LabelPair, Metric, MetricFamily, MetricType};

const CALLS: &str = "manywire_calls_total";
const SECONDS: &str = "manywire_call_duration_seconds";

/// Upper bounds in nanoseconds: a call here takes microseconds, a slow method seconds.
const BOUNDS: [u64; 14] = [
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    10_000_000_000,
    60_000_000_000,
];

/// The calls of one method on one wire, by how long they took; the last place is for those beyond all bounds.
#[derive(Default)]
pub(crate) struct Durations {
    calls: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Durations {
    /// Counts one call.
    pub(crate) fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS.len());
        self.calls[place].fetch_add(1, Relaxed);
        self.nanos.fetch_add(nanos, Relaxed);
    }

    fn total(&self) -> u64 {
        self.calls.iter().map(|calls| calls.load(Relaxed)).sum()
    }

    fn histogram(&self) -> Histogram {
        let mut below = 0;
        let bucket = |(bound, calls): (&u64, &AtomicU64)| {
            below += calls.load(Relaxed);
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound as f64 / 1e9);
            bucket.set_cumulative_count(below);
            bucket
        };
        let buckets = BOUNDS.iter().zip(&self.calls).map(bucket).collect();
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(self.total());
        histogram.set_sample_sum(self.nanos.load(Relaxed) as f64 / 1e9);
        histogram
    }
}

/// The durations of all methods on all wires, for Prometheus to collect.
#[derive(Clone)]
pub(crate) struct AllDurations(Arc<Inner>);

type ByName = BTreeMap<(String, &'static str), Arc<Durations>>;

struct Inner {
    descriptions: [Desc; 2],
    by_name: Mutex<ByName>,
}

impl AllDurations {
    pub(crate) fn new() -> prometheus::Result<Self> {
        let labels = || vec!["method".to_owned(), "wire".to_owned()];
        let describe =
            |name: &str, help: &str| Desc::new(name.into(), help.into(), labels(), Default::default());
        let descriptions = [describe(CALLS, CALLS_HELP)?, describe(SECONDS, SECONDS_HELP)?];
        Ok(Self(Arc::new(Inner { descriptions, by_name: Mutex::default() })))
    }

    /// Those of one method on one wire.
    pub(crate) fn of(&self, wire: &'static str, method: &str) -> Arc<Durations> {
        self.locked().entry((method.to_owned(), wire)).or_default().clone()
    }

    /// How many calls a method has had on all wires.
    pub(crate) fn calls_of(&self, method: &str) -> u64 {
        self.locked()
            .iter()
            .filter(|((name, _), _)| name == method)
            .map(|(_, durations)| durations.total())
            .sum()
    }

    /// Taken when a wire first meets a method, and to collect; never for a call.
    fn locked(&self) -> MutexGuard<'_, ByName> {
        self.0.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn family(
        &self,
        name: &str,
        help: &str,
        kind: MetricType,
        fill: impl Fn(&Durations, &mut Metric),
    ) -> MetricFamily {
        let metric = |((method, wire), durations): (&(String, &'static str), &Arc<Durations>)| {
            let mut metric = Metric::from_label(vec![label("method", method), label("wire", wire)]);
            fill(durations, &mut metric);
            metric
        };
        let mut family = MetricFamily::default();
        family.set_name(name.into());
        family.set_help(help.into());
        family.set_field_type(kind);
        family.set_metric(self.locked().iter().map(metric).collect());
        family
    }
}

const CALLS_HELP: &str = "Calls answered.";
const SECONDS_HELP: &str = "Time from a decoded call to its answer.";

fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.into());
    pair.set_value(value.into());
    pair
}

impl Collector for AllDurations {
    fn desc(&self) -> Vec<&Desc> {
        self.0.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Prometheus takes a family without a single metric for a mistake.
        if self.locked().is_empty() {
            return Vec::new();
        }
        let calls = self.family(CALLS, CALLS_HELP, MetricType::COUNTER, |durations, metric| {
            let mut counter = Counter::default();
            counter.set_value(durations.total() as f64);
            metric.set_counter(counter);
        });
        let seconds = self.family(SECONDS, SECONDS_HELP, MetricType::HISTOGRAM, |durations, metric| {
            metric.set_histogram(durations.histogram());
        });
        vec![calls, seconds]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::Metrics;

    #[test]
    fn prometheus_reads_a_counter_and_a_histogram() {
        let metrics = Metrics::new();
        assert_eq!(metrics.render(), "", "nothing was called yet");
        let durations = metrics.durations_of("gob", "m");
        for took in [1, 10_000, 10_001, 2_000_000_000, 3_600_000_000_000] {
            durations.add(Duration::from_nanos(took));
        }
        let text = metrics.render();
        for line in [
            "# TYPE manywire_calls_total counter",
            "manywire_calls_total{method=\"m\",wire=\"gob\"} 5",
            "# TYPE manywire_call_duration_seconds histogram",
            "manywire_call_duration_seconds_bucket{method=\"m\",wire=\"gob\",le=\"0.00001\"} 2",
            "manywire_call_duration_seconds_bucket{method=\"m\",wire=\"gob\",le=\"0.00005\"} 3",
            "manywire_call_duration_seconds_bucket{method=\"m\",wire=\"gob\",le=\"60\"} 4",
            "manywire_call_duration_seconds_bucket{method=\"m\",wire=\"gob\",le=\"+Inf\"} 5",
            "manywire_call_duration_seconds_sum{method=\"m\",wire=\"gob\"} 3602.000020002",
            "manywire_call_duration_seconds_count{method=\"m\",wire=\"gob\"} 5",
        ] {
            assert!(text.lines().any(|known| known == line), "no {line} in {text}");
        }
        assert_eq!(metrics.calls_of("m"), 5);
    }
}
