//! One call: requests out, answers in, and an end to both when either ends.

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use manywire_core::{ErrorKind, Origin, RpcError, Value, current_headers, time_left};
use prost_reflect::MethodDescriptor;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::codec::Codec;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::{Request, Response, Status, Streaming};

use super::codec::{DynamicCodec, Outgoing};
use super::{Client, at, decoded_bytes, metadata};
use crate::deadline;

/// The answers of a call under way.
struct Answers<T> {
    client: Client,
    streaming: Streaming<T>,
    deadline: Option<Instant>,
    /// Tells the requests that no one waits for answers any more.
    _dropped: oneshot::Sender<()>,
}

impl Client {
    pub(super) async fn begin(
        &self,
        method: &MethodDescriptor,
        requests: impl Stream<Item = Outgoing> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<Value, RpcError>>, RpcError> {
        let codec = DynamicCodec { output: method.output(), most: decoded_bytes(&self.options.limits) };
        self.begin_with(method, requests, codec).await
    }

    /// The same with messages as a codec has them.
    pub(super) async fn begin_with<C, R, T>(
        &self,
        method: &MethodDescriptor,
        requests: impl Stream<Item = Result<R, Status>> + Send + 'static,
        codec: C,
    ) -> Result<BoxStream<'static, Result<T, RpcError>>, RpcError>
    where
        C: Codec<Encode = Result<R, Status>, Decode = T> + Send + 'static,
        R: Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let (dropped, cancelled) = oneshot::channel();
        let mut request = Request::new(until_cancelled(requests, cancelled));
        for (key, value) in metadata(&self.options)? {
            request.metadata_mut().append(key, value);
        }
        hand_on_headers(request.metadata_mut());
        let timeout = self.timeout.into_iter().chain(time_left()).min();
        let deadline = timeout.and_then(|timeout| {
            let value = deadline::encode(timeout).parse().ok()?;
            request.metadata_mut().insert("grpc-timeout", value);
            Instant::now().checked_add(timeout)
        });
        let streaming = in_time(deadline, self.send(method, request, codec))
            .await?
            .map_err(|status| self.failure(&status, deadline))?;
        let answers = Answers { client: self.clone(), streaming, deadline, _dropped: dropped };
        Ok(stream::unfold(Some(answers), |answers| async {
            let mut answers = answers?;
            match answers.next().await? {
                Ok(answer) => Some((Ok(answer), Some(answers))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .fuse()
        .boxed())
    }

    async fn send<C, R, T>(
        &self,
        method: &MethodDescriptor,
        request: Request<impl Stream<Item = Result<R, Status>> + Send + 'static>,
        codec: C,
    ) -> Result<Streaming<T>, Status>
    where
        C: Codec<Encode = Result<R, Status>, Decode = T> + Send + 'static,
        R: Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let path = PathAndQuery::try_from(path).map_err(|error| Status::internal(error.to_string()))?;
        let mut grpc = tonic::client::Grpc::new(self.channel.clone())
            .accept_compressed(Gzip)
            .accept_compressed(Zstd)
            .max_decoding_message_size(self.options.limits.message_bytes);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        of_grpc(grpc.streaming(request, path, codec).await?)
    }
}

impl Client {
    /// The server may be the first to say that the time which it was told has run out.
    fn failure(&self, status: &Status, deadline: Option<Instant>) -> RpcError {
        let error = at(&self.url, status);
        match error.kind() {
            ErrorKind::DeadlineExceeded if deadline.is_some() => error.with_origin(Origin::Time),
            _ => error,
        }
    }
}

impl<T> Answers<T> {
    async fn next(&mut self) -> Option<Result<T, RpcError>> {
        match in_time(self.deadline, self.streaming.message()).await {
            Ok(Ok(answer)) => answer.map(Ok),
            Ok(Err(status)) => Some(Err(self.client.failure(&status, self.deadline))),
            Err(late) => Some(Err(late)),
        }
    }
}

/// Sends what is to go on of the call that this one is made for.
fn hand_on_headers(metadata: &mut MetadataMap) {
    let Some(headers) = current_headers() else { return };
    for (name, value) in headers.iter() {
        // What cannot be sent here has come by a wire that takes more.
        if let Ok(key) = name.parse::<AsciiMetadataKey>()
            && let Ok(value) = AsciiMetadataValue::try_from(value)
        {
            metadata.append(key, value);
        }
    }
}

/// Ends the requests with an error, and so the call with a reset, when its answers are dropped. To end them without one
/// would say that they are complete.
fn until_cancelled<R: Send + 'static>(
    requests: impl Stream<Item = Result<R, Status>> + Send + 'static,
    cancelled: oneshot::Receiver<()>,
) -> impl Stream<Item = Result<R, Status>> + Send + 'static {
    let gone = stream::once(async {
        let _ = cancelled.await;
    });
    // Whichever ends first ends the other: the requests by their end, the call by its reset.
    let requests = requests.map(Some).chain(stream::once(async { None }));
    let gone = gone.map(|()| Some(Err(Status::cancelled("the caller gave up"))));
    stream::select(requests, gone)
        .take_while(|item| std::future::ready(item.is_some()))
        .filter_map(std::future::ready)
}

/// The answers, unless they are something else, such as a page that says 404: its text would be read as messages.
pub(super) fn of_grpc<T>(response: Response<Streaming<T>>) -> Result<Streaming<T>, Status> {
    match response.metadata().get("content-type").map(|value| value.to_str().unwrap_or("?")) {
        Some(other) if !other.starts_with("application/grpc") => {
            Err(Status::from_error(format!("it answered with {other} and not in gRPC").into()))
        }
        _ => Ok(response.into_inner()),
    }
}

async fn in_time<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Result<T, RpcError> {
    match deadline {
        None => Ok(work.await),
        Some(deadline) => tokio::time::timeout_at(deadline, work)
            .await
            .map_err(|_| RpcError::arose(Origin::Time, "no answer within the call's deadline")),
    }
}
