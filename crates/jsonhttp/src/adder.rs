//! `GET /?a=3&b=2`.

use http::request::Parts;
use http::{Method, StatusCode};
use manywire_core::{Connection, ErrorKind, Number, Params, RpcError, from_value, to_value};
use manywire_http::{Headers, Response, method_not_allowed, reply};

use crate::error::JSON;

/// Adds the two numbers of a query.
pub(crate) async fn answer(connection: &Connection, head: &Parts) -> Response {
    if head.method != Method::GET {
        return method_not_allowed("GET");
    }
    match add(connection, head).await {
        Ok(sum) => reply(StatusCode::OK, JSON, format!("{{\"result\": {sum}}}")),
        Err(error) => {
            let body = serde_json::json!({ "error": error.message() }).to_string();
            reply(status(error.kind()), JSON, body)
        }
    }
}

async fn add(connection: &Connection, head: &Parts) -> Result<i64, RpcError> {
    let (query, headers) = (head.uri.query().unwrap_or_default(), Headers(&head.headers));
    let parameters = vec![integer(query, "a")?.into(), integer(query, "b")?.into()];
    let sum = connection.session.call_on(headers.terms()?, "add", Params::Positional(parameters))?.await?;
    match to_value(sum.as_serde()).ok().and_then(|sum| from_value(sum).ok()) {
        Some(Number::Int(sum)) => Ok(sum),
        _ => Err(RpcError::internal("the sum of two integers was none")),
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

/// Its errors are older than the statuses of calls.
fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}
