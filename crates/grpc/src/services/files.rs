//! `FileService` and `UpFileService`.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use manywire_core::Budget;
use manywire_service::files::{Files, Piece};
use tonic::{Request, Response, Status, Streaming};

use super::{Answers, incoming, outgoing};
use crate::caller::Caller;
use crate::error::to_status;
use crate::pb::{FileRequest, FileResponse, UpFileRequest, UpFileResponse};

pub(crate) struct Downloads(pub(crate) Files);

#[tonic::async_trait]
impl crate::pb::file_service_server::FileService for Downloads {
    type DownLoadStream = Answers<FileResponse>;

    async fn down_load(
        &self,
        request: Request<FileRequest>,
    ) -> Result<Response<Self::DownLoadStream>, Status> {
        let budget = budget(&request)?;
        let name = request.into_inner().name;
        let pieces = self.0.read(&name, &budget).await.map_err(to_status)?;
        Ok(Response::new(outgoing(pieces, move |content| FileResponse { name: name.clone(), content })))
    }
}

pub(crate) struct Uploads(pub(crate) Files);

#[tonic::async_trait]
impl crate::pb::up_file_service_server::UpFileService for Uploads {
    async fn up_load(
        &self,
        request: Request<Streaming<UpFileRequest>>,
    ) -> Result<Response<UpFileResponse>, Status> {
        let budget = budget(&request)?;
        let pieces = incoming(request.into_inner());
        let pieces = pieces.map_ok(|UpFileRequest { name, content }| Piece { name, content });
        self.0.store(pieces, &budget).await.map_err(to_status)?;
        Ok(Response::new(UpFileResponse { state: "success".to_owned() }))
    }
}

/// What the caller makes us hold is charged here.
fn budget<T>(request: &Request<T>) -> Result<Budget, Status> {
    let caller = request.extensions().get::<Arc<Caller>>();
    Ok(caller.ok_or_else(|| Status::internal("a transfer of a file came without its caller"))?.budget.clone())
}
