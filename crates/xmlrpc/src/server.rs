//! One request's way: the body, the call in it, the method, the response.

use std::sync::Arc;

use http::{Method, StatusCode};
use manywire_core::{Connection, Params, Value, to_value};
use manywire_http::{
    BodyError, Handler, Request, Response, method_not_allowed, read_body, reply, reply_compressed,
};

use crate::encode;
use crate::error::Fault;
use crate::message::{MethodCall, decode_call, encode_fault, encode_result, fault_value, respond};
use crate::multicall::{self, Entry};
use crate::system;

const CONTENT_TYPE: &str = "text/xml";

/// Names longer than any method's are not repeated in the answer.
const LONGEST_NAME: usize = 255;

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

    async fn respond(&self, body: &[u8]) -> Result<Vec<u8>, Fault> {
        let call = decode_call(body, &self.connection.limits)?;
        if call.name == system::MULTICALL {
            return self.respond_to_many(call.params).await;
        }
        let result = self.call(call).await?;
        Ok(encode_result(&result)?)
    }

    /// Each entry is written on its own, so that a result which XML cannot carry is that entry's fault alone.
    async fn respond_to_many(&self, params: Vec<Value>) -> Result<Vec<u8>, Fault> {
        let entries = multicall::entries(params, self.connection.limits.batch)?;
        let mut written = String::new();
        for entry in entries {
            let mark = written.len();
            if let Err(fault) = self.write_entry(entry, &mut written).await {
                written.truncate(mark);
                fault_value(&mut written, &fault);
            }
        }
        Ok(respond(|out| {
            for piece in ["<value><array><data>", &written, "</data></array></value>"] {
                out.push_str(piece);
            }
        }))
    }

    async fn write_entry(&self, entry: Entry, out: &mut String) -> Result<(), Fault> {
        let result = self.call(entry?).await?;
        let wrapped = Value::Array(vec![result]);
        Ok(encode::value(out, &wrapped)?)
    }

    async fn call(&self, call: MethodCall) -> Result<Value, Fault> {
        let MethodCall { name, params } = call;
        if name.len() > LONGEST_NAME {
            return Err(Fault::unknown_method(format!("no method has a name of {} bytes", name.len())));
        }
        let session = &self.connection.session;
        if let Some(answer) = system::answer(session.methods(), &name, &params) {
            return answer;
        }
        let reply = session.call(&name, Params::Positional(params))?.await?;
        to_value(reply.as_serde())
            .map_err(|error| Fault::internal(format!("the result cannot be sent: {error}")))
    }
}

impl Handler for Server {
    async fn handle(&self, request: Request) -> Response {
        if request.method() != Method::POST {
            return method_not_allowed("POST");
        }
        let (head, mut body) = request.into_parts();
        let response =
            match read_body(&head.headers, &mut body, &self.connection.limits, &self.connection.budget).await
            {
                Ok(body) => self.respond(&body).await,
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
                    return reply(error.status(), CONTENT_TYPE, encode_fault(&fault));
                }
            };
        let body = response.unwrap_or_else(|fault| encode_fault(&fault));
        reply_compressed(&head.headers, StatusCode::OK, CONTENT_TYPE, body)
    }
}
