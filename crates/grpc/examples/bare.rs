//! tonic's helloworld, a method with two numbers, and 1 GiB streamed from memory, with our settings: the floor of the benchmark.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::tokio_stream::Empty;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use pb::file_service_server::{FileService, FileServiceServer};
use pb::greeter_server::{Greeter, GreeterServer};
use pb::{FileRequest, FileResponse, HelloReply, HelloRequest, StreamReqData, StreamResData};

/// The messages and services of `proto/`, as other programs on tonic have them.
#[rustfmt::skip]
#[allow(unreachable_pub, dead_code, clippy::all, clippy::pedantic, reason = "generated code")]
#[path = "pb/notes.rs"]
mod pb;

struct Bare;

type None = Empty<Result<StreamResData, Status>>;

#[tonic::async_trait]
impl Greeter for Bare {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(HelloReply { message: format!("hello {}", request.get_ref().name) }))
    }

    type GetStreamStream = None;

    async fn get_stream(&self, _: Request<StreamReqData>) -> Result<Response<None>, Status> {
        Err(Status::unimplemented("this server only says hello"))
    }

    async fn put_stream(
        &self,
        _: Request<Streaming<StreamReqData>>,
    ) -> Result<Response<StreamResData>, Status> {
        Err(Status::unimplemented("this server only says hello"))
    }

    type AllStreamStream = None;

    async fn all_stream(&self, _: Request<Streaming<StreamReqData>>) -> Result<Response<None>, Status> {
        Err(Status::unimplemented("this server only says hello"))
    }
}

#[tonic::async_trait]
impl FileService for Bare {
    type DownLoadStream = Pin<Box<dyn Stream<Item = Result<FileResponse, Status>> + Send>>;

    async fn down_load(
        &self,
        request: Request<FileRequest>,
    ) -> Result<Response<Self::DownLoadStream>, Status> {
        let name = request.into_inner().name;
        let content = Bytes::from(vec![0; 64 << 10]);
        let piece = FileResponse { name, content };
        Ok(Response::new(Box::pin(stream::iter(0..1 << 14).map(move |_| Ok(piece.clone())))))
    }
}

/// What `Arith/Multiply` takes.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Args {
    #[prost(int64, tag = "1")]
    a: i64,
    #[prost(int64, tag = "2")]
    b: i64,
}

/// What it answers.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Product {
    #[prost(int64, tag = "1")]
    value: i64,
}

/// The service as tonic-build would write it, for there is no `.proto` of it.
#[derive(Clone, Copy)]
struct Arith;

impl NamedService for Arith {
    const NAME: &'static str = "Arith";
}

impl Service<http::Request<Body>> for Arith {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
            Ok(grpc.unary(tower::service_fn(multiply), request).await)
        })
    }
}

async fn multiply(request: Request<Args>) -> Result<Response<Product>, Status> {
    let Args { a, b } = request.into_inner();
    let product = a.checked_mul(b).ok_or_else(|| Status::out_of_range("the product is beyond 64 bits"))?;
    Ok(Response::new(Product { value: product }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    #[expect(clippy::print_stdout, reason = "the benchmark reads it")]
    {
        println!("LISTENING grpc {}", listener.local_addr()?);
    }
    let mut server = Server::builder()
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(2 << 20)
        .max_concurrent_streams(4_096)
        .http2_max_header_list_size(16 << 10)
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let services = server
        .add_service(GreeterServer::new(Bare))
        .add_service(FileServiceServer::new(Bare))
        .add_service(Arith);
    services.serve_with_incoming(incoming).await?;
    Ok(())
}
