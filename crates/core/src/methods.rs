//! The registry: typed async methods go in, erased methods come out.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::TryStreamExt as _;
use hashbrown::HashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::params::{Arguments, Params, signature};
use crate::{RpcError, Shape};

/// What a method can answer with: writable on every wire.
pub trait Returns: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Returns for T {}

/// An answer whose type only its method knows; each wire writes it through the encoding that it speaks.
pub trait Reply: Send {
    /// The value.
    fn as_serde(&self) -> &dyn erased_serde::Serialize;
    /// Tells its type from others, for wires that have to say once what type a value has.
    fn type_id(&self) -> TypeId;
    /// Reads a value of its type and drops it, so that a deserializer which notes what it is asked for learns the type.
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>);
}

impl<T: Returns> Reply for T {
    fn as_serde(&self) -> &dyn erased_serde::Serialize {
        self
    }
    fn type_id(&self) -> TypeId {
        TypeId::of::<T>()
    }
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>) {
        // Whether the zeros that it was given make a value does not matter.
        let _: Result<T, _> = erased_serde::deserialize(deserializer);
    }
}

/// One call under way.
pub type ReplyFuture = Pin<Box<dyn Future<Output = Result<Box<dyn Reply>, RpcError>> + Send>>;

/// One stream under way.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<Box<dyn Reply>, RpcError>> + Send>>;

/// Decoding happens before the future exists, so no future borrows a wire's buffer.
type Unary = dyn Fn(Params<'_, '_>) -> Result<ReplyFuture, RpcError> + Send + Sync;
type Streaming = dyn Fn(Params<'_, '_>) -> Result<ReplyStream, RpcError> + Send + Sync;

#[derive(Clone)]
pub(crate) enum Handler {
    Unary(Arc<Unary>),
    Streaming(Arc<Streaming>),
}

/// A method as the wires and introspection see it.
#[derive(Clone)]
pub struct Method {
    name: String,
    doc: String,
    arguments: Shape,
    returns: Shape,
    pub(crate) handler: Handler,
}

impl Method {
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

    /// The shape of its answer, or of each item of its stream.
    pub fn returns(&self) -> &Shape {
        &self.returns
    }

    /// Whether it answers with a stream.
    pub fn is_stream(&self) -> bool {
        matches!(self.handler, Handler::Streaming(_))
    }

    /// How one would write it down: `add(a: number, b: number) -> number`.
    pub fn signature(&self) -> String {
        let stream = if self.is_stream() { "stream of " } else { "" };
        format!("{} -> {stream}{}", signature(&self.name, &self.arguments), self.returns)
    }
}

/// All methods of a server, by name.
#[derive(Clone, Default)]
pub struct Methods {
    list: Vec<Method>,
    by_name: HashMap<String, usize>,
}

impl Methods {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a method; a second one of the same name replaces the first.
    pub fn add<A, R, F, Fut>(&mut self, name: &str, doc: &str, handler: F)
    where
        A: Arguments,
        R: Returns,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        let arguments = Shape::of::<A>();
        let (label, shape) = (name.to_owned(), arguments.clone());
        let unary = move |params: Params<'_, '_>| {
            let call = handler(params.read(&label, &shape)?);
            let erased: ReplyFuture = Box::pin(async move { Ok(Box::new(call.await?) as Box<dyn Reply>) });
            Ok(erased)
        };
        self.insert(name, doc, arguments, Shape::of::<R>(), Handler::Unary(Arc::new(unary)));
    }

    /// Registers a method that answers with a stream.
    pub fn add_stream<A, R, F, S>(&mut self, name: &str, doc: &str, handler: F)
    where
        A: Arguments,
        R: Returns,
        F: Fn(A) -> S + Send + Sync + 'static,
        S: Stream<Item = Result<R, RpcError>> + Send + 'static,
    {
        let arguments = Shape::of::<A>();
        let (label, shape) = (name.to_owned(), arguments.clone());
        let streaming = move |params: Params<'_, '_>| {
            let items = handler(params.read(&label, &shape)?);
            let erased: ReplyStream = Box::pin(items.map_ok(|item| Box::new(item) as Box<dyn Reply>));
            Ok(erased)
        };
        self.insert(name, doc, arguments, Shape::of::<R>(), Handler::Streaming(Arc::new(streaming)));
    }

    /// Gives a registered method a second name. Returns false when there is no such method.
    pub fn alias(&mut self, alias: &str, name: &str) -> bool {
        let Some(method) = self.get(name).cloned() else {
            return false;
        };
        self.insert(alias, &method.doc, method.arguments, method.returns, method.handler);
        true
    }

    fn insert(&mut self, name: &str, doc: &str, arguments: Shape, returns: Shape, handler: Handler) {
        let method = Method { name: name.to_owned(), doc: doc.to_owned(), arguments, returns, handler };
        match self.by_name.get(name) {
            Some(&index) => self.list[index] = method,
            None => {
                self.by_name.insert(name.to_owned(), self.list.len());
                self.list.push(method);
            }
        }
    }

    /// The method of this name.
    pub fn get(&self, name: &str) -> Option<&Method> {
        self.index_of(name).map(|index| &self.list[index])
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn at(&self, index: usize) -> Option<&Method> {
        self.list.get(index)
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

impl<'a> IntoIterator for &'a Methods {
    type Item = &'a Method;
    type IntoIter = std::slice::Iter<'a, Method>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
