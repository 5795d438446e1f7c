//! One request's way: the method in its path, the parameters in its body or its query, the answer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::future::poll_immediate;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as HttpMethod, StatusCode};
use manywire_core::{
    Call, CallStream, Charge, Connection, ErrorKind, Method, OverBudget, Params, Reply, RpcError, Started,
    Terms,
};
use manywire_http::{
    Body, Content, Endless, Handler, Headers, Request, RequestBody, Response, accepts, add_metadata,
    read_body, reply, reply_compressed,
};
use manywire_json::{Parameters, Room, Text, read_params, write_erased};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use crate::adder;
use crate::error::{JSON, Refusal, content, shutting_down};
use crate::lines::{Form, Lines};
use crate::page;
use crate::query::read_query;

/// Where methods are.
const PREFIX: &str = "/call/";

/// Bytes that a call takes while it waits, beside its parameters; an estimate.
const CALL: usize = 512;

/// Whether a path is that of a method.
pub fn is_call(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Answers the calls of one connection, and adds on all other paths.
#[derive(Clone)]
pub struct Server {
    connection: Arc<Connection>,
}

/// A request for a call, its body not yet read.
struct Asked<'r> {
    name: Cow<'r, str>,
    head: &'r Parts,
    terms: Terms<'r>,
}

impl Server {
    /// The server of one connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(connection) }
    }

    async fn answer(&self, head: &Parts, body: &mut RequestBody) -> Result<Response, Refusal> {
        let headers = Headers(&head.headers);
        let asked = Asked { name: name_in(head.uri.path())?, head, terms: headers.terms()? };
        let methods = self.connection.session.methods();
        let method = methods.get(&asked.name);
        if method.is_none() && methods.takes(&asked.name) && head.method == HttpMethod::POST {
            return self.post(&asked, body).await;
        }
        let Some(method) = method.filter(|method| !method.kind().takes_stream()) else {
            // The registry refuses it in its own words, and counts it.
            let started = self.start(&asked, Params::none())?;
            return self.finish(&asked, started, 0, None).await;
        };
        match head.method {
            HttpMethod::POST => self.post(&asked, body).await,
            HttpMethod::GET if method.is_safe() => self.get(&asked, method).await,
            _ => Err(not_allowed(method)),
        }
    }

    async fn post(&self, asked: &Asked<'_>, body: &mut RequestBody) -> Result<Response, Refusal> {
        let Connection { session, limits, budget, .. } = &*self.connection;
        if !is_json(&asked.head.headers) {
            return Err(Refusal::content_type());
        }
        // Whoever may not call sends no body for nothing.
        let (name, begun) = (&*asked.name, Instant::now());
        let admitted = session
            .admit(asked.terms, name)
            .inspect_err(|error| session.refused(name, begun, error.kind()))?;
        let body = read_body(&asked.head.headers, body, limits, budget).await?;
        let Parameters { params, weight, charge } = read_params(parameters_in(&body)?, limits, budget)?;
        // What waits has what it needs.
        drop(body);
        let started = admitted.start(asked.terms, name, params)?;
        self.finish(asked, started, weight, charge).await
    }

    async fn get(&self, asked: &Asked<'_>, method: &Method) -> Result<Response, Refusal> {
        let query = asked.head.uri.query().unwrap_or_default();
        let mut parameters = read_query(query, method, &self.connection.budget)?;
        let started = self.start(asked, parameters.params())?;
        self.finish(asked, started, 0, None).await
    }

    fn start(&self, asked: &Asked<'_>, params: Params<'_, '_>) -> Result<Started, Refusal> {
        Ok(self.connection.session.start_on(asked.terms, &asked.name, params)?)
    }

    async fn finish(
        &self,
        asked: &Asked<'_>,
        started: Started,
        weight: usize,
        charge: Option<Charge>,
    ) -> Result<Response, Refusal> {
        match started {
            Started::Call(call) => self.answer_once(asked, call, weight, charge).await,
            Started::Stream(items) => {
                let held = self.hold(weight, charge)?;
                Ok(Box::pin(self.answer_with_stream(asked, items, held)).await)
            }
        }
    }

    /// Charges what a call holds while it waits.
    fn hold(&self, weight: usize, charge: Option<Charge>) -> Result<Charge, OverBudget> {
        let mut held = charge.unwrap_or_else(|| self.connection.budget.nothing());
        held.resize(CALL + weight)?;
        Ok(held)
    }

    async fn answer_once(
        &self,
        asked: &Asked<'_>,
        mut call: Call,
        weight: usize,
        charge: Option<Charge>,
    ) -> Result<Response, Refusal> {
        let result = match poll_immediate(&mut call).await {
            Some(result) => result,
            None => {
                let _held = self.hold(weight, charge)?;
                (&mut call).await
            }
        };
        let mut response = match result.and_then(|reply| self.write(&*reply)) {
            Ok(content) => reply_compressed(&asked.head.headers, StatusCode::OK, JSON, content),
            Err(error) => Refusal::from(error).into_response(),
        };
        add_metadata(&call.take_metadata(), response.headers_mut());
        Ok(response)
    }

    fn write(&self, reply: &dyn Reply) -> Result<Content, RpcError> {
        let Connection { limits, budget, .. } = &*self.connection;
        let mut text = Text::new();
        write_erased(&mut text, Room { limit: limits.message_bytes, budget }, reply.as_serde())?;
        Ok(content(text))
    }

    /// Waits for the first item: with it go the headers, and a stream that fails at once has a status that says so.
    async fn answer_with_stream(&self, asked: &Asked<'_>, mut items: CallStream, held: Charge) -> Response {
        let first = tokio::select! {
            biased;
            first = items.next() => first.transpose(),
            () = self.connection.drain.started() => Err(shutting_down()),
        };
        let metadata = items.take_metadata();
        let mut response = match first {
            Err(error) => Refusal::from(error).into_response(),
            Ok(first) => self.stream(asked, Lines::new(first, items, &self.connection, held)),
        };
        add_metadata(&metadata, response.headers_mut());
        response
    }

    fn stream(&self, asked: &Asked<'_>, lines: Lines) -> Response {
        let wants_events = accepts(&asked.head.headers, &ACCEPT, &[Form::Events.content_type()]);
        let form = if wants_events { Form::Events } else { Form::Lines };
        let mut response = reply(StatusCode::OK, form.content_type(), "");
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(Endless);
        *response.body_mut() = Body::stream(lines.in_form(form));
        response
    }
}

impl Handler for Server {
    async fn handle(&self, request: Request) -> Response {
        let (head, mut body) = request.into_parts();
        if !is_call(head.uri.path()) {
            return adder::answer(&self.connection, &head).await;
        }
        let mut response = if page::is_asking(&head) {
            page::welcome(&head)
        } else {
            self.answer(&head, &mut body).await.unwrap_or_else(Refusal::into_response)
        };
        page::show(&head, &mut response);
        response
    }
}

/// The method that a path names. Its slashes and dots may stand as they are.
fn name_in(path: &str) -> Result<Cow<'_, str>, RpcError> {
    let name = path.strip_prefix(PREFIX).unwrap_or_default();
    percent_decode_str(name).decode_utf8().map_err(|_| {
        RpcError::new(ErrorKind::UnknownMethod, "the name in the path is not UTF-8, percent-encoded")
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    let media_type = value.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(JSON.as_bytes())
}

/// The parameters as they were written; none in an empty body.
fn parameters_in(body: &[u8]) -> Result<Option<&RawValue>, RpcError> {
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let raw: &RawValue = serde_json::from_slice(body).map_err(|error| {
        RpcError::new(ErrorKind::InvalidRequest, format!("the body is not valid JSON: {error}"))
    })?;
    if !raw.get().starts_with(['{', '[']) {
        let message = "parameters are an object, by name, or a list, by position";
        return Err(RpcError::new(ErrorKind::InvalidRequest, message));
    }
    Ok(Some(raw))
}

fn not_allowed(method: &Method) -> Refusal {
    let name = method.name();
    if method.is_safe() {
        Refusal::http_method(format!("call {name} by GET or POST"), "GET, POST")
    } else {
        Refusal::http_method(format!("call {name} by POST: it may do more than read"), "POST")
    }
}
