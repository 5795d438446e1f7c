//! Greetings in two languages, and streams of the three kinds.

use std::time::Duration;

use futures_core::Stream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire_core::{Context, Requests, RpcError};
use tokio::time::{MissedTickBehavior, interval};

use crate::time::unix_seconds;

/// How many times [`times`] tells the time.
const TIMES: usize = 12;

/// Whom to greet.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct HelloRequest {
    name: String,
}

/// A greeting.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HelloReply {
    /// What is said.
    pub message: String,
}

/// What a client says in a stream.
#[manywire_core::message]
#[derive(Debug, Clone, Default)]
pub struct StreamReqData {
    data: String,
}

/// What the server says.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamResData {
    /// A word.
    pub data: String,
}

/// `Greeter.SayHello`.
pub async fn say_hello(context: Context, request: HelloRequest) -> Result<HelloReply, RpcError> {
    let languages = context.metadata().iter().filter(|(name, _)| *name == "accept-language");
    let languages: Vec<&str> = languages.filter_map(|(_, value)| std::str::from_utf8(value).ok()).collect();
    Ok(HelloReply { message: greeting(&request.name, &languages.join(",")) })
}

/// Greets in Chinese where the `accept-language` header prefers it to English, else in English.
fn greeting(name: &str, accept_language: &str) -> String {
    if prefers_chinese(accept_language) { format!("你好,{name}") } else { format!("hello {name}") }
}

/// Of the two languages that we speak, the one with the greater weight wins, at a tie the one named first.
fn prefers_chinese(accept_language: &str) -> bool {
    if accept_language.is_empty() {
        return false;
    }
    let (mut chinese, mut english) = (0.0, 0.0);
    for range in accept_language.split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        let weight = quality.ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0);
        match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "zh" if weight > english => chinese = weight.max(chinese),
            // English is what we speak to those who do not mind.
            "en" | "*" if weight > chinese => english = weight.max(english),
            _ => {}
        }
    }
    chinese > english
}

/// The Unix time in seconds, twelve times: at once, then at every tick.
pub fn times(tick: Duration) -> impl Stream<Item = Result<StreamResData, RpcError>> + Send {
    let mut ticks = interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let times = stream::unfold(ticks, |mut ticks| async {
        ticks.tick().await;
        Some((Ok(StreamResData { data: unix_seconds().to_string() }), ticks))
    });
    times.take(TIMES)
}

/// Says how many messages came.
pub async fn count(mut incoming: Requests<StreamReqData>) -> Result<StreamResData, RpcError> {
    let mut received = 0_u64;
    while incoming.try_next().await?.is_some() {
        received += 1;
    }
    Ok(StreamResData { data: format!("received {received}") })
}

/// Speaks at once and at every tick, until the caller has no more to say.
pub fn speak(
    incoming: Requests<StreamReqData>,
    tick: Duration,
) -> impl Stream<Item = Result<StreamResData, RpcError>> + Send {
    let mut ticks = interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let first = true;
    stream::try_unfold((incoming, ticks, first), |(mut incoming, mut ticks, first)| async move {
        loop {
            tokio::select! {
                heard = incoming.next(), if !first => match heard {
                    Some(message) => drop(message?),
                    None => return Ok(None),
                },
                _ = ticks.tick() => return Ok(Some((StreamResData { data: "I is server".to_owned() }, (incoming, ticks, false)))),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_weights() {
        for chinese in [
            "zh",
            "zh-CN,zh;q=0.9",
            "ZH-hans",
            "en;q=0.8, zh",
            "fr, zh;q=0.2",
            "zh;q=0.9,*;q=0.1",
            "zh;q=0.5,en;q=0.5",
        ] {
            assert_eq!(greeting("世界", chinese), "你好,世界", "{chinese}");
        }
        for english in [
            "",
            "en",
            "en,zh;q=0.9",
            "zh;q=0",
            "zh;q=0.1,en;q=0.2",
            "*",
            "zhx",
            "zh;q=nan",
            "zh;q=2",
            ",;,;q=",
            "en,zh",
        ] {
            assert_eq!(greeting("world", english), "hello world", "{english}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_is_told_twelve_times() {
        let told: Vec<_> = times(Duration::from_secs(1)).collect().await;
        assert_eq!(told.len(), 12);
        assert!(told.iter().all(|time| time.as_ref().unwrap().data.parse::<i64>().is_ok()));
    }
}
