//! The asyncio client: each call runs on the I/O thread and finishes an asyncio future.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use manywire_client::{Answer, Client, Options, Wire};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::bridge::{Bridge, Ticket, io};
use crate::convert::{arguments, from_value, from_values};
use crate::feed::{self, Trouble};
use crate::process::Owned;
use crate::source::Source;
use crate::{batch, errors, options};

/// Calls the methods of one server.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct AsyncConnection {
    url: String,
    wire: Wire,
    bridge: Bridge,
    /// None once it is closed.
    client: ArcSwapOption<Owned<Client>>,
}

/// Connects; the future's result is an `AsyncConnection`.
#[pyfunction]
pub(crate) fn connect_async(
    future: Py<PyAny>,
    bridge: &Bridge,
    url: String,
    options: &Bound<'_, PyDict>,
) -> PyResult<Ticket> {
    let (wire, options) = options::read(&url, options)?;
    let connection_bridge = bridge.share();
    bridge.spawn(future, async move {
        let client = Client::connect(&url, options).await;
        move |py: Python<'_>| {
            let client = client.map_err(|error| errors::to_exception(py, &error, wire))?;
            let client = ArcSwapOption::from_pointee(Owned::new(client));
            let connection = AsyncConnection { url, wire, bridge: connection_bridge, client };
            Ok(Bound::new(py, connection)?.into_any().unbind())
        }
    })
}

#[pymethods]
impl AsyncConnection {
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    #[getter]
    fn wire(&self) -> &str {
        self.wire.name()
    }

    #[pyo3(signature = (future, method, args, kwargs=None))]
    fn call(
        &self,
        future: Py<PyAny>,
        method: String,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Ticket> {
        let arguments = arguments(self.wire, args, kwargs)?;
        self.ask(
            future,
            |client| async move { client.call(&method, arguments).await },
            |py, value| Ok(from_value(py, value)?.unbind()),
        )
    }

    /// The future's result is a value, or an `AsyncStream` where the method answers with one.
    #[pyo3(signature = (future, method, args, kwargs=None))]
    fn request(
        &self,
        future: Py<PyAny>,
        method: String,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Ticket> {
        let arguments = arguments(self.wire, args, kwargs)?;
        let (bridge, wire) = (self.bridge.share(), self.wire);
        let call = |client: Client| async move { client.request(&method, arguments).await };
        self.ask(future, call, move |py, answer| match answer {
            Answer::Value(value) => Ok(from_value(py, value)?.unbind()),
            Answer::Stream(items) => AsyncStream::object(py, Source::new(items, None), bridge, wire),
        })
    }

    #[pyo3(signature = (future, method, args, kwargs=None))]
    fn stream(
        &self,
        future: Py<PyAny>,
        method: String,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Ticket> {
        let arguments = arguments(self.wire, args, kwargs)?;
        let (bridge, wire) = (self.bridge.share(), self.wire);
        let call = |client: Client| async move { client.stream(&method, arguments).await };
        self.ask(future, call, move |py, items| {
            AsyncStream::object(py, Source::new(items, None), bridge, wire)
        })
    }

    /// Sends the requests of a list, a tuple or a `Feed`, and finishes with the one answer.
    fn send(&self, future: Py<PyAny>, method: String, requests: &Bound<'_, PyAny>) -> PyResult<Ticket> {
        let (requests, failure) = feed::take(requests, self.wire)?;
        let call = |client: Client| async move {
            failure.or(client.send(&method, requests)).await.map_err(Trouble::Source)?.map_err(Trouble::Call)
        };
        self.ask(future, call, |py, value| Ok(from_value(py, value)?.unbind()))
    }

    /// Sends the same while answers come; the future's result is an `AsyncStream`.
    fn exchange(&self, future: Py<PyAny>, method: String, requests: &Bound<'_, PyAny>) -> PyResult<Ticket> {
        let (requests, failure) = feed::take(requests, self.wire)?;
        let (bridge, wire) = (self.bridge.share(), self.wire);
        let call = |client: Client| async move {
            let begun = failure.or(client.exchange(&method, requests)).await;
            let items = begun.map_err(Trouble::Source)?.map_err(Trouble::Call)?;
            Ok::<_, Trouble>(Source::new(items, Some(failure)))
        };
        self.ask(future, call, move |py, source| AsyncStream::object(py, source, bridge, wire))
    }

    #[pyo3(signature = (future, method, args, kwargs=None))]
    fn notify(
        &self,
        future: Py<PyAny>,
        method: String,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Ticket> {
        let arguments = arguments(self.wire, args, kwargs)?;
        self.ask(
            future,
            |client| async move { client.notify(&method, arguments).await },
            |py, ()| Ok(py.None()),
        )
    }

    /// The future's result lists the answers; an exception stands where a call failed.
    fn batch(&self, future: Py<PyAny>, calls: &Bound<'_, PyList>) -> PyResult<Ticket> {
        let calls = batch::read(self.wire, calls)?;
        let wire = self.wire;
        self.ask(
            future,
            |client| async move { client.batch(calls).await },
            move |py, answers| Ok(batch::write(py, answers, wire)?.into_any().unbind()),
        )
    }

    fn methods(&self, future: Py<PyAny>) -> PyResult<Ticket> {
        let list = |py: Python<'_>, names: Vec<String>| Ok(PyList::new(py, names)?.into_any().unbind());
        self.ask(future, |client| async move { client.methods().await }, list)
    }

    fn describe(&self, future: Py<PyAny>, method: String) -> PyResult<Ticket> {
        let text = |py: Python<'_>, text: String| Ok(text.into_pyobject(py)?.into_any().unbind());
        self.ask(future, |client| async move { client.describe(&method).await }, text)
    }

    /// Of a gRPC method: unary, server_stream, client_stream or two_way.
    fn kind_of(&self, method: Cow<'_, str>) -> PyResult<Option<&'static str>> {
        Ok(self.client()?.kind_of(&method).map(options::kind_name))
    }

    /// The same connections for calls with other options.
    fn using(&self, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let (_, client) = options::change(&Options::default(), &self.client()?, options)?;
        let client = ArcSwapOption::from_pointee(Owned::new(client));
        Ok(Self { url: self.url.clone(), wire: self.wire, bridge: self.bridge.share(), client })
    }

    /// Drops the connections; calls under way finish.
    fn close(&self) -> PyResult<()> {
        let client = self.client.swap(None);
        io(|runtime| {
            let _context = runtime.enter();
            drop(client);
        })
    }
}

impl AsyncConnection {
    fn client(&self) -> PyResult<Client> {
        let client = self.client.load_full().ok_or_else(|| errors::usage("the client is closed"))?;
        let forked = || errors::usage("this client was connected before the fork; connect another one here");
        client.get().cloned().ok_or_else(forked)
    }

    fn ask<T, E, F>(
        &self,
        future: Py<PyAny>,
        call: impl FnOnce(Client) -> F,
        finish: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Ticket>
    where
        T: Send + 'static,
        E: Into<Trouble> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let (call, wire) = (call(self.client()?), self.wire);
        self.bridge.spawn(future, async move {
            let outcome = call.await;
            move |py: Python<'_>| match outcome {
                Ok(answer) => finish(py, answer),
                Err(error) => Err(error.into().into_exception(py, wire)),
            }
        })
    }
}

impl Drop for AsyncConnection {
    fn drop(&mut self) {
        // Without its runtime there is nothing left to drop in order.
        let _ = self.close();
    }
}

/// A stream that a server sends.
#[pyclass(frozen, module = "manywire._native")]
pub(crate) struct AsyncStream {
    source: Arc<Owned<Source>>,
    bridge: Bridge,
    wire: Wire,
}

impl AsyncStream {
    fn object(py: Python<'_>, source: Source, bridge: Bridge, wire: Wire) -> PyResult<Py<PyAny>> {
        let stream = Self { source: Arc::new(Owned::new(source)), bridge, wire };
        Ok(Bound::new(py, stream)?.into_any().unbind())
    }
}

#[pymethods]
impl AsyncStream {
    /// The future's result lists the items that are there; none at the end. It is None where another reader was quicker.
    /// Items stay for the next reader when the future is cancelled; so the ticket is better not used.
    fn next_chunk(&self, future: Py<PyAny>) -> PyResult<Ticket> {
        let (source, wire) = (self.source.clone(), self.wire);
        if source.get().is_none() {
            return Err(errors::usage("this stream was opened before the fork; open another one here"));
        }
        self.bridge.spawn(future, async move {
            if let Some(source) = source.get() {
                source.ready().await;
            }
            move |py: Python<'_>| match source.get().and_then(Source::take) {
                None => Ok(py.None()),
                Some(Ok(values)) => Ok(from_values(py, values)?.into_any().unbind()),
                Some(Err(trouble)) => Err(trouble.into_exception(py, wire)),
            }
        })
    }

    /// Ends it for the server too.
    fn close(&self) -> PyResult<()> {
        io(|runtime| {
            let _context = runtime.enter();
            if let Some(source) = self.source.get() {
                source.close();
            }
        })
    }
}

impl Drop for AsyncStream {
    fn drop(&mut self) {
        // Without its runtime there is nothing left to end.
        let _ = self.close();
    }
}
