//! `TypesService`: a message of every type, returned as it came.
//!
//! The message is decoded to check it, and its own bytes are returned: prost drops the sign of a negative zero and fields that
//! it does not know, and "the same message" has both.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::Message as _;
use tonic::body::Body;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::BoxFuture;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};

use crate::pb::AllTypes;

/// The service of the one method `Echo`.
#[derive(Clone)]
pub(crate) struct Types {
    message_bytes: usize,
}

impl Types {
    pub(crate) fn new(message_bytes: usize) -> Self {
        Self { message_bytes }
    }
}

impl tower::Service<http::Request<Body>> for Types {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = Grpc::new(Verbatim)
            .accept_compressed(Gzip)
            .accept_compressed(Zstd)
            .max_decoding_message_size(self.message_bytes);
        Box::pin(async move { Ok(grpc.unary(Echo, request).await) })
    }
}

struct Echo;

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

/// Messages as bytes that are known to be good ones.
#[derive(Default)]
struct Verbatim;

impl Codec for Verbatim {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Verbatim {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(message);
        Ok(())
    }
}

impl Decoder for Verbatim {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let message = buf.copy_to_bytes(buf.remaining());
        match AllTypes::decode(message.clone()) {
            Ok(_) => Ok(Some(message)),
            Err(error) => Err(Status::internal(format!("the request is no AllTypes: {error}"))),
        }
    }
}
