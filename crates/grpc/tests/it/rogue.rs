//! A server that answers what it is told, whatever a server should.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{SendResponse, handshake};
use http::{HeaderMap, HeaderValue, Request, Response};
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    FileDescriptorResponse, ListServiceResponse, ServerReflectionRequest, ServerReflectionResponse,
    ServiceResponse,
};

use crate::peer::frame;

/// What it does.
pub(crate) struct Script {
    /// The files that it has; the last one is the answer to every symbol.
    pub(crate) files: Vec<FileDescriptorProto>,
    pub(crate) services: Vec<String>,
    /// After so many answers its reflection ends, and says that all is well.
    pub(crate) answers: usize,
    /// The body of its answer to every call, before a status that says that all is well.
    pub(crate) body: Vec<u8>,
}

/// A running server; it ends with the value.
pub(crate) struct Rogue {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Drop for Rogue {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Rogue {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, script) = (listener.local_addr().unwrap(), Arc::new(script));
        let accepting = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(tcp, script.clone()));
            }
        });
        Self { address, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Whatever goes wrong is the end of a connection: clients leave when they have had enough.
async fn serve(tcp: TcpStream, script: Arc<Script>) -> Result<(), h2::Error> {
    let mut connection = handshake(tcp).await?;
    while let Some((request, respond)) = connection.accept().await.transpose()? {
        let script = script.clone();
        tokio::spawn(async move { script.answer(request, respond).await });
    }
    Ok(())
}

impl Script {
    async fn answer(
        &self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
        let mut sending = respond.send_response(head, false)?;
        let is_reflection = request.uri().path().ends_with("/ServerReflectionInfo");
        let mut questions = Questions { body: request.into_body(), read: Vec::new() };
        if is_reflection {
            for _ in 0..self.answers {
                let Some(question) = questions.next().await? else { break };
                let message_response = Some(self.reflect(question));
                let answer = ServerReflectionResponse { message_response, ..Default::default() };
                sending.send_data(frame(&answer).into(), false)?;
            }
        } else {
            sending.send_data(self.body.clone().into(), false)?;
        }
        sending.send_trailers(HeaderMap::from_iter([(
            "grpc-status".parse().unwrap(),
            HeaderValue::from_static("0"),
        )]))
    }

    fn reflect(&self, question: ServerReflectionRequest) -> MessageResponse {
        let file = match question.message_request.unwrap() {
            MessageRequest::FileContainingSymbol(_) => self.files.last().unwrap(),
            MessageRequest::FileByFilename(name) => {
                self.files.iter().find(|file| file.name() == name).unwrap()
            }
            _ => {
                let service =
                    self.services.iter().map(|name| ServiceResponse { name: name.clone() }).collect();
                return MessageResponse::ListServicesResponse(ListServiceResponse { service });
            }
        };
        let file_descriptor_proto = vec![file.encode_to_vec()];
        MessageResponse::FileDescriptorResponse(FileDescriptorResponse { file_descriptor_proto })
    }
}

struct Questions {
    body: RecvStream,
    read: Vec<u8>,
}

impl Questions {
    async fn next(&mut self) -> Result<Option<ServerReflectionRequest>, h2::Error> {
        loop {
            if let Some((prefix, rest)) = self.read.split_at_checked(5) {
                let length = u32::from_be_bytes(prefix[1..].try_into().unwrap()) as usize;
                if let Some(message) = rest.get(..length) {
                    let question = ServerReflectionRequest::decode(message).unwrap();
                    self.read.drain(..5 + length);
                    return Ok(Some(question));
                }
            }
            let Some(data) = self.body.data().await.transpose()? else { return Ok(None) };
            self.body.flow_control().release_capacity(data.len())?;
            self.read.extend_from_slice(&data);
        }
    }
}
