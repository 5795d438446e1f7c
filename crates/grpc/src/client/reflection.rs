//! Asks a server what it serves: reflection v1, or v1alpha where the server is older than 2023. Their messages are the same.

use std::collections::{HashSet, VecDeque};

use bytes::Buf as _;
use futures_util::stream;
use http::uri::PathAndQuery;
use manywire_core::Limits;
use prost::{DecodeError, Message as _};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use tokio::sync::mpsc;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstEncoder;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::Metadata;
use super::calling::of_grpc;
use super::descriptors::{Descriptors, schema_bytes, schema_memory, too_large};
use super::schema::Schema;
use crate::weight::Weight;

const V1: PathAndQuery =
    PathAndQuery::from_static("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
const V1ALPHA: PathAndQuery =
    PathAndQuery::from_static("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");

/// All services of a server, with everything that their messages need.
pub(super) async fn learn(channel: &Channel, metadata: &Metadata, limits: &Limits) -> Result<Schema, Status> {
    match Session::learn(channel, metadata, V1, limits).await {
        Err(status) if status.code() == Code::Unimplemented => {
            Session::learn(channel, metadata, V1ALPHA, limits).await.map_err(|status| match status.code() {
                Code::Unimplemented => Status::unimplemented(
                    "the server has no reflection, so its methods cannot be known; switch its reflection on, or give its .proto file (--proto)",
                ),
                _ => status,
            })
        }
        learned => learned,
    }
}

/// How many questions are asked before the first of them is answered.
const AHEAD: usize = 16;
/// Services of one server.
const SERVICES: usize = 4_096;

/// A conversation: an answer to each question.
struct Session {
    ask: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

impl Session {
    async fn learn(
        channel: &Channel,
        metadata: &Metadata,
        path: PathAndQuery,
        limits: &Limits,
    ) -> Result<Schema, Status> {
        let mut session = Self::open(channel, metadata, path, limits).await?;
        let services = session.services().await?;
        let mut files = Descriptors::new(limits);
        let mut questions: Vec<_> =
            services.iter().cloned().map(MessageRequest::FileContainingSymbol).collect();
        while !questions.is_empty() {
            session.collect(questions, &mut files).await?;
            questions = files.missing().into_iter().map(MessageRequest::FileByFilename).collect();
        }
        Ok(Schema::new(files.pool()?, services))
    }

    async fn open(
        channel: &Channel,
        metadata: &Metadata,
        path: PathAndQuery,
        limits: &Limits,
    ) -> Result<Self, Status> {
        let (ask, mut asked) = mpsc::channel(AHEAD);
        let mut request = Request::new(stream::poll_fn(move |cx| asked.poll_recv(cx)));
        for (key, value) in metadata {
            request.metadata_mut().append(key.clone(), value.clone());
        }
        let mut grpc =
            tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(schema_bytes(limits));
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        // The first question goes out before the answer's headers are waited for: some servers send them only then.
        let question = ServerReflectionRequest { host: String::new(), message_request: Some(list()) };
        let _ = ask.send(question).await;
        let codec = Counted::new(limits)?;
        let answers = of_grpc(grpc.streaming(request, path, codec).await?)?;
        Ok(Self { ask, answers })
    }

    /// The answer to the first question.
    async fn services(&mut self) -> Result<Vec<String>, Status> {
        let MessageResponse::ListServicesResponse(list) = self.answer().await? else {
            return Err(unexpected());
        };
        let mut seen = HashSet::new();
        let names = list.service.into_iter().map(|service| service.name);
        let names: Vec<_> = names.filter(|name| seen.insert(name.clone())).collect();
        if names.len() > SERVICES { Err(too_large()) } else { Ok(names) }
    }

    /// Asks all questions and keeps the files that come. Answers come in the order of the questions.
    async fn collect(
        &mut self,
        questions: Vec<MessageRequest>,
        files: &mut Descriptors,
    ) -> Result<(), Status> {
        let (mut unasked, mut open) = (questions.into_iter(), VecDeque::new());
        loop {
            while open.len() < AHEAD
                && let Some(question) = unasked.next()
            {
                open.push_back(matches!(question, MessageRequest::FileByFilename(_)));
                let message_request = Some(question);
                let question = ServerReflectionRequest { host: String::new(), message_request };
                self.ask.send(question).await.map_err(|_| unexpected())?;
            }
            let Some(is_import) = open.pop_front() else { return Ok(()) };
            match self.answer().await {
                Ok(MessageResponse::FileDescriptorResponse(answer)) => {
                    answer.file_descriptor_proto.iter().try_for_each(|file| files.add(file))?;
                }
                Ok(_) => return Err(unexpected()),
                // An import that a server has not may be of options alone.
                Err(status) if is_import && status.code() == Code::NotFound => {}
                Err(status) => return Err(status),
            }
        }
    }

    async fn answer(&mut self) -> Result<MessageResponse, Status> {
        let answer = self.answers.message().await?.and_then(|answer| answer.message_response);
        match answer.ok_or_else(unexpected)? {
            MessageResponse::ErrorResponse(error) => {
                Err(Status::new(Code::from_i32(error.error_code), error.error_message))
            }
            answer => Ok(answer),
        }
    }
}

fn list() -> MessageRequest {
    MessageRequest::ListServices(String::new())
}

fn unexpected() -> Status {
    Status::internal("the server's reflection does not answer what it was asked")
}

/// Reads answers that do not become too much.
struct Counted {
    answer: MessageDescriptor,
    most: usize,
}

impl Counted {
    fn new(limits: &Limits) -> Result<Self, Status> {
        let pool = DescriptorPool::decode(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET);
        let answer = pool
            .ok()
            .and_then(|pool| pool.get_message_by_name("grpc.reflection.v1.ServerReflectionResponse"));
        let answer = answer.ok_or_else(|| Status::internal("reflection is not described"))?;
        Ok(Self { answer, most: schema_memory(limits) })
    }
}

impl Codec for Counted {
    type Encode = ServerReflectionRequest;
    type Decode = ServerReflectionResponse;
    type Encoder = ProstEncoder<ServerReflectionRequest>;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self {
        Self { answer: self.answer.clone(), most: self.most }
    }
}

impl Decoder for Counted {
    type Item = ServerReflectionResponse;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        let answer = buf.copy_to_bytes(buf.remaining());
        Weight::typed(self.most).add(&answer, &self.answer).map_err(|_| too_large())?;
        let undecodable =
            |error: DecodeError| Status::internal(format!("the answer is not reflection's: {error}"));
        ServerReflectionResponse::decode(answer).map(Some).map_err(undecodable)
    }
}
