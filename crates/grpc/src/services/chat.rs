//! `ChatService`.

use manywire_service::chat;
use tonic::{Request, Response, Status, Streaming};

use super::{Answers, incoming, outgoing};
use crate::pb::{TextRequest, TextResponse};

pub(crate) struct Chat;

#[tonic::async_trait]
impl crate::pb::chat_service_server::ChatService for Chat {
    type TextChatStream = Answers<TextResponse>;

    async fn text_chat(
        &self,
        request: Request<Streaming<TextRequest>>,
    ) -> Result<Response<Self::TextChatStream>, Status> {
        let answers = chat::answers(incoming(request.into_inner()));
        Ok(Response::new(outgoing(answers, |message| TextResponse { message })))
    }
}
