//! The registry as one wire sees it: find the method, read the arguments, count the call.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_core::Stream;

use crate::methods::{Handler, Reply, ReplyFuture, ReplyStream};
use crate::metrics::{CallMeter, UNKNOWN_METHOD};
use crate::rate::RateLimiter;
use crate::{ErrorKind, Limits, Method, Methods, Metrics, Params, RpcError};

/// The methods bound to one wire, shared by all of its connections.
pub struct Dispatch {
    wire: &'static str,
    methods: Arc<Methods>,
    metrics: Metrics,
    /// One for each method, made when it is first called, and one for calls of no method.
    meters: Vec<OnceLock<Arc<CallMeter>>>,
}

impl Dispatch {
    /// Binds the methods to the wire of this name, as it appears in metrics.
    pub fn new(wire: &'static str, methods: Arc<Methods>, metrics: &Metrics) -> Arc<Self> {
        let meters = std::iter::repeat_with(OnceLock::new).take(methods.iter().len() + 1).collect();
        Arc::new(Self { wire, methods, metrics: metrics.clone(), meters })
    }

    /// The counters of a method, or of calls of no method.
    fn meter(&self, index: Option<usize>) -> &Arc<CallMeter> {
        let slot = &self.meters[index.unwrap_or(self.meters.len() - 1)];
        slot.get_or_init(|| {
            let name = index.and_then(|i| self.methods.at(i)).map_or(UNKNOWN_METHOD, Method::name);
            Arc::new(self.metrics.call(self.wire, name))
        })
    }

    /// What one connection calls methods through; its rate limit is its own.
    pub fn session(self: &Arc<Self>, limits: &Limits) -> Session {
        Session { dispatch: self.clone(), rate: RateLimiter::of(limits) }
    }

    /// All methods, for introspection.
    pub fn methods(&self) -> &Methods {
        &self.methods
    }
}

/// One connection's access to the methods.
#[derive(Clone)]
pub struct Session {
    dispatch: Arc<Dispatch>,
    rate: Option<Arc<RateLimiter>>,
}

/// What a method does once its arguments were read.
pub enum Started {
    /// It answers once.
    Call(Call),
    /// It answers with a stream.
    Stream(CallStream),
}

impl Session {
    /// All methods, for introspection.
    pub fn methods(&self) -> &Methods {
        &self.dispatch.methods
    }

    /// Begins a call of a method that answers once.
    pub fn call(&self, name: &str, params: Params<'_, '_>) -> Result<Call, RpcError> {
        match self.start(name, params)? {
            Started::Call(call) => Ok(call),
            Started::Stream(_) => Err(RpcError::new(
                ErrorKind::Unsupported,
                format!("{name} answers with a stream; call it on a wire that has streams"),
            )),
        }
    }

    /// Begins a call of a method of either kind.
    ///
    /// The arguments are read before this returns, and nothing of the method has run yet.
    pub fn start(&self, name: &str, params: Params<'_, '_>) -> Result<Started, RpcError> {
        let index = self.dispatch.methods.index_of(name);
        let meter = self.dispatch.meter(index);
        self.begin(index, name, params, meter).inspect_err(|error| meter.refused(error))
    }

    fn begin(
        &self,
        index: Option<usize>,
        name: &str,
        params: Params<'_, '_>,
        meter: &Arc<CallMeter>,
    ) -> Result<Started, RpcError> {
        if let Some(rate) = &self.rate {
            rate.admit()?;
        }
        let method = index.and_then(|i| self.dispatch.methods.at(i));
        let method = method.ok_or_else(|| unknown_method(&self.dispatch.methods, name))?;
        let timer = Timer { meter: meter.clone(), started: Instant::now(), done: false };
        Ok(match &method.handler {
            Handler::Unary(run) => Started::Call(Call { future: guarded(method, || run(params))?, timer }),
            Handler::Streaming(run) => {
                Started::Stream(CallStream { stream: guarded(method, || run(params))?, timer })
            }
        })
    }
}

fn unknown_method(methods: &Methods, name: &str) -> RpcError {
    let wanted = name.to_lowercase();
    let near = methods.iter().map(Method::name).find(|known| known.to_lowercase() == wanted);
    let hint = near.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    RpcError::new(ErrorKind::UnknownMethod, format!("no method {name}{hint}"))
}

/// A method's panic is its own failure, never its connection's.
fn guarded<T>(method: &Method, run: impl FnOnce() -> Result<T, RpcError>) -> Result<T, RpcError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(panicked(method.name())))
}

fn panicked(name: &str) -> RpcError {
    RpcError::internal(format!("{name} failed inside the server; its log says where"))
}

/// Counts the call when it ends; one that is dropped before counts as cancelled.
struct Timer {
    meter: Arc<CallMeter>,
    started: Instant,
    done: bool,
}

impl Timer {
    fn finish(&mut self, error: Option<ErrorKind>) {
        if !std::mem::replace(&mut self.done, true) {
            self.meter.finished(self.started, error);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.finish(Some(ErrorKind::Cancelled));
    }
}

/// A call under way. Dropping it cancels the method.
pub struct Call {
    future: ReplyFuture,
    timer: Timer,
}

impl Future for Call {
    type Output = Result<Box<dyn Reply>, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(_) => Err(panicked(self.timer.meter.method())),
        };
        self.timer.finish(result.as_ref().err().map(RpcError::kind));
        Poll::Ready(result)
    }
}

/// A stream under way. Dropping it cancels the method.
pub struct CallStream {
    stream: ReplyStream,
    timer: Timer,
}

impl Stream for CallStream {
    type Item = Result<Box<dyn Reply>, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.timer.done {
            return Poll::Ready(None);
        }
        let stream = self.stream.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| stream.poll_next(cx)));
        let item = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(item)) => item,
            Err(_) => Some(Err(panicked(self.timer.meter.method()))),
        };
        match &item {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.timer.finish(Some(error.kind())),
            None => self.timer.finish(None),
        }
        Poll::Ready(item)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use futures_util::StreamExt as _;
    use futures_util::stream;

    use super::*;
    use crate::{Empty, to_value};

    async fn fail(how: String) -> Result<i64, RpcError> {
        match &*how {
            "panic" => panic!("a method's slip"),
            _ => Err(RpcError::failed(how)),
        }
    }

    fn dispatch(metrics: &Metrics) -> Arc<Dispatch> {
        let mut methods = Methods::new();
        methods.add("fail", "Fails.", fail);
        methods.add_stream("count", "Counts.", |_: Empty| {
            stream::iter([Ok(1_i64), Err(RpcError::failed("enough"))])
        });
        Dispatch::new("test", Arc::new(methods), metrics)
    }

    fn one(text: &str) -> Params<'_, '_> {
        Params::Positional(vec![text.into()])
    }

    async fn error_of(session: &Session, name: &str, params: Params<'_, '_>) -> RpcError {
        match session.call(name, params) {
            Err(error) => error,
            Ok(call) => call.await.err().unwrap(),
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_call_and_is_counted() {
        let metrics = Metrics::new();
        let session = dispatch(&metrics).session(&Limits::default());
        assert_eq!(error_of(&session, "fail", one("panic")).await.kind(), ErrorKind::Internal);
        assert_eq!(error_of(&session, "fail", one("as told")).await.message(), "as told");
        assert_eq!(error_of(&session, "Fail", one("")).await.message(), "no method Fail; did you mean fail?");
        assert_eq!(error_of(&session, "count", Params::none()).await.kind(), ErrorKind::Unsupported);
        drop(session.call("fail", one("never polled")).unwrap());
        let text = metrics.render();
        for line in [
            r#"manywire_errors_total{kind="internal",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="failed",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="cancelled",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="unknown_method",method="(unknown)",wire="test"} 1"#,
            r#"manywire_calls_total{method="fail",wire="test"} 3"#,
        ] {
            assert!(text.contains(line), "no {line} in {text}");
        }
        assert_eq!(metrics.calls_of("fail"), 3);
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_error() {
        let session = dispatch(&Metrics::new()).session(&Limits::default());
        let Started::Stream(mut items) = session.start("count", Params::none()).unwrap() else {
            panic!("a stream")
        };
        let first = items.next().await.unwrap().unwrap();
        assert_eq!(to_value(first.as_serde()).unwrap(), 1.into());
        assert_eq!(items.next().await.unwrap().err().unwrap().message(), "enough");
        assert!(items.next().await.is_none());
    }

    #[tokio::test]
    async fn each_connection_has_its_own_rate() {
        let dispatch = dispatch(&Metrics::new());
        let limits = Limits { calls_per_second: NonZeroU32::new(1), ..Limits::default() };
        let (first, second) = (dispatch.session(&limits), dispatch.session(&limits));
        assert_eq!(error_of(&first, "fail", one("served")).await.message(), "served");
        assert_eq!(error_of(&first, "fail", one("served")).await.kind(), ErrorKind::ResourceExhausted);
        assert_eq!(error_of(&second, "fail", one("served")).await.message(), "served");
    }
}
