//! Making a call many times over one connection, and how long that takes.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use manywire_client::{Answer, Arguments, Client};

use super::{Failure, print, until_interrupted};

/// Calls so many times, one after the other; prints what the first one answers, and the times. An error ends it.
pub(super) async fn calls(
    client: &Client,
    method: &str,
    arguments: &Arguments,
    times: u32,
) -> Result<(), Failure> {
    let mut took = Vec::new();
    let outcome = until_interrupted(async {
        for at in 0..times {
            let started = Instant::now();
            call(client, method, arguments.clone(), at == 0).await?;
            took.push(started.elapsed());
        }
        Ok(())
    })
    .await;
    if let Some(summary) = summary(took) {
        anstream::eprintln!("{summary}");
    }
    outcome
}

async fn call(client: &Client, method: &str, arguments: Arguments, prints: bool) -> Result<(), Failure> {
    match client.request(method, arguments).await? {
        Answer::Value(value) if prints => print::answer(&value),
        Answer::Value(_) => Ok(()),
        Answer::Stream(mut items) => {
            while let Some(item) = items.try_next().await? {
                if prints {
                    print::print(&item)?;
                }
            }
            Ok(())
        }
    }
}

/// `1000 calls in 93.10 ms: min 0.081, median 0.089, p99 0.160, max 0.742 ms`.
fn summary(mut took: Vec<Duration>) -> Option<String> {
    took.sort_unstable();
    let (min, max) = (took.first()?, took.last()?);
    let total: Duration = took.iter().sum();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let unit = if took.len() == 1 { "call" } else { "calls" };
    Some(format!(
        "{} {unit} in {:.2} ms: min {:.3}, median {:.3}, p99 {:.3}, max {:.3} ms",
        took.len(),
        ms(total),
        ms(*min),
        ms(percentile(&took, 50)?),
        ms(percentile(&took, 99)?),
        ms(*max),
    ))
}

/// The smallest time that so many in a hundred do not exceed.
fn percentile(sorted: &[Duration], hundredths: usize) -> Option<Duration> {
    let rank = (sorted.len() * hundredths).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_taken() {
        let took: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(
            summary(took).as_deref(),
            Some("200 calls in 20100.00 ms: min 1.000, median 100.000, p99 198.000, max 200.000 ms")
        );
        let one = summary(vec![Duration::from_millis(7)]);
        assert_eq!(
            one.as_deref(),
            Some("1 call in 7.00 ms: min 7.000, median 7.000, p99 7.000, max 7.000 ms")
        );
        assert_eq!(summary(Vec::new()), None);
    }
}
