//! `GET /?a=3&b=2`.

use http::{Method, StatusCode};
use manywire_core::{Connection, ErrorKind, Number, Params, RpcError, from_value, to_value};
use manywire_http::{Handler, Request, Response, method_not_allowed, reply};

/// Adds the two numbers of a query.
#[derive(Clone)]
pub(crate) struct Adder {
    connection: Connection,
}

impl Adder {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    async fn add(&self, query: &str) -> Result<i64, RpcError> {
        let parameters = vec![integer(query, "a")?.into(), integer(query, "b")?.into()];
        let sum = self.connection.session.call("add", Params::Positional(parameters))?.await?;
        match to_value(sum.as_serde()).ok().and_then(|sum| from_value(sum).ok()) {
            Some(Number::Int(sum)) => Ok(sum),
            _ => Err(RpcError::internal("the sum of two integers was none")),
        }
    }
}

/// The integer of this name: 0 when it is missing or empty, the last of several.
fn integer(query: &str, name: &str) -> Result<i64, RpcError> {
    let values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let text = values.last().map(|(_, value)| value).unwrap_or_default();
    match text.trim() {
        "" => Ok(0),
        digits => digits.parse().map_err(|_| {
            RpcError::new(ErrorKind::InvalidValue, format!("{name} must be a 64-bit integer, got {digits:?}"))
        }),
    }
}

impl Handler for Adder {
    async fn handle(&self, request: Request) -> Response {
        const JSON: &str = "application/json";
        if request.method() != Method::GET {
            return method_not_allowed("GET");
        }
        match self.add(request.uri().query().unwrap_or_default()).await {
            Ok(sum) => reply(StatusCode::OK, JSON, format!("{{\"result\": {sum}}}")),
            Err(error) => {
                let body = serde_json::json!({ "error": error.message() }).to_string();
                reply(status(error.kind()), JSON, body)
            }
        }
    }
}

fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}
