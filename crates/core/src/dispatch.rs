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
use crate::{Activity, ErrorKind, Limits, Method, Methods, Metrics, Params, RpcError, UnderWay};

/// The methods bound to one wire, shared by all of its connections.
pub struct Dispatch {
    wire: &'static str,
    methods: Arc<Methods>,
    metrics: Metrics,
    /// One for each method, made when it is first called, and one for calls of no method.
    meters: Vec<OnceLock<CallMeter>>,
}

impl Dispatch {
    /// Binds the methods to the wire of this name, as it appears in metrics.
    pub fn new(wire: &'static str, methods: Arc<Methods>, metrics: &Metrics) -> Arc<Self> {
        let meters = std::iter::repeat_with(OnceLock::new).take(methods.iter().len() + 1).collect();
        Arc::new(Self { wire, methods, metrics: metrics.clone(), meters })
    }

    /// The counters of a method, or of calls of no method.
    fn meter(&self, index: Option<usize>) -> &CallMeter {
        let slot = &self.meters[index.unwrap_or(self.meters.len() - 1)];
        slot.get_or_init(|| {
            let name = index.and_then(|i| self.methods.at(i)).map_or(UNKNOWN_METHOD, Method::name);
            self.metrics.call(self.wire, name)
        })
    }

    /// What one connection calls methods through; its rate limit is its own.
    pub fn session(self: &Arc<Self>, limits: &Limits) -> Session {
        self.session_of(limits, &Activity::new())
    }

    /// The same, for a connection whose calls are watched.
    pub fn session_of(self: &Arc<Self>, limits: &Limits, activity: &Activity) -> Session {
        let (dispatch, rate, activity) = (self.clone(), RateLimiter::of(limits), activity.clone());
        Session(Arc::new(Own { dispatch, rate, activity }))
    }

    /// All methods, for introspection.
    pub fn methods(&self) -> &Methods {
        &self.methods
    }
}

/// One connection's access to the methods.
#[derive(Clone)]
pub struct Session(Arc<Own>);

/// What the calls of one connection share. Each of them holds it, rather than what all connections share: those that run
/// on other cores do not meet at its counter.
struct Own {
    dispatch: Arc<Dispatch>,
    rate: Option<Arc<RateLimiter>>,
    activity: Activity,
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
        &self.0.dispatch.methods
    }

    /// Begins a call of a method that answers once.
    pub fn call(&self, name: &str, params: Params<'_, '_>) -> Result<Call, RpcError> {
        let (future, timer) = self.begin(name, |method| match &method.handler {
            Handler::Unary(run) => guarded(method, || run(params)),
            Handler::Streaming(_) => Err(RpcError::new(
                ErrorKind::Unsupported,
                format!("{name} answers with a stream; call it on a wire that has streams"),
            )),
        })?;
        Ok(Call { future, timer })
    }

    /// Begins a call of a method of either kind.
    ///
    /// The arguments are read before this returns, and nothing of the method has run yet.
    pub fn start(&self, name: &str, params: Params<'_, '_>) -> Result<Started, RpcError> {
        let (reply, timer) = self.begin(name, |method| match &method.handler {
            Handler::Unary(run) => guarded(method, || run(params)).map(Replying::Once),
            Handler::Streaming(run) => guarded(method, || run(params)).map(Replying::Stream),
        })?;
        Ok(match reply {
            Replying::Once(future) => Started::Call(Call { future, timer }),
            Replying::Stream(stream) => Started::Stream(CallStream { stream, timer: timer.waiting() }),
        })
    }

    /// Finds the method and begins its call; what does not begin is counted as refused, and only once.
    fn begin<T>(
        &self,
        name: &str,
        run: impl FnOnce(&Method) -> Result<T, RpcError>,
    ) -> Result<(T, Timer), RpcError> {
        let Own { dispatch, rate, activity } = &*self.0;
        let (index, started) = (dispatch.methods.index_of(name), Instant::now());
        activity.called(started);
        let begun = rate.as_ref().map_or(Ok(()), |rate| rate.admit()).and_then(|()| {
            let method = index.and_then(|i| dispatch.methods.at(i));
            run(method.ok_or_else(|| unknown_method(&dispatch.methods, name))?)
        });
        match begun {
            Ok(begun) => {
                let own = self.0.clone();
                Ok((begun, Timer { own, index, started, under_way: None, is_done: false }))
            }
            Err(error) => {
                dispatch.meter(index).finished(started, Some(error.kind()));
                Err(error)
            }
        }
    }
}

enum Replying {
    Once(ReplyFuture),
    Stream(ReplyStream),
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
    own: Arc<Own>,
    index: Option<usize>,
    started: Instant,
    /// Once the call has to wait. Most are ready at once.
    under_way: Option<UnderWay>,
    is_done: bool,
}

impl Timer {
    fn meter(&self) -> &CallMeter {
        self.own.dispatch.meter(self.index)
    }

    fn wait(&mut self) {
        self.under_way.get_or_insert_with(|| self.own.activity.begin());
    }

    fn waiting(mut self) -> Self {
        self.wait();
        self
    }

    fn finish(&mut self, error: Option<ErrorKind>) {
        if !std::mem::replace(&mut self.is_done, true) {
            self.meter().finished(self.started, error);
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
            Ok(Poll::Pending) => {
                self.timer.wait();
                return Poll::Pending;
            }
            Ok(Poll::Ready(result)) => result,
            Err(_) => Err(panicked(self.timer.meter().method())),
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
        if self.timer.is_done {
            return Poll::Ready(None);
        }
        let stream = self.stream.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| stream.poll_next(cx)));
        let item = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(item)) => item,
            Err(_) => Some(Err(panicked(self.timer.meter().method()))),
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
        methods.add("wait", "Never answers.", |_: Empty| std::future::pending::<Result<i64, RpcError>>());
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
        assert_eq!(error_of(&session, "fail", Params::none()).await.kind(), ErrorKind::InvalidParams);
        drop(session.call("fail", one("never polled")).unwrap());
        let text = metrics.render();
        for line in [
            r#"manywire_errors_total{kind="internal",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="failed",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="cancelled",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="unknown_method",method="(unknown)",wire="test"} 1"#,
            r#"manywire_errors_total{kind="invalid_params",method="fail",wire="test"} 1"#,
            r#"manywire_errors_total{kind="unsupported",method="count",wire="test"} 1"#,
            r#"manywire_calls_total{method="fail",wire="test"} 4"#,
            r#"manywire_calls_total{method="count",wire="test"} 1"#,
        ] {
            assert!(text.contains(line), "no {line} in {text}");
        }
        assert_eq!(text.matches("manywire_errors_total{").count(), 6, "{text}");
    }

    #[tokio::test]
    async fn a_call_that_waits_and_a_stream_are_under_way_until_they_end() {
        let activity = Activity::new();
        let session = dispatch(&Metrics::new()).session_of(&Limits::default(), &activity);
        let mut ready = session.call("fail", one("at once")).unwrap();
        assert!(activity.has_called() && futures_util::poll!(&mut ready).is_ready() && !activity.is_busy());
        let mut waiting = session.call("wait", Params::none()).unwrap();
        assert!(!activity.is_busy() && futures_util::poll!(&mut waiting).is_pending());
        let stream = session.start("count", Params::none()).ok();
        drop(waiting);
        assert!(activity.is_busy());
        drop(stream);
        assert!(!activity.is_busy());
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
