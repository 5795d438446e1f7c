//! The registry as one wire sees it: find the method, ask its guards, read the arguments, count the call.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::call::{Call, CallStream, Timer};
use crate::context::{Head, Terms};
use crate::handler::{Handler, Items, ReplyFuture};
use crate::hooks::{Ended, Guard, Hook, around, around_items};
use crate::introspect::{Document, Slot};
use crate::metrics::{CallMeter, UNKNOWN_METHOD};
use crate::rate::RateLimiter;
use crate::{
    Activity, Budget, ErrorKind, Incoming, Limits, Method, Methods, Metrics, Params, Peer, RpcError, Value,
};

/// The methods bound to one wire, shared by all of its connections.
pub struct Dispatch {
    wire: &'static str,
    methods: Arc<Methods>,
    metrics: Metrics,
    /// One for each method, in their order.
    bound: Vec<Bound>,
    /// Counts the calls of no method.
    unknown: OnceLock<CallMeter>,
    /// What the wire tells of all methods at once; made when it is first asked for.
    document: Slot,
    /// What took its place.
    next: OnceLock<Arc<Dispatch>>,
}

/// A method with all that runs around it.
struct Bound {
    /// Made when the method is first called.
    meter: OnceLock<CallMeter>,
    guards: Box<[Arc<Guard>]>,
    hooks: Arc<[Arc<dyn Hook>]>,
}

impl Dispatch {
    /// Binds the methods to the wire of this name, as it appears in metrics.
    pub fn new(wire: &'static str, methods: Arc<Methods>, metrics: &Metrics) -> Arc<Self> {
        let bound = methods.iter().map(|method| Bound::of(&methods, method.name())).collect();
        let (unknown, document, next) = Default::default();
        Arc::new(Self { wire, methods, metrics: metrics.clone(), bound, unknown, document, next })
    }

    /// Has all calls from now on go to these methods, those of open connections too. Calls under way go on as they began.
    pub fn replace(&self, methods: Arc<Methods>) {
        let next = Dispatch::new(self.wire, methods, &self.metrics);
        let mut last = self;
        // Whoever else replaces at the same time may have been first.
        while last.next.set(next.clone()).is_err() {
            last = last.latest();
        }
    }

    /// What calls go to now.
    fn latest(&self) -> &Dispatch {
        let mut latest = self;
        while let Some(next) = latest.next.get() {
            latest = next;
        }
        latest
    }

    fn successor(&self) -> Option<&Arc<Dispatch>> {
        let mut latest = self.next.get()?;
        while let Some(next) = latest.next.get() {
            latest = next;
        }
        Some(latest)
    }

    /// The counters of a method, or of calls of no method.
    fn meter(&self, index: Option<usize>) -> &CallMeter {
        let of = |name: &str| self.metrics.call(self.wire, name);
        match index.and_then(|index| Some((self.bound.get(index)?, self.methods.at(index)?))) {
            Some((bound, method)) => bound.meter.get_or_init(|| of(method.name())),
            None => self.unknown.get_or_init(|| of(UNKNOWN_METHOD)),
        }
    }

    /// What one connection calls methods through; its rate limit is its own.
    pub fn session(self: &Arc<Self>, limits: &Limits) -> Session {
        self.session_of(limits, &Activity::new(), &Budget::alone(limits), Peer::default())
    }

    /// The same, for the connection of this peer, whose calls are watched, and charged to its budget.
    pub fn session_of(
        self: &Arc<Self>,
        limits: &Limits,
        activity: &Activity,
        budget: &Budget,
        peer: Peer,
    ) -> Session {
        let (dispatch, rate) = (self.successor().unwrap_or(self).clone(), RateLimiter::of(limits));
        Session(Arc::new(Own { dispatch, rate, activity: activity.clone(), budget: budget.clone(), peer }))
    }

    /// All methods, for introspection.
    pub fn methods(&self) -> &Methods {
        &self.latest().methods
    }
}

impl Drop for Dispatch {
    /// One after the other, however many there were.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut dispatch) = next.and_then(Arc::into_inner) {
            next = dispatch.next.take();
        }
    }
}

/// One connection's access to the methods.
#[derive(Clone)]
pub struct Session(Arc<Own>);

/// What the calls of one connection share. Each of them holds it, rather than what all connections share: those that run
/// on other cores do not meet at its counter.
pub(crate) struct Own {
    dispatch: Arc<Dispatch>,
    rate: Option<Arc<RateLimiter>>,
    pub(crate) activity: Activity,
    budget: Budget,
    peer: Peer,
}

impl Own {
    pub(crate) fn method(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.dispatch.methods.at(index)).map_or(UNKNOWN_METHOD, Method::name)
    }

    /// The same connection, with the methods that took the place of those which it had.
    fn with(&self, dispatch: &Arc<Dispatch>) -> Self {
        let Own { rate, activity, budget, peer, .. } = self;
        Self {
            dispatch: dispatch.clone(),
            rate: rate.clone(),
            activity: activity.clone(),
            budget: budget.clone(),
            peer: peer.clone(),
        }
    }

    /// Counts a call that has ended, and tells the observers.
    pub(crate) fn finished(&self, index: Option<usize>, started: Instant, error: Option<ErrorKind>) {
        self.count(self.dispatch.meter(index), started.elapsed(), error);
    }

    fn count(&self, meter: &CallMeter, took: Duration, error: Option<ErrorKind>) {
        meter.finished(took, error);
        for observer in self.dispatch.methods.observers() {
            let ended =
                Ended { wire: self.dispatch.wire, method: meter.method(), peer: &self.peer, took, error };
            observer(&ended);
        }
    }
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
        self.0.dispatch.methods()
    }

    /// The session as it is now: where methods were replaced since the connection came, it is one with the new ones.
    fn own(&self) -> Cow<'_, Arc<Own>> {
        match self.0.dispatch.successor() {
            None => Cow::Borrowed(&self.0),
            Some(dispatch) => Cow::Owned(Arc::new(self.0.with(dispatch))),
        }
    }

    /// What this wire tells of all methods at once, which it makes a single time for all connections.
    pub fn document(&self, make: impl FnOnce(&Methods) -> Value) -> Document {
        let own = self.own();
        own.dispatch.document.get(&own.dispatch.methods, make)
    }

    /// Begins a call of a method that answers once, on a wire that tells no more than its name and parameters.
    pub fn call(&self, name: &str, params: Params<'_, '_>) -> Result<Call, RpcError> {
        self.call_on(Terms::default(), name, params)
    }

    /// Begins a call of a method that answers once.
    pub fn call_on(&self, terms: Terms<'_>, name: &str, params: Params<'_, '_>) -> Result<Call, RpcError> {
        let (future, timer) =
            self.begin(terms, self.named(name), |method, bound, head| match &method.handler {
                Handler::Unary(run) => guarded(method, || Ok(bound.wrap(head, run(head, params)?))),
                _ => Err(cannot_be_carried(method)),
            })?;
        Ok(Call::new(future, timer))
    }

    /// Begins a call of a method that answers once or with a stream.
    pub fn start(&self, name: &str, params: Params<'_, '_>) -> Result<Started, RpcError> {
        self.start_on(Terms::default(), name, params)
    }

    /// Begins a call of a method that answers once or with a stream.
    ///
    /// The arguments are read before this returns, and nothing of the method has run yet.
    pub fn start_on(
        &self,
        terms: Terms<'_>,
        name: &str,
        params: Params<'_, '_>,
    ) -> Result<Started, RpcError> {
        self.start_with(terms, self.named(name), params)
    }

    fn start_with(
        &self,
        terms: Terms<'_>,
        named: Named<'_>,
        params: Params<'_, '_>,
    ) -> Result<Started, RpcError> {
        let (replying, timer) = self.begin(terms, named, |method, bound, head| match &method.handler {
            Handler::Unary(run) => {
                guarded(method, || Ok(Replying::Once(bound.wrap(head, run(head, params)?))))
            }
            Handler::ServerStream(run) => {
                guarded(method, || Ok(Replying::Stream(bound.wrap_items(head, run(head, params)?))))
            }
            _ => Err(cannot_be_carried(method)),
        })?;
        Ok(replying.started(timer))
    }

    /// Asks the rate and the guards whether a call may go on, for a wire that knows its name before its parameters have
    /// come. It need not be one of the registry's.
    pub fn admit(&self, terms: Terms<'_>, name: &str) -> Result<Admitted<'_>, RpcError> {
        let own = self.own();
        let Own { dispatch, rate, activity, budget, peer } = &**own;
        activity.called(Instant::now());
        rate.as_ref().map_or(Ok(()), |rate| rate.admit())?;
        let head = Head::new(dispatch.wire, name, peer, budget, terms);
        let found = dispatch.methods.index_of(name);
        match found.and_then(|index| dispatch.bound.get(index)) {
            Some(bound) => bound.guards.iter().try_for_each(|guard| guard(&head))?,
            None => dispatch.methods.guards_of(name).iter().try_for_each(|guard| guard(&head))?,
        }
        Ok(Admitted { session: self, found })
    }

    /// Counts a call of a method that failed before its wire could begin it.
    pub fn refused(&self, name: &str, started: Instant, kind: ErrorKind) {
        let own = self.own();
        own.finished(own.dispatch.methods.index_of(name), started, Some(kind));
    }

    fn named<'n>(&self, name: &'n str) -> Named<'n> {
        Named { name, found: self.0.dispatch.methods.index_of(name), is_admitted: false }
    }

    /// The counters of calls that the registry does not run: of a service that is mounted beside it, or of no method.
    pub fn meter(&self, name: &str) -> CallMeter {
        let Own { dispatch, .. } = &*self.0;
        dispatch.metrics.call(dispatch.wire, name)
    }

    /// Counts such a call when it has ended, and tells the observers.
    pub fn finished(&self, meter: &CallMeter, took: Duration, error: Option<ErrorKind>) {
        self.0.count(meter, took, error);
    }

    /// Begins the call of a method; what does not begin is counted as refused, and only once.
    fn begin<T>(
        &self,
        terms: Terms<'_>,
        Named { name, found, is_admitted }: Named<'_>,
        run: impl FnOnce(&Method, &Bound, &Head<'_>) -> Result<T, RpcError>,
    ) -> Result<(T, Timer), RpcError> {
        let own = self.own();
        let Own { dispatch, rate, activity, budget, peer } = &**own;
        let started = Instant::now();
        // Its place is another where the methods were replaced.
        let found = if Arc::ptr_eq(&own, &self.0) { found } else { dispatch.methods.index_of(name) };
        activity.called(started);
        let begin = || {
            rate.as_ref().filter(|_| !is_admitted).map_or(Ok(()), |rate| rate.admit())?;
            let registered =
                found.and_then(|index| Some((dispatch.methods.at(index)?, dispatch.bound.get(index)?)));
            let aside;
            let (method, bound, name) = match (registered, &dispatch.methods.fallback) {
                (Some((method, bound)), _) => (method, bound, method.name()),
                (None, Some(fallback)) => {
                    aside = Bound::of(&dispatch.methods, name);
                    (&**fallback, &aside, name)
                }
                (None, None) => return Err(unknown_method(&dispatch.methods, name)),
            };
            let head = Head::new(dispatch.wire, name, peer, budget, terms);
            if !is_admitted {
                bound.guards.iter().try_for_each(|guard| guard(&head))?;
            }
            let begun = run(method, bound, &head)?;
            let context = head.into_context();
            Ok((begun, Timer::new(Arc::clone(&own), found, started, terms.deadline, context)))
        };
        begin().inspect_err(|error: &RpcError| own.finished(found, started, Some(error.kind())))
    }
}

/// A method as it was looked up, once for a call.
#[derive(Clone, Copy)]
struct Named<'n> {
    name: &'n str,
    found: Option<usize>,
    /// Whether the rate and the guards were asked.
    is_admitted: bool,
}

/// A call that its guards have let through.
#[derive(Clone, Copy)]
pub struct Admitted<'s> {
    session: &'s Session,
    found: Option<usize>,
}

impl Admitted<'_> {
    /// Begins the call with its one request: [`Session::start_on`].
    pub fn start(self, terms: Terms<'_>, name: &str, params: Params<'_, '_>) -> Result<Started, RpcError> {
        self.session.start_with(terms, self.named(name), params)
    }

    /// Begins the call of a method that takes a stream of requests.
    pub fn open(
        self,
        terms: Terms<'_>,
        name: &str,
        incoming: Box<dyn Incoming>,
    ) -> Result<Started, RpcError> {
        let (replying, timer) =
            self.session.begin(terms, self.named(name), |method, bound, head| match &method.handler {
                Handler::ClientStream(run) => {
                    guarded(method, || Ok(Replying::Once(bound.wrap(head, run(head, incoming)))))
                }
                Handler::TwoWay(run) => {
                    guarded(method, || Ok(Replying::Stream(bound.wrap_items(head, run(head, incoming)))))
                }
                _ => {
                    Err(RpcError::invalid_params(format!("{name} takes one request, and no stream of them")))
                }
            })?;
        Ok(replying.started(timer))
    }
}

impl Admitted<'_> {
    fn named<'n>(&self, name: &'n str) -> Named<'n> {
        Named { name, found: self.found, is_admitted: true }
    }
}

impl Bound {
    fn of(methods: &Methods, name: &str) -> Self {
        Self { meter: OnceLock::new(), guards: methods.guards_of(name), hooks: methods.hooks_of(name) }
    }

    fn wrap(&self, head: &Head<'_>, future: ReplyFuture) -> ReplyFuture {
        if self.hooks.is_empty() { future } else { around(&self.hooks, head.context(), future) }
    }

    fn wrap_items(&self, head: &Head<'_>, items: Items) -> Items {
        if self.hooks.is_empty() { items } else { around_items(&self.hooks, head.context(), items) }
    }
}

enum Replying {
    Once(ReplyFuture),
    Stream(Items),
}

impl Replying {
    fn started(self, timer: Timer) -> Started {
        match self {
            Replying::Once(future) => Started::Call(Call::new(future, timer)),
            Replying::Stream(items) => Started::Stream(CallStream::new(items, timer)),
        }
    }
}

fn unknown_method(methods: &Methods, name: &str) -> RpcError {
    let wanted = name.to_lowercase();
    let near = methods.iter().map(Method::name).find(|known| known.to_lowercase() == wanted);
    let hint = near.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    RpcError::new(ErrorKind::UnknownMethod, format!("no method {name}{hint}"))
}

fn cannot_be_carried(method: &Method) -> RpcError {
    let message = format!("{} {}", method.name(), method.kind().elsewhere());
    RpcError::new(ErrorKind::Unsupported, message)
}

/// A method's panic is its own failure, never its connection's.
fn guarded<T>(method: &Method, run: impl FnOnce() -> Result<T, RpcError>) -> Result<T, RpcError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(panicked(method.name())))
}

pub(crate) fn panicked(name: &str) -> RpcError {
    RpcError::internal(format!("{name} failed inside the server; its log says where"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use futures_util::StreamExt as _;
    use futures_util::stream;

    use super::*;
    use crate::{Empty, Reply as _, to_value};

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
        let session = dispatch(&Metrics::new()).session_of(
            &Limits::default(),
            &activity,
            &Budget::alone(&Limits::default()),
            Peer::default(),
        );
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

    #[test]
    fn what_a_wire_tells_of_all_methods_is_made_once() {
        let dispatch = dispatch(&Metrics::new());
        let made = std::cell::Cell::new(0);
        for session in [dispatch.session(&Limits::default()), dispatch.session(&Limits::default())] {
            let document = session.document(|methods| {
                made.set(made.get() + 1);
                Value::from(methods.iter().len() as i64)
            });
            assert_eq!(to_value(document.as_serde()).unwrap(), 3.into());
        }
        assert_eq!(made.get(), 1);
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
