//! `Greeter`.

use std::time::Duration;

use futures_util::StreamExt as _;
use manywire_service::greeter;
use tonic::{Request, Response, Status, Streaming};

use super::{Answers, incoming, outgoing};
use crate::error::to_status;
use crate::pb::{HelloReply, HelloRequest, StreamReqData, StreamResData};

pub(crate) struct Greeter {
    tick: Duration,
}

impl Greeter {
    pub(crate) fn new(tick: Duration) -> Self {
        Self { tick }
    }
}

#[tonic::async_trait]
impl crate::pb::greeter_server::Greeter for Greeter {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let languages = request.metadata().get_all("accept-language");
        let languages: Vec<_> = languages.iter().filter_map(|value| value.to_str().ok()).collect();
        let message = greeter::say_hello(&request.get_ref().name, &languages.join(","));
        Ok(Response::new(HelloReply { message }))
    }

    type GetStreamStream = Answers<StreamResData>;

    async fn get_stream(&self, _: Request<StreamReqData>) -> Result<Response<Self::GetStreamStream>, Status> {
        let times = greeter::times(self.tick).map(Ok);
        Ok(Response::new(outgoing(times, |data| StreamResData { data })))
    }

    async fn put_stream(
        &self,
        request: Request<Streaming<StreamReqData>>,
    ) -> Result<Response<StreamResData>, Status> {
        let data = greeter::count(incoming(request.into_inner())).await.map_err(to_status)?;
        Ok(Response::new(StreamResData { data }))
    }

    type AllStreamStream = Answers<StreamResData>;

    async fn all_stream(
        &self,
        request: Request<Streaming<StreamReqData>>,
    ) -> Result<Response<Self::AllStreamStream>, Status> {
        let words = greeter::speak(incoming(request.into_inner()), self.tick);
        Ok(Response::new(outgoing(words, |data| StreamResData { data })))
    }
}
