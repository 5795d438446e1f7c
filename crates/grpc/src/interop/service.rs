//! The methods of the test service.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tonic::{Code, Request, Response, Status, Streaming};

use super::Flags;
use crate::pb::testing::test_service_server as generated;
use crate::pb::testing::{
    BoolValue, EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse,
};
use crate::services::Answers;

pub(crate) struct TestService {
    /// The largest payload that may be asked for.
    message_bytes: usize,
}

impl TestService {
    pub(crate) fn new(message_bytes: usize) -> Self {
        Self { message_bytes }
    }

    fn outputs(
        &self,
        wanted: Vec<ResponseParameters>,
        flags: Flags,
    ) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send + use<> {
        let message_bytes = self.message_bytes;
        stream::iter(wanted).then(move |wanted| {
            let flags = flags.clone();
            async move {
                let pause = u64::try_from(wanted.interval_us).unwrap_or(0);
                if pause > 0 {
                    tokio::time::sleep(Duration::from_micros(pause)).await;
                }
                let payload = Some(payload(wanted.size, message_bytes)?);
                flags.lock().to_send.push_back(is_true(wanted.compressed));
                Ok(StreamingOutputCallResponse { payload })
            }
        })
    }
}

fn flags<T>(request: &Request<T>) -> Flags {
    request.extensions().get::<Flags>().cloned().unwrap_or_default()
}

fn is_true(value: Option<BoolValue>) -> bool {
    value.is_some_and(|value| value.value)
}

/// A payload of zeros.
fn payload(size: i32, limit: usize) -> Result<Payload, Status> {
    match usize::try_from(size) {
        Ok(size) if size <= limit => Ok(Payload { r#type: 0, body: vec![0; size].into() }),
        _ => Err(Status::invalid_argument(format!("cannot send {size} bytes; ask for 0 to {limit}"))),
    }
}

/// The next message must be compressed if the client says that it is.
fn check_compressed(flags: &Flags, expected: Option<BoolValue>) -> Result<(), Status> {
    let was_compressed = flags.lock().received.pop_front().unwrap_or(false);
    if is_true(expected) && !was_compressed {
        return Err(Status::invalid_argument("the message was expected to be compressed and was not"));
    }
    Ok(())
}

fn check_status(wanted: Option<EchoStatus>) -> Result<(), Status> {
    match wanted {
        Some(wanted) if wanted.code != 0 => Err(Status::new(Code::from_i32(wanted.code), wanted.message)),
        _ => Ok(()),
    }
}

#[tonic::async_trait]
impl generated::TestService for TestService {
    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let flags = flags(&request);
        let wanted = request.into_inner();
        check_compressed(&flags, wanted.expect_compressed)?;
        check_status(wanted.response_status)?;
        let payload = payload(wanted.response_size, self.message_bytes)?;
        flags.lock().to_send.push_back(is_true(wanted.response_compressed));
        Ok(Response::new(SimpleResponse { payload: Some(payload), ..Default::default() }))
    }

    type StreamingOutputCallStream = Answers<StreamingOutputCallResponse>;

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Self::StreamingOutputCallStream>, Status> {
        let flags = flags(&request);
        let wanted = request.into_inner();
        check_status(wanted.response_status)?;
        Ok(Response::new(Box::pin(self.outputs(wanted.response_parameters, flags))))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let flags = flags(&request);
        let mut incoming = request.into_inner();
        let mut size = 0_i32;
        while let Some(message) = incoming.try_next().await? {
            check_compressed(&flags, message.expect_compressed)?;
            let length = message.payload.map_or(0, |payload| payload.body.len());
            size = size.saturating_add(i32::try_from(length).unwrap_or(i32::MAX));
        }
        Ok(Response::new(StreamingInputCallResponse { aggregated_payload_size: size }))
    }

    type FullDuplexCallStream = Answers<StreamingOutputCallResponse>;

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Self::FullDuplexCallStream>, Status> {
        let test = Self::new(self.message_bytes);
        let answers = request.into_inner().and_then(move |wanted| {
            let outputs = check_status(wanted.response_status)
                .map(|()| test.outputs(wanted.response_parameters, Flags::default()));
            std::future::ready(outputs)
        });
        Ok(Response::new(Box::pin(answers.try_flatten())))
    }

    type HalfDuplexCallStream = Answers<StreamingOutputCallResponse>;

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Self::HalfDuplexCallStream>, Status> {
        let mut wanted = Vec::new();
        let mut incoming = request.into_inner();
        while let Some(message) = incoming.try_next().await? {
            check_status(message.response_status)?;
            wanted.extend(message.response_parameters);
        }
        Ok(Response::new(Box::pin(self.outputs(wanted, Flags::default()))))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("UnimplementedCall is not implemented, as its name says"))
    }
}
