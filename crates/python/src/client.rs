//! The blocking client: each call waits on the thread that makes it.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use manywire_client::{Answer, Client, Items, Options, Wire};
use manywire_core::{RpcError, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyTuple};

use crate::convert::{arguments, from_value, to_value};
use crate::feed::{self, Failure, Feed, Trouble};
use crate::process::Owned;
use crate::runtime::Io;
use crate::stream::Stream;
use crate::{batch, errors, options};

/// A connected client and the runtime that its connections live in.
pub(crate) struct Live {
    // Dropped in this order.
    client: Client,
    io: Arc<Io>,
}

impl Live {
    pub(crate) fn io(&self) -> &Arc<Io> {
        &self.io
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // What was given up last still goes out.
        self.io.turn();
    }
}

/// Calls the methods of one server, from any number of threads.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct Connection {
    url: String,
    wire: Wire,
    options: Options,
    /// None once it is closed.
    live: ArcSwapOption<Owned<Live>>,
}

#[pymethods]
impl Connection {
    /// Connects at once.
    #[new]
    fn new(py: Python<'_>, url: String, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let (wire, options) = options::read(&url, options)?;
        let connection = Self { url, wire, options, live: ArcSwapOption::empty() };
        let live = connection.connect(py)?;
        connection.live.store(Some(live));
        Ok(connection)
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    #[getter]
    fn wire(&self) -> &str {
        self.wire.name()
    }

    #[pyo3(signature = (method, args, kwargs=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        method: Cow<'_, str>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let arguments = arguments(self.wire, args, kwargs)?;
        let value = self.ask(py, |client| async move { client.call(&method, arguments).await })?;
        from_value(py, value)
    }

    /// A value, or a `Stream` where the method answers with one.
    #[pyo3(signature = (method, args, kwargs=None))]
    fn request<'py>(
        &self,
        py: Python<'py>,
        method: Cow<'_, str>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let arguments = arguments(self.wire, args, kwargs)?;
        match self.ask(py, |client| async move { client.request(&method, arguments).await })? {
            Answer::Value(value) => from_value(py, value),
            Answer::Stream(items) => Ok(Bound::new(py, self.streaming(py, items, None)?)?.into_any()),
        }
    }

    #[pyo3(signature = (method, args, kwargs=None))]
    fn stream(
        &self,
        py: Python<'_>,
        method: Cow<'_, str>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stream> {
        let arguments = arguments(self.wire, args, kwargs)?;
        let items = self.ask(py, |client| async move { client.stream(&method, arguments).await })?;
        self.streaming(py, items, None)
    }

    /// Sends what an iterable yields, and waits for the one answer.
    fn send<'py>(
        &self,
        py: Python<'py>,
        method: Cow<'_, str>,
        requests: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let value = match feed::complete(requests, self.wire)? {
            Some(requests) => self.ask(py, |client| async move { client.send(&method, requests).await })?,
            None => self.send_each(py, method.into_owned(), &requests.try_iter()?)?,
        };
        from_value(py, value)
    }

    /// What another thread can put requests into while their answers are read.
    fn feed(&self, py: Python<'_>) -> PyResult<Feed> {
        Ok(Feed::new(self.wire, Arc::downgrade(&self.live(py)?)))
    }

    /// Sends the requests of a list, a tuple or a `Feed` while answers come.
    fn exchange(
        &self,
        py: Python<'_>,
        method: Cow<'_, str>,
        requests: &Bound<'_, PyAny>,
    ) -> PyResult<Stream> {
        let (requests, failure) = feed::take(requests, self.wire)?;
        let told = failure.clone();
        let items = self.ask(py, |client| async move {
            let begun = told.or(client.exchange(&method, requests)).await;
            begun.map_err(Trouble::Source)?.map_err(Trouble::Call)
        })?;
        self.streaming(py, items, Some(failure))
    }

    #[pyo3(signature = (method, args, kwargs=None))]
    fn notify(
        &self,
        py: Python<'_>,
        method: Cow<'_, str>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let arguments = arguments(self.wire, args, kwargs)?;
        self.ask(py, |client| async move { client.notify(&method, arguments).await })?;
        // On a WebSocket it is only on its way to the connection yet.
        let live = self.live(py)?;
        py.detach(|| live.get().map(|live| live.io.turn()));
        Ok(())
    }

    /// The answers to `(method, args, kwargs)` triples, in their order; an exception stands where a call failed.
    fn batch<'py>(&self, py: Python<'py>, calls: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
        let calls = batch::read(self.wire, calls)?;
        let answers = self.ask(py, |client| async move { client.batch(calls).await })?;
        batch::write(py, answers, self.wire)
    }

    fn methods(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, |client| async move { client.methods().await })
    }

    fn describe(&self, py: Python<'_>, method: Cow<'_, str>) -> PyResult<String> {
        self.ask(py, |client| async move { client.describe(&method).await })
    }

    /// Of a gRPC method: unary, server_stream, client_stream or two_way.
    fn kind_of(&self, py: Python<'_>, method: Cow<'_, str>) -> PyResult<Option<&'static str>> {
        let live = self.live(py)?;
        let live = live.get().ok_or_else(|| errors::usage("the client is closed"))?;
        Ok(live.client.kind_of(&method).map(options::kind_name))
    }

    /// The same connections for calls with other options.
    fn using(&self, py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let live = self.live(py)?;
        let live = live.get().ok_or_else(|| errors::usage("the client is closed"))?;
        let (options, client) = options::change(&self.options, &live.client, options)?;
        let live = Arc::new(Owned::new(Live { client, io: live.io.clone() }));
        Ok(Self { url: self.url.clone(), wire: self.wire, options, live: ArcSwapOption::new(Some(live)) })
    }

    /// Drops the connections; calls under way in other threads finish.
    fn close(&self, py: Python<'_>) {
        let live = self.live.swap(None);
        py.detach(|| drop(live));
    }
}

impl Connection {
    /// Runs a call on this thread.
    fn ask<T, E, F>(&self, py: Python<'_>, call: impl FnOnce(Client) -> F) -> PyResult<T>
    where
        T: Send,
        E: Into<Trouble> + Send,
        F: Future<Output = Result<T, E>> + Send,
    {
        let live = self.live(py)?;
        let live = live.get().ok_or_else(|| errors::usage("the client is closed"))?;
        // In its place at once: it is long.
        let call = pin!(call(live.client.clone()));
        live.io.wait(py, call)?.map_err(|error| error.into().into_exception(py, self.wire))
    }

    /// The connected client; a forked child connects anew.
    fn live(&self, py: Python<'_>) -> PyResult<Arc<Owned<Live>>> {
        let live = self.live.load_full().ok_or_else(|| errors::usage("the client is closed"))?;
        if live.get().is_some() {
            return Ok(live);
        }
        let fresh = self.connect(py)?;
        let before = self.live.compare_and_swap(&live, Some(fresh.clone()));
        // Of two threads that saw the fork, the first one's connection stays.
        Ok(before.as_ref().filter(|other| other.get().is_some()).cloned().unwrap_or(fresh))
    }

    fn connect(&self, py: Python<'_>) -> PyResult<Arc<Owned<Live>>> {
        let io = Io::start()?;
        let client = io.wait(py, Client::connect(&self.url, self.options.clone()))?;
        let client = client.map_err(|error| errors::to_exception(py, &error, self.wire))?;
        Ok(Arc::new(Owned::new(Live { client, io })))
    }

    fn streaming(&self, py: Python<'_>, items: Items, failure: Option<Arc<Failure>>) -> PyResult<Stream> {
        Ok(Stream::new(items, failure, self.live(py)?, self.wire))
    }

    /// Sends requests one by one, each as soon as the iterator yields it, until the server has answered.
    fn send_each(&self, py: Python<'_>, method: String, requests: &Bound<'_, PyIterator>) -> PyResult<Value> {
        let live = self.live(py)?;
        let live = live.get().ok_or_else(|| errors::usage("the client is closed"))?;
        let (sender, incoming) = feed::channel();
        let client = live.client.clone();
        let call = async move { client.send(&method, incoming).await };
        let mut call = live.io.within(|| Answering(tokio::spawn(call)));
        for request in requests {
            // An iterator that raises gives the call up: its requests are not complete.
            let request = to_value(&request?, self.wire)?;
            let is_taken = live.io.wait(py, sender.send(request))?;
            py.detach(|| live.io.turn());
            if !is_taken || call.0.is_finished() {
                break;
            }
        }
        sender.finish();
        let answer = live.io.wait(py, &mut call.0)?;
        let answer = answer.map_err(|gone| errors::fault(&gone.to_string()))?;
        answer.map_err(|error| errors::to_exception(py, &error, self.wire))
    }
}

/// A call in a task, which ends with it.
struct Answering(tokio::task::JoinHandle<Result<Value, RpcError>>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.abort();
    }
}
