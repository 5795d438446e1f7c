//! Asks a server what it serves: reflection v1, or v1alpha where the server is older than 2023. Their messages are the same.

use std::collections::HashSet;

use futures_util::stream;
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::Metadata;
use super::calling::of_grpc;
use super::schema::Schema;

const V1: PathAndQuery =
    PathAndQuery::from_static("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
const V1ALPHA: PathAndQuery =
    PathAndQuery::from_static("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");

/// All services of a server, with everything that their messages need.
pub(super) async fn learn(channel: &Channel, metadata: &Metadata) -> Result<Schema, Status> {
    match Session::learn(channel, metadata, V1).await {
        Err(status) if status.code() == Code::Unimplemented => {
            Session::learn(channel, metadata, V1ALPHA).await.map_err(|status| match status.code() {
                Code::Unimplemented => Status::unimplemented(
                    "the server has no reflection, so its methods cannot be known; switch its reflection on",
                ),
                _ => status,
            })
        }
        learned => learned,
    }
}

/// How many questions are asked before the first of them is answered.
const AHEAD: usize = 16;

/// A conversation: an answer to each question.
struct Session {
    ask: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

impl Session {
    async fn learn(channel: &Channel, metadata: &Metadata, path: PathAndQuery) -> Result<Schema, Status> {
        let mut session = Self::open(channel, metadata, path).await?;
        let services = session.services().await?;
        let mut files = Files::default();
        let mut questions: Vec<_> =
            services.iter().cloned().map(MessageRequest::FileContainingSymbol).collect();
        while !questions.is_empty() {
            session.collect(questions, &mut files).await?;
            questions = files.missing().into_iter().map(MessageRequest::FileByFilename).collect();
        }
        let mut pool = DescriptorPool::new();
        let invalid = |error: prost_reflect::DescriptorError| {
            Status::internal(format!("the schema is not sound: {error}"))
        };
        pool.add_file_descriptor_protos(files.list).map_err(invalid)?;
        Ok(Schema::new(pool, services))
    }

    async fn open(channel: &Channel, metadata: &Metadata, path: PathAndQuery) -> Result<Self, Status> {
        let (ask, asked) = mpsc::channel(AHEAD);
        let questions =
            stream::unfold(asked, |mut asked| async { asked.recv().await.map(|question| (question, asked)) });
        let mut request = Request::new(questions);
        for (key, value) in metadata {
            request.metadata_mut().append(key.clone(), value.clone());
        }
        let mut grpc = tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(64 << 20);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        // The first question goes out before the answer's headers are waited for: some servers send them only then.
        let question = ServerReflectionRequest { host: String::new(), message_request: Some(list()) };
        let _ = ask.send(question).await;
        let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
        let answers = of_grpc(grpc.streaming(request, path, codec).await?)?;
        Ok(Self { ask, answers })
    }

    /// The answer to the first question.
    async fn services(&mut self) -> Result<Vec<String>, Status> {
        match self.answer().await? {
            MessageResponse::ListServicesResponse(list) => {
                Ok(list.service.into_iter().map(|service| service.name).collect())
            }
            _ => Err(unexpected()),
        }
    }

    /// Asks all questions and keeps the files that come. Answers come in the order of the questions.
    async fn collect(&mut self, questions: Vec<MessageRequest>, files: &mut Files) -> Result<(), Status> {
        let (mut unasked, mut open) = (questions.into_iter(), 0);
        loop {
            while open < AHEAD
                && let Some(question) = unasked.next()
            {
                let message_request = Some(question);
                let question = ServerReflectionRequest { host: String::new(), message_request };
                self.ask.send(question).await.map_err(|_| unexpected())?;
                open += 1;
            }
            if open == 0 {
                return Ok(());
            }
            files.add(self.files().await?);
            open -= 1;
        }
    }

    async fn files(&mut self) -> Result<Vec<FileDescriptorProto>, Status> {
        match self.answer().await? {
            MessageResponse::FileDescriptorResponse(files) => files
                .file_descriptor_proto
                .iter()
                .map(|file| {
                    FileDescriptorProto::decode(&file[..])
                        .map_err(|error| Status::internal(error.to_string()))
                })
                .collect(),
            _ => Err(unexpected()),
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

/// Files, each once.
#[derive(Default)]
struct Files {
    list: Vec<FileDescriptorProto>,
    names: HashSet<String>,
    /// Names that were asked for, so that a server without them is not asked for ever.
    asked: HashSet<String>,
}

impl Files {
    fn add(&mut self, files: Vec<FileDescriptorProto>) {
        for file in files {
            if self.names.insert(file.name().to_owned()) {
                self.list.push(file);
            }
        }
    }

    /// Files that others import and that have not come; each is named once.
    fn missing(&mut self) -> Vec<String> {
        let imports = self.list.iter().flat_map(|file| &file.dependency);
        let (names, asked) = (&self.names, &mut self.asked);
        imports.filter(|name| !names.contains(*name) && asked.insert((*name).clone())).cloned().collect()
    }
}
