//! From the text of a message to the text of its answer. No socket: HTTP and WebSocket call this.

use std::sync::Arc;

use manywire_core::{Call, CallStream, ErrorKind, Limits, Params, Reply, RpcError, Session, Started};

use crate::builtin::{self, Builtin};
use crate::error::invalid_request;
use crate::params::read_params;
use crate::reply::{write_answer, write_error};
use crate::request::{Message, Refused, Request, read_message, read_request};
use crate::subscription::{Notifications, Subscriptions};

/// The methods as one connection reaches them.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) session: Session,
    pub(crate) limits: Arc<Limits>,
}

/// What goes back for one message.
pub(crate) struct Answer {
    /// Empty where there is nothing to say.
    pub(crate) text: Vec<u8>,
    /// Subscriptions that the message started; the text, which tells their ids, goes first.
    pub(crate) started: Vec<Notifications>,
}

impl Wire {
    /// Runs what a message asks for. A peer that cannot be notified has no subscriptions.
    pub(crate) async fn answer(&self, message: &[u8], subscriptions: Option<&Subscriptions>) -> Answer {
        // Room for the usual answer, so that it is allocated once.
        let mut answer = Answer { text: Vec::with_capacity(128), started: Vec::new() };
        match read_message(message, self.limits.batch) {
            Message::Single(request) => self.answer_one(request, subscriptions, &mut answer).await,
            Message::Batch(entries) => {
                for entry in entries {
                    let before = answer.text.len();
                    answer.text.push(if before == 0 { b'[' } else { b',' });
                    self.answer_one(read_request(entry), subscriptions, &mut answer).await;
                    if answer.text.len() == before + 1 {
                        answer.text.truncate(before);
                    }
                }
                if !answer.text.is_empty() {
                    answer.text.push(b']');
                }
            }
        }
        answer
    }

    async fn answer_one(
        &self,
        request: Result<Request<'_>, Refused<'_>>,
        subscriptions: Option<&Subscriptions>,
        answer: &mut Answer,
    ) {
        let request = match request {
            Ok(request) => request,
            Err(Refused { version, id, error }) => {
                return write_error(&mut answer.text, version, id.unwrap_or("null"), &error);
            }
        };
        let result = self.run(&request, subscriptions, &mut answer.started).await;
        if let Some(id) = request.id {
            write_answer(&mut answer.text, request.version, id, result);
        }
    }

    async fn run(
        &self,
        request: &Request<'_>,
        subscriptions: Option<&Subscriptions>,
        started: &mut Vec<Notifications>,
    ) -> Result<Box<dyn Reply>, RpcError> {
        let method = request.method.as_ref();
        let params = read_params(request.params, &self.limits)?;
        match Builtin::named(method, self.session.methods()) {
            None => self.call(method, params)?.await,
            Some(Builtin::Subscribe(stream)) => {
                let subscriptions = subscriptions.ok_or_else(|| needs_websocket(method))?;
                if request.id.is_none() {
                    return Err(invalid_request("a subscription without an id could never be told its own"));
                }
                let (id, notifications) = subscriptions.begin(stream, self.stream(stream, params)?)?;
                started.push(notifications);
                Ok(Box::new(id))
            }
            Some(Builtin::Unsubscribe(stream)) => {
                let subscriptions = subscriptions.ok_or_else(|| needs_websocket(method))?;
                let id = builtin::only(params);
                Ok(Box::new(id.is_some_and(|id| subscriptions.end(stream, &id))))
            }
            Some(asked) => asked.answer(self.session.methods(), params),
        }
    }

    fn call(&self, method: &str, params: Params<'_, '_>) -> Result<Call, RpcError> {
        match self.session.start(method, params)? {
            Started::Call(call) => Ok(call),
            Started::Stream(_) => Err(RpcError::new(
                ErrorKind::Unsupported,
                format!("{method} answers with a stream; call subscribe_{method} over a WebSocket"),
            )),
        }
    }

    fn stream(&self, name: &str, params: Params<'_, '_>) -> Result<CallStream, RpcError> {
        match self.session.start(name, params)? {
            Started::Stream(items) => Ok(items),
            Started::Call(_) => Err(RpcError::internal(format!("{name} was a stream and is none"))),
        }
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
    use manywire_service::{Settings, methods};

    use super::*;

    #[tokio::test]
    async fn whatever_comes_the_answer_is_json_or_nothing() {
        let limits = Arc::new(Limits::default());
        let dispatch = Dispatch::new("test", Arc::new(methods(Settings::default())), &Metrics::new());
        let wire = Wire { session: dispatch.session(&limits), limits };
        let subscriptions = Subscriptions::new(usize::MAX);
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
            let text = wire.answer(&message, Some(&subscriptions)).await.text;
            let is_json = serde_json::from_slice::<Value>(&text).is_ok();
            assert!(text.is_empty() || is_json, "{:?}", String::from_utf8_lossy(&message));
        }
    }
}
