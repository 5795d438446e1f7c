//! From the text of a message to the text of its answer. No socket: HTTP and WebSocket call this.
//!
//! The calls of a message are begun in their order, and each runs as far as it gets at once before the next begins. So
//! methods that never wait happen in order, and those that wait do so together. What waits keeps its id and its arguments,
//! which are charged, and nothing of the message.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt as _, StreamExt as _};
use manywire_core::{
    Budget, Call, CallStream, Charge, ErrorKind, Limits, Params, Reply, RpcError, Session, Started, Terms,
};
use manywire_http::Beside;
use manywire_json::{Full, Parameters, Room, Text, read_params};

use crate::builtin::{self, Builtin};
use crate::error::invalid_request;
use crate::reply::{write_answer, write_error};
use crate::request::{Message, Refused, Request, Version, read_message, read_request};
use crate::subscription::{Notifications, Subscriptions};

/// The methods as one connection reaches them.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) session: Session,
    pub(crate) limits: Arc<Limits>,
    pub(crate) budget: Budget,
}

/// What goes back for one message.
pub(crate) struct Answer {
    /// Empty where there is nothing to say.
    pub(crate) text: Text,
    /// Subscriptions that the message started; the text, which tells their ids, goes first.
    pub(crate) started: Vec<Notifications>,
}

/// What became of a message once its calls ran as far as they get at once.
pub(crate) enum Work<'w> {
    /// All of them were answered.
    Done(Answer),
    /// So many of them wait.
    Waiting(usize, BoxFuture<'w, Answer>),
}

impl Work<'_> {
    /// Waits for what waits.
    pub(crate) async fn finish(self) -> Answer {
        match self {
            Work::Done(answer) => answer,
            Work::Waiting(_, answer) => answer.await,
        }
    }
}

/// Bytes that a call takes while it waits, beside its id and its arguments; an estimate.
const CALL: usize = 512;

/// A call that waits.
struct Waiting {
    call: Call,
    asker: Asker,
    /// Given back when the call has ended.
    _charge: Charge,
}

/// To whom an answer goes.
struct Asker {
    version: Version,
    /// None where there is no answer.
    id: Option<Box<str>>,
}

/// The answer to one entry of a batch.
struct Part {
    text: Text,
    asker: Asker,
}

impl Wire {
    /// Begins what a message asks for. A peer that cannot be notified has no subscriptions.
    ///
    /// Never waits, though a long batch lets other tasks run in between.
    pub(crate) async fn begin<'w>(
        &'w self,
        message: &[u8],
        beside: Beside<'w>,
        subscriptions: Option<&Subscriptions>,
    ) -> Work<'w> {
        let mut answer = Answer { text: Text::new(), started: Vec::new() };
        let request = match read_message(message, self.limits.batch) {
            Message::Single(request) => request,
            Message::Batch(entries) => {
                let requests = entries.into_iter().map(read_request);
                // Boxed, so that a single call does not take its memory.
                return Box::pin(self.begin_batch(requests, beside, subscriptions, answer)).await;
            }
        };
        match self.answer_at_once(request, beside, subscriptions, &mut answer).await {
            None => Work::Done(answer),
            Some(waiting) => Work::Waiting(
                1,
                Box::pin(async move {
                    answer.text = self.finish(waiting, beside).await.text;
                    answer
                }),
            ),
        }
    }

    async fn begin_batch<'w>(
        &'w self,
        requests: impl Iterator<Item = Result<Request<'_>, Refused<'_>>>,
        beside: Beside<'w>,
        subscriptions: Option<&Subscriptions>,
        mut answer: Answer,
    ) -> Work<'w> {
        let mut rest = FuturesOrdered::new();
        let mut width = 0;
        for request in requests {
            tokio::task::coop::consume_budget().await;
            if rest.is_empty() {
                if let Some(waiting) = self.answer_next(request, beside, subscriptions, &mut answer).await {
                    width += 1;
                    rest.push_back(self.finish(waiting, beside).boxed());
                }
                continue;
            }
            // Behind one that waits each answer is written apart.
            let asker = request.as_ref().map_or_else(Asker::of_refused, Asker::of);
            let text = std::mem::take(&mut answer.text);
            let waiting = self.answer_at_once(request, beside, subscriptions, &mut answer).await;
            let text = std::mem::replace(&mut answer.text, text);
            rest.push_back(match waiting {
                None => std::future::ready(Part { text, asker }).boxed(),
                Some(waiting) => {
                    width += 1;
                    self.finish(waiting, beside).boxed()
                }
            });
        }
        if rest.is_empty() {
            self.end_batch(&mut answer.text);
            return Work::Done(answer);
        }
        let finish = async move {
            while let Some(part) = rest.next().await {
                self.join(&mut answer.text, part);
            }
            self.end_batch(&mut answer.text);
            answer
        };
        Work::Waiting(width, finish.boxed())
    }

    /// Answers the next entry of a batch behind those before it, unless its method has to wait.
    async fn answer_next(
        &self,
        request: Result<Request<'_>, Refused<'_>>,
        beside: Beside<'_>,
        subscriptions: Option<&Subscriptions>,
        answer: &mut Answer,
    ) -> Option<Waiting> {
        let before = answer.text.len();
        answer.text.push_short(if before == 0 { b"[" } else { b"," });
        let waiting = self.answer_at_once(request, beside, subscriptions, answer).await;
        if answer.text.len() == before + 1 {
            answer.text.truncate(before);
        }
        waiting
    }

    /// Puts the answer to one entry behind those before it.
    fn join(&self, batch: &mut Text, Part { text, asker }: Part) {
        if text.is_empty() {
            return;
        }
        batch.push_short(if batch.is_empty() { b"[" } else { b"," });
        if let Err(full) = batch.push(text.bytes(), self.room()) {
            let id = asker.id.as_deref().unwrap_or("null");
            write_error(batch, self.room(), asker.version, id, &full.into());
        }
    }

    fn end_batch(&self, batch: &mut Text) {
        if batch.is_empty() {
            return;
        }
        batch.push_short(b"]");
        // So many entries had no room that even the errors in their places are too much.
        if batch.len() > self.limits.message_bytes {
            batch.truncate(0);
            let error = Full::TooLong(self.limits.message_bytes).into();
            write_error(batch, self.room(), Version::V2, "null", &error);
        }
    }

    /// Answers a request, unless its method has to wait.
    async fn answer_at_once(
        &self,
        request: Result<Request<'_>, Refused<'_>>,
        beside: Beside<'_>,
        subscriptions: Option<&Subscriptions>,
        answer: &mut Answer,
    ) -> Option<Waiting> {
        let request = match request {
            Ok(request) => request,
            Err(Refused { version, id, error }) => {
                write_error(&mut answer.text, self.room(), version, id.unwrap_or("null"), &error);
                return None;
            }
        };
        let result = match self.run(&request, beside, subscriptions, &mut answer.started).await {
            Ok(Ran::Waits(call, charge)) => {
                return Some(Waiting { call, asker: Asker::of(&request), _charge: charge });
            }
            Ok(Ran::Ended(result)) => result,
            Err(error) => Err(error),
        };
        if let Some(id) = request.id {
            write_answer(&mut answer.text, self.room(), request.version, id, result);
        }
        None
    }

    async fn finish(&self, Waiting { mut call, asker, _charge }: Waiting, beside: Beside<'_>) -> Part {
        let mut text = Text::default();
        let result = (&mut call).await;
        beside.ended(&mut call);
        if let Some(id) = &asker.id {
            write_answer(&mut text, self.room(), asker.version, id, result);
        }
        Part { text, asker }
    }

    async fn run(
        &self,
        request: &Request<'_>,
        beside: Beside<'_>,
        subscriptions: Option<&Subscriptions>,
        started: &mut Vec<Notifications>,
    ) -> Result<Ran, RpcError> {
        let method = request.method.as_ref();
        let Parameters { params, weight, charge } = read_params(request.params, &self.limits, &self.budget)?;
        let reply: Box<dyn Reply> = match Builtin::named(method, self.session.methods()) {
            None => {
                let mut call = self.call(beside.terms, method, params)?;
                if let Some(result) = futures_util::future::poll_immediate(&mut call).await {
                    beside.ended(&mut call);
                    return Ok(Ran::Ended(result));
                }
                let mut charge = charge.unwrap_or_else(|| self.budget.nothing());
                charge.resize(CALL + weight + request.id.map_or(0, str::len))?;
                return Ok(Ran::Waits(call, charge));
            }
            Some(Builtin::Subscribe(stream)) => {
                let subscriptions = subscriptions.ok_or_else(|| needs_websocket(method))?;
                if request.id.is_none() {
                    return Err(invalid_request("a subscription without an id could never be told its own"));
                }
                let (id, notifications) =
                    subscriptions.begin(stream.name(), self.stream(beside.terms, stream.name(), params)?)?;
                started.push(notifications);
                Box::new(id)
            }
            Some(Builtin::Unsubscribe(stream)) => {
                let subscriptions = subscriptions.ok_or_else(|| needs_websocket(method))?;
                let id = builtin::only(params);
                Box::new(id.is_some_and(|id| subscriptions.end(stream.name(), &id)))
            }
            Some(asked) => asked.answer(&self.session, params)?,
        };
        Ok(Ran::Ended(Ok(reply)))
    }

    fn call(&self, terms: Terms<'_>, method: &str, params: Params<'_, '_>) -> Result<Call, RpcError> {
        match self.session.start_on(terms, method, params)? {
            Started::Call(call) => Ok(call),
            Started::Stream(_) => Err(RpcError::new(
                ErrorKind::Unsupported,
                format!("{method} answers with a stream; call subscribe_{method} over a WebSocket"),
            )),
        }
    }

    fn stream(&self, terms: Terms<'_>, name: &str, params: Params<'_, '_>) -> Result<CallStream, RpcError> {
        match self.session.start_on(terms, name, params)? {
            Started::Stream(items) => Ok(items),
            Started::Call(_) => Err(RpcError::internal(format!("{name} was a stream and is none"))),
        }
    }

    pub(crate) fn room(&self) -> Room<'_> {
        Room { limit: self.limits.message_bytes, budget: &self.budget }
    }
}

/// How far a request got at once.
enum Ran {
    Ended(Result<Box<dyn Reply>, RpcError>),
    Waits(Call, Charge),
}

impl Asker {
    fn of(request: &Request<'_>) -> Self {
        Self { version: request.version, id: request.id.map(Box::from) }
    }

    fn of_refused(refused: &Refused<'_>) -> Self {
        Self { version: refused.version, id: refused.id.map(Box::from) }
    }
}

fn needs_websocket(method: &str) -> RpcError {
    RpcError::new(
        ErrorKind::Unsupported,
        format!("{method} needs a connection that can be notified; call it over a WebSocket"),
    )
}
#[cfg(test)]
mod tests {
    use manywire_core::{Dispatch, Metrics, Value};
    use manywire_notes::{Settings, methods};

    use super::*;

    #[tokio::test]
    async fn whatever_comes_the_answer_is_json_or_nothing() {
        let limits = Arc::new(Limits::default());
        let dispatch = Dispatch::new("test", Arc::new(methods(Settings::default())), &Metrics::new());
        let wire = Wire { session: dispatch.session(&limits), budget: Budget::alone(&limits), limits };
        let subscriptions = Subscriptions::new(&wire);
        let seed = br#"[{"jsonrpc":"2.0","method":"ping","params":[{"a":[1,-2.5e3,"\u00e9"]}],"id":"x"},
            {"method":"add","params":{"a":1,"b":2},"id":3},{"jsonrpc":"2.0","method":"subscribe_ticks","id":4}]"#;
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..20_000 {
            let mut message = seed.to_vec();
            for _ in 0..=random >> 60 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = random as usize % message.len().max(2);
                match random >> 61 {
                    0 => message.truncate(at),
                    1 | 2 => message.insert(at.min(message.len()), (random >> 32) as u8),
                    3 | 4 => message.insert(at.min(message.len()), b"[]{},:\"0"[(random >> 32) as usize % 8]),
                    _ if at < message.len() => drop(message.remove(at)),
                    _ => {}
                }
            }
            let beside = Beside { terms: Terms::default(), answer: None };
            let answer = wire.begin(&message, beside, Some(&subscriptions)).await.finish().await;
            let (text, _) = answer.text.into_parts();
            let is_json = serde_json::from_slice::<Value>(&text).is_ok();
            assert!(text.is_empty() || is_json, "{:?}", String::from_utf8_lossy(&message));
        }
    }
}
