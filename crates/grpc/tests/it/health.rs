//! What balancers and orchestrators ask for.

use std::time::Duration;

use futures_util::StreamExt as _;
use manywire_grpc::pb::health::health_check_response::ServingStatus;
use manywire_grpc::pb::health::health_client::HealthClient;
use manywire_grpc::pb::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest};
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::host::Host;

async fn health(host: &Host) -> HealthClient<Channel> {
    HealthClient::new(host.channel().await)
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.into() }
}

async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Result<ServingStatus, Status> {
    watch.next().await.unwrap().map(|answer| answer.status())
}

#[tokio::test]
async fn health_follows_readiness() {
    let host = Host::start().await;
    let mut health = health(&host).await;
    for service in ["", "Greeter", "grpc.health.v1.Health"] {
        let mut watch = health.watch(of(service)).await.unwrap().into_inner();
        assert_eq!(next(&mut watch).await.unwrap(), ServingStatus::Serving);
        host.server.set_ready(false);
        assert_eq!(next(&mut watch).await.unwrap(), ServingStatus::NotServing);
        assert_eq!(health.check(of(service)).await.unwrap().get_ref().status(), ServingStatus::NotServing);
        // What has not changed is not said again.
        host.server.set_ready(false);
        host.server.set_ready(true);
        assert_eq!(next(&mut watch).await.unwrap(), ServingStatus::Serving);
    }
}

#[tokio::test]
async fn the_list_has_every_service_and_the_server_itself() {
    let host = Host::start().await;
    let mut health = health(&host).await;
    let mut list = async || health.list(HealthListRequest {}).await.unwrap().into_inner().statuses;
    let statuses = list().await;
    for service in ["", "Greeter", "TypesService", "grpc.health.v1.Health"] {
        assert_eq!(statuses.get(service).map(HealthCheckResponse::status), Some(ServingStatus::Serving));
    }
    assert!(!statuses.contains_key("grpc.testing.TestService"), "it is not served");
    host.server.set_ready(false);
    assert!(list().await.values().all(|answer| answer.status() == ServingStatus::NotServing));
}

#[tokio::test]
async fn a_service_that_there_is_not_is_unknown_until_the_server_ends() {
    let host = Host::start().await;
    let mut health = health(&host).await;
    let unknown = health.check(of("Nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert!(unknown.message().contains("Nobody"), "{unknown}");
    let mut watch = health.watch(of("Nobody")).await.unwrap().into_inner();
    assert_eq!(next(&mut watch).await.unwrap(), ServingStatus::ServiceUnknown);
    // The server's own status is not that of the service.
    host.server.set_ready(false);
    let finishing = host.shutdown.finish(Duration::from_secs(20));
    let (ended, cut) = tokio::join!(async { (next(&mut watch).await, drop((watch, health))).0 }, finishing);
    assert_eq!((ended.unwrap_err().code(), cut), (Code::Unavailable, 0));
}
