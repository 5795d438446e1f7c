//! An HTTP/2 peer that sends what it is told, well-formed or not.

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::host::Host;

pub(crate) struct Peer {
    pub(crate) send: SendRequest<Bytes>,
}

/// A message as it goes over the wire, not compressed.
pub(crate) fn frame(message: &impl prost::Message) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.encoded_len() as u32).to_be_bytes());
    message.encode(&mut frame).unwrap();
    frame
}

/// What a call brought back.
pub(crate) struct Answer {
    pub(crate) http_status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

impl Answer {
    /// The gRPC status, wherever it was sent.
    pub(crate) fn status(&self) -> Option<i32> {
        let value = self.trailers.get("grpc-status").or_else(|| self.headers.get("grpc-status"))?;
        value.to_str().unwrap().parse().ok()
    }

    pub(crate) fn message(&self) -> &str {
        let value = self.trailers.get("grpc-message").or_else(|| self.headers.get("grpc-message"));
        value.map_or("", |value| value.to_str().unwrap())
    }
}

impl Peer {
    pub(crate) async fn connect(host: &Host) -> Self {
        Self::with_window(host, 65_535).await
    }

    /// A peer that takes so many bytes of each answer before it is read.
    pub(crate) async fn with_window(host: &Host, window: u32) -> Self {
        let tcp = TcpStream::connect(host.address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(window).initial_connection_window_size(1 << 20);
        let (send, connection) = builder.handshake(tcp).await.unwrap();
        tokio::spawn(connection);
        Self { send }
    }

    /// Sends one gRPC request whole and waits for all of its answer.
    pub(crate) async fn call(&mut self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let url = format!("http://peer{path}");
        let mut request =
            Request::post(url).header("content-type", "application/grpc").header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.exchange(request.body(()).unwrap(), body).await
    }

    /// Sends any request.
    pub(crate) async fn exchange(&mut self, request: Request<()>, body: Vec<u8>) -> Answer {
        let mut ready = self.send.clone().ready().await.unwrap();
        let (answer, mut sending) = ready.send_request(request, false).unwrap();
        // The server may answer, and close its side, before it has read everything.
        let _ = sending.send_data(body.into(), true);
        let (head, mut incoming) = answer.await.unwrap().into_parts();
        let mut body = Vec::new();
        while let Some(data) = incoming.data().await {
            let Ok(data) = data else { break };
            incoming.flow_control().release_capacity(data.len()).unwrap();
            body.extend_from_slice(&data);
        }
        let trailers = incoming.trailers().await.ok().flatten().unwrap_or_default();
        Answer { http_status: head.status.as_u16(), headers: head.headers, body, trailers }
    }
}
