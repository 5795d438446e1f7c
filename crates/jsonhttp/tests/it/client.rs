//! hyper's client.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status, and the kind of the error.
    pub(crate) fn failure(&self) -> (u16, String) {
        let error: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        (self.status.as_u16(), error["error"]["kind"].as_str().unwrap().to_owned())
    }

    pub(crate) fn message(&self) -> String {
        let error: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        error["error"]["message"].as_str().unwrap().to_owned()
    }
}

/// Makes one request.
pub(crate) async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let mut request = Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body).unwrap() }
}

/// Calls a method with parameters in JSON.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &'static str) -> Answer {
    post_with(address, path, &[], body).await
}

pub(crate) async fn post_with(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    ask(address, Method::POST, path, &headers, body).await
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, Method::GET, path, &[], "").await
}
