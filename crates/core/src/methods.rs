//! The registry: typed async methods go in, erased methods come out.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;
use hashbrown::HashMap;

use crate::context::Head;
use crate::handler::{Function, Handler, Returns};
use crate::hooks::{Ended, Guard, Hook, Observer};
use crate::params::{Arguments, Expected, Required, signature};
use crate::shape::WHATEVER;
use crate::{Kind, Requests, RpcError, Shape};

/// A method as the wires and introspection see it.
#[derive(Clone)]
pub struct Method {
    name: String,
    doc: String,
    arguments: Shape,
    required: Required,
    returns: Shape,
    is_safe: bool,
    /// Whether it takes whatever comes, as it came.
    is_open: bool,
    /// Whether it took the place of another without a word that it should.
    is_conflict: bool,
    pub(crate) handler: Handler,
}

impl Method {
    pub(crate) fn new(
        name: &str,
        doc: &str,
        arguments: Shape,
        required: Required,
        returns: Shape,
        handler: Handler,
    ) -> Self {
        Self {
            name: name.to_owned(),
            doc: doc.to_owned(),
            arguments,
            required,
            returns,
            is_safe: false,
            is_open: false,
            is_conflict: false,
            handler,
        }
    }

    /// The same, of a method that takes whatever comes.
    pub(crate) fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// The name that callers use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in a sentence or two.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// The shape of its arguments; [`Shape::parameters`] lists them one by one.
    pub fn arguments(&self) -> &Shape {
        &self.arguments
    }

    /// Whether the parameter at this place has to be given: it is not optional, and its type has no default for it.
    pub fn requires(&self, place: usize) -> bool {
        self.required.at(place)
    }

    /// How many parameters of a list cannot be left out.
    pub fn required(&self) -> usize {
        self.required.count()
    }

    /// The shape of its answer, or of each item of its stream.
    pub fn returns(&self) -> &Shape {
        &self.returns
    }

    /// Whether it takes and gives one message or a stream.
    pub fn kind(&self) -> Kind {
        self.handler.kind()
    }

    /// Whether it only reads, so that a web page's link may call it.
    pub fn is_safe(&self) -> bool {
        self.is_safe
    }

    /// Whether it takes whatever comes, as it came: any number of parameters, of any types.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Says that it only reads: `GET /call/NAME` calls it too.
    pub fn safe(&mut self) -> &mut Self {
        self.is_safe = true;
        self
    }

    /// Says that it takes the place of the method that had its name before, which is a mistake otherwise.
    pub fn replace(&mut self) -> &mut Self {
        self.is_conflict = false;
        self
    }

    /// How one would write it down: `add(a: number, b: number) -> number`.
    pub fn signature(&self) -> String {
        let stream_if = |is_stream| if is_stream { "stream of " } else { "" };
        let (taken, given) = (stream_if(self.kind().takes_stream()), stream_if(self.kind().answers_stream()));
        let called = if self.is_open {
            format!("{}({WHATEVER})", self.name)
        } else {
            signature(&self.name, &self.arguments)
        };
        format!("{taken}{called} -> {given}{}", self.returns)
    }
}

/// Two methods were registered under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    name: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        write!(
            f,
            "the method {name} is registered twice; rename one, or say .replace() where the second is meant"
        )
    }
}

impl std::error::Error for Conflict {}

/// All methods of a server, by name.
#[derive(Clone, Default)]
pub struct Methods {
    list: Vec<Method>,
    by_name: HashMap<String, usize>,
    descriptors: Vec<Cow<'static, [u8]>>,
    /// Takes the calls of names that are not registered.
    pub(crate) fallback: Option<Arc<Method>>,
    /// Each with the prefix of the names that it is for.
    guards: Vec<(String, Arc<Guard>)>,
    hooks: Vec<(String, Arc<dyn Hook>)>,
    observers: Vec<Arc<Observer>>,
}

impl Methods {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a method with one request and one answer; see [`Methods::check`] for names that are taken.
    pub fn add<Form, F, A, R>(&mut self, name: &str, doc: &str, function: F) -> &mut Method
    where
        F: Function<Form, Input = A>,
        F::Output: Future<Output = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        self.register::<A, R>(name, doc, |expected| Handler::unary(function, expected))
    }

    /// Registers a method that answers with a stream.
    pub fn add_stream<Form, F, A, R>(&mut self, name: &str, doc: &str, function: F) -> &mut Method
    where
        F: Function<Form, Input = A>,
        F::Output: Stream<Item = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        self.register::<A, R>(name, doc, |expected| Handler::server_stream(function, expected))
    }

    /// Registers a method that answers with a stream which takes work to open. Where that fails, the call fails before its
    /// stream has begun.
    pub fn add_opened_stream<Form, F, A, S, R>(&mut self, name: &str, doc: &str, function: F) -> &mut Method
    where
        F: Function<Form, Input = A>,
        F::Output: Future<Output = Result<S, RpcError>> + Send + 'static,
        S: Stream<Item = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        self.register::<A, R>(name, doc, |expected| Handler::opened_stream(function, expected))
    }

    /// Registers a method that takes a stream of requests and answers once.
    pub fn add_client_stream<Form, F, A, R>(&mut self, name: &str, doc: &str, function: F) -> &mut Method
    where
        F: Function<Form, Input = Requests<A>>,
        F::Output: Future<Output = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        self.register::<A, R>(name, doc, |expected| Handler::client_stream(function, expected))
    }

    /// Registers a method that takes a stream of requests and answers with a stream.
    pub fn add_two_way<Form, F, A, R>(&mut self, name: &str, doc: &str, function: F) -> &mut Method
    where
        F: Function<Form, Input = Requests<A>>,
        F::Output: Stream<Item = Result<R, RpcError>> + Send + 'static,
        A: Arguments,
        R: Returns,
    {
        self.register::<A, R>(name, doc, |expected| Handler::two_way(function, expected))
    }

    fn register<A: Arguments, R: Returns>(
        &mut self,
        name: &str,
        doc: &str,
        handler: impl FnOnce(Arc<Expected>) -> Handler,
    ) -> &mut Method {
        let arguments = Shape::of::<A>();
        let expected = Arc::new(Expected::new::<A>(name, arguments.clone()));
        let required = expected.required().clone();
        self.insert(Method::new(name, doc, arguments, required, Shape::of::<R>(), handler(expected)))
    }

    /// Binds methods to a `.proto`: those that its services name have its messages on gRPC. A set of file descriptors, as
    /// `protoc --descriptor_set_out --include_imports` writes it; it is checked when gRPC is served.
    pub fn bind(&mut self, descriptors: impl Into<Cow<'static, [u8]>>) {
        self.descriptors.push(descriptors.into());
    }

    /// The sets of file descriptors that methods are bound to.
    pub fn descriptors(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.descriptors.iter().map(|set| &**set)
    }

    /// Asks `guard` before anything of a call is read, of those methods whose name begins with `prefix`. Guards are asked
    /// in the order of their registration; the first that refuses is the answer.
    pub fn guard(
        &mut self,
        prefix: &str,
        guard: impl Fn(&Head<'_>) -> Result<(), RpcError> + Send + Sync + 'static,
    ) {
        self.guards.push((prefix.to_owned(), Arc::new(guard)));
    }

    /// Runs `hook` around every call of the methods whose name begins with `prefix`, once the arguments were read. The hook
    /// that was registered first is the outermost.
    pub fn wrap(&mut self, prefix: &str, hook: impl Hook) {
        self.hooks.push((prefix.to_owned(), Arc::new(hook)));
    }

    /// Tells `observer` of every call that has ended, refused ones too.
    pub fn observe(&mut self, observer: impl Fn(&Ended<'_>) + Send + Sync + 'static) {
        self.observers.push(Arc::new(observer));
    }

    /// Gives a registered method a second name. Returns false when there is no such method.
    pub fn alias(&mut self, alias: &str, name: &str) -> bool {
        let Some(method) = self.get(name).cloned() else {
            return false;
        };
        self.insert(Method { name: alias.to_owned(), is_conflict: false, ..method });
        true
    }

    pub(crate) fn insert(&mut self, method: Method) -> &mut Method {
        let index = *self.by_name.entry_ref(method.name.as_str()).or_insert(self.list.len());
        if index == self.list.len() {
            self.list.push(method);
        } else {
            self.list[index] = Method { is_conflict: true, ..method };
        }
        &mut self.list[index]
    }

    /// Whether each name was registered once, or the later method said [`Method::replace`]. A server asks before it starts.
    pub fn check(&self) -> Result<(), Conflict> {
        let conflict = self.list.iter().find(|method| method.is_conflict);
        conflict.map_or(Ok(()), |method| Err(Conflict { name: method.name.clone() }))
    }

    /// The method of this name.
    pub fn get(&self, name: &str) -> Option<&Method> {
        self.index_of(name).map(|index| &self.list[index])
    }

    /// Whether calls of names that are not registered are taken all the same.
    pub fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// Whether a call of this name has a method to go to.
    pub fn takes(&self, name: &str) -> bool {
        self.fallback.is_some() || self.index_of(name).is_some()
    }

    /// The place of a method. One of a bound service is found by `S/M` too.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied().or_else(|| {
            let (service, method) = name.rsplit_once('/').filter(|_| !self.descriptors.is_empty())?;
            self.by_name.get(&*format!("{service}.{method}")).copied()
        })
    }

    pub(crate) fn at(&self, index: usize) -> Option<&Method> {
        self.list.get(index)
    }

    pub(crate) fn guards_of(&self, name: &str) -> Box<[Arc<Guard>]> {
        applying(&self.guards, name).collect()
    }

    pub(crate) fn hooks_of(&self, name: &str) -> Arc<[Arc<dyn Hook>]> {
        applying(&self.hooks, name).collect()
    }

    pub(crate) fn observers(&self) -> &[Arc<Observer>] {
        &self.observers
    }

    /// Every method, in the order of registration.
    pub fn iter(&self) -> std::slice::Iter<'_, Method> {
        self.list.iter()
    }

    /// Whether some method's name is `service`, a dot, and one more word: what Go calls a registered service.
    pub fn has_service(&self, service: &str) -> bool {
        self.list.iter().any(|m| m.name.rsplit_once('.').is_some_and(|(s, _)| s == service))
    }
}

/// What was registered for a prefix of this name.
fn applying<'a, T: ?Sized>(all: &'a [(String, Arc<T>)], name: &'a str) -> impl Iterator<Item = Arc<T>> + 'a {
    all.iter().filter(|(prefix, _)| name.starts_with(&**prefix)).map(|(_, hook)| hook.clone())
}

impl<'a> IntoIterator for &'a Methods {
    type Item = &'a Method;
    type IntoIter = std::slice::Iter<'a, Method>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
