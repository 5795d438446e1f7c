//! One request's way: the body, the call in it, the method, the response.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, poll_immediate};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use manywire_core::{Connection, Params, Value, to_value};
use manywire_http::{
    AnswerHeaders, Beside, BodyError, Content, Handler, Headers, Request, Response, method_not_allowed,
    read_body, reply, reply_compressed,
};

use crate::document::Document;
use crate::encode::{self, Writer};
use crate::error::{EncodeError, Fault};
use crate::message::{MethodCall, encode_fault, fault_value, respond, respond_fault};
use crate::multicall::{self, Entry};
use crate::system;

const XML: &str = "text/xml";

/// Names longer than any method's are not repeated in the answer.
const LONGEST_NAME: usize = 255;

/// Bytes that a call takes while it waits, beside its arguments; an estimate.
const CALL: usize = 512;

/// Arguments up to this weight are not charged while a method reads them.
const SMALL: usize = 4 << 10;

/// Answers XML-RPC calls, on any path.
#[derive(Clone)]
pub struct Server {
    connection: Arc<Connection>,
}

impl Server {
    /// Serves the methods of this connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(connection) }
    }

    async fn respond(&self, beside: Beside<'_>, call: MethodCall) -> Result<Content, Fault> {
        let mut out = self.writer().with_extensions(call.extensions);
        if call.name == system::MULTICALL {
            // Boxed, so that a single call does not take its memory.
            let results = Box::pin(self.results(beside, call)).await?;
            respond(&mut out, |out| {
                out.push("<value><array><data>")?;
                out.append(&results)?;
                out.push("</data></array></value>")
            })?;
        } else {
            let result = self.call(beside, call).await?;
            respond(&mut out, |out| encode::value(out, &result))?;
        }
        Ok(content(out)?)
    }

    /// Tells a fault; where there is no room even for that, of so little room.
    fn refuse(&self, fault: &Fault) -> Content {
        let mut out = self.writer();
        match respond_fault(&mut out, fault).and_then(|()| content(out)) {
            Ok(content) => content,
            Err(no_room) => encode_fault(&no_room.into()).into(),
        }
    }

    fn writer(&self) -> Writer {
        Writer::new(&self.connection.limits, &self.connection.budget)
    }

    /// The results of many calls, one behind the other. They are begun in their order, and each runs as far as it gets at
    /// once before the next begins; those that have to wait do so together.
    async fn results(
        &self,
        beside: Beside<'_>,
        MethodCall { params, extensions, .. }: MethodCall,
    ) -> Result<Writer, Fault> {
        let mut outcomes = FuturesOrdered::new();
        for entry in multicall::entries(params, self.connection.limits.batch)? {
            tokio::task::coop::consume_budget().await;
            let mut outcome: BoxFuture<'_, Writer> = self.outcome(beside, entry, extensions).boxed();
            outcomes.push_back(match poll_immediate(&mut outcome).await {
                Some(ready) => std::future::ready(ready).boxed(),
                None => outcome,
            });
        }
        let mut results = self.writer().with_extensions(extensions);
        while let Some(outcome) = outcomes.next().await {
            let mark = results.written().len();
            if let Err(no_room) = results.append(&outcome) {
                results.truncate(mark);
                fault_value(&mut results, &no_room.into())?;
            }
        }
        Ok(results)
    }

    /// Each entry is written on its own, so that a result which XML cannot carry is that entry's fault alone.
    async fn outcome(&self, beside: Beside<'_>, entry: Entry, extensions: bool) -> Writer {
        let mut out = self.writer().with_extensions(extensions);
        let called = match entry {
            Ok(call) => self.call(beside, call).await,
            Err(fault) => Err(fault),
        };
        let written = called.and_then(|result| Ok(encode::value(&mut out, &Value::Array(vec![result]))?));
        if let Err(fault) = written {
            out.truncate(0);
            // Where there is no room for that either, the whole answer will have none.
            let _ = fault_value(&mut out, &fault);
        }
        out
    }

    async fn call(
        &self,
        beside: Beside<'_>,
        MethodCall { name, params, .. }: MethodCall,
    ) -> Result<Value, Fault> {
        if name.is_empty() {
            return Err(Fault::unknown_method("the method's name is empty"));
        }
        if name.len() > LONGEST_NAME {
            return Err(Fault::unknown_method(format!("no method has a name of {} bytes", name.len())));
        }
        let Connection { session, budget, .. } = &*self.connection;
        if let Some(answer) = system::answer(session.methods(), &name, &params) {
            return answer;
        }
        let weight = params.iter().map(weight).sum::<usize>();
        let mut charge = budget.nothing();
        // Before anything of the method has run, so that none is cut off in its middle.
        if weight > SMALL {
            charge.resize(weight)?;
        }
        let mut call = session.call_on(beside.terms, &name, Params::Positional(params))?;
        let result = match poll_immediate(&mut call).await {
            Some(result) => result,
            None => {
                charge.set(CALL + weight);
                (&mut call).await
            }
        };
        beside.ended(&mut call);
        to_value(result?.as_serde())
            .map_err(|error| Fault::internal(format!("the result cannot be sent: {error}")))
    }
}

/// What was written, and its charge.
fn content(out: Writer) -> Result<Content, EncodeError> {
    out.finish().map(|(bytes, charge)| Content::charged(bytes, charge))
}

/// Bytes that a value takes in memory.
fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Map(pairs) => pairs.iter().map(|(name, value)| weight(name) + weight(value)).sum(),
            _ => 0,
        }
}

impl Handler for Server {
    async fn handle(&self, request: Request) -> Response {
        if request.method() != Method::POST {
            return method_not_allowed("POST");
        }
        let (head, mut body) = request.into_parts();
        let Connection { limits, budget, .. } = &*self.connection;
        let (sent, gathered) = (Headers(&head.headers), AnswerHeaders::default());
        let terms = match sent.terms() {
            Ok(terms) => terms,
            Err(error) => return reply(StatusCode::BAD_REQUEST, XML, encode_fault(&error.into())),
        };
        let call = match read_body(&head.headers, &mut body, limits, budget).await {
            Ok(body) => {
                let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                Document::new(&body).with_content_type(content_type).call(limits).map_err(Fault::from)
            }
            // XML-RPC libraries show a fault where they would hide an HTTP status.
            Err(error @ (BodyError::TooLarge(_) | BodyError::UnknownEncoding(_))) => {
                Err(Fault::invalid_request(error.to_string()))
            }
            // What befell the HTTP request has an HTTP status, and the fault for those who look.
            Err(error) => {
                let fault = match error {
                    BodyError::Damaged(_) => Fault::malformed(error.to_string()),
                    _ => Fault::invalid_request(error.to_string()),
                };
                return reply(error.status(), XML, encode_fault(&fault));
            }
        };
        let answer = match call {
            Ok(call) => self.respond(Beside { terms, answer: Some(&gathered) }, call).await,
            Err(fault) => Err(fault),
        };
        let answer = answer.unwrap_or_else(|fault| self.refuse(&fault));
        let mut response = reply_compressed(&head.headers, StatusCode::OK, XML, answer);
        gathered.put_into(&mut response);
        response
    }
}
