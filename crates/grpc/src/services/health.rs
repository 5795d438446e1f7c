//! `grpc.health.v1.Health`: whether the server takes calls, and with it each of its services.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::Answers;
use crate::pb::health::health_check_response::ServingStatus;
use crate::pb::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse, health_server,
};

/// The health of the server and of the services that it has.
#[derive(Clone)]
pub(crate) struct Health {
    ready: watch::Receiver<bool>,
    services: Arc<[String]>,
}

impl Health {
    pub(crate) fn new(ready: watch::Receiver<bool>, services: &[String]) -> Self {
        Self { ready, services: services.into() }
    }

    /// Whether a service of this name is there; the empty name is the server's.
    fn has(&self, service: &str) -> bool {
        service.is_empty() || self.services.iter().any(|known| known == service)
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

fn serving(is_ready: bool) -> HealthCheckResponse {
    response(if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing })
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = &request.get_ref().service;
        if !self.has(service) {
            return Err(Status::not_found(format!("no service {service:?}")));
        }
        Ok(Response::new(serving(*self.ready.borrow())))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        let status = serving(*self.ready.borrow());
        let names = self.services.iter().cloned().chain([String::new()]);
        Ok(Response::new(HealthListResponse { statuses: names.map(|name| (name, status)).collect() }))
    }

    type WatchStream = Answers<HealthCheckResponse>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if !self.has(&request.get_ref().service) {
            // It stays open all the same: services of other servers may be added while they run.
            let unknown = stream::once(async { Ok(response(ServingStatus::ServiceUnknown)) });
            return Ok(Response::new(Box::pin(unknown.chain(stream::pending()))));
        }
        let mut ready = self.ready.clone();
        ready.mark_changed();
        let statuses = stream::unfold(ready, async |mut ready| {
            ready.changed().await.ok()?;
            let is_ready = *ready.borrow_and_update();
            Some((Ok(serving(is_ready)), ready))
        });
        Ok(Response::new(Box::pin(statuses)))
    }
}
