//! A service of tonic's beside a method of one's own: gRPC has both, the other wires have the method.
//!
//! ```sh
//! cargo run --bin beside_tonic
//! grpcurl -plaintext 127.0.0.1:2021 clock.Clock/Elapsed
//! grpcurl -plaintext -d '{"value":2.5}' 127.0.0.1:2021 Methods/half
//! ```

use std::time::Instant;

use manywire::server::Mounted;
use manywire::{Methods, Server};
use tonic::{Request, Response, Status};

#[allow(missing_docs, reason = "generated code")]
mod clock {
    tonic::include_proto!("clock");

    /// What reflection shows of it.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/clock.bin"));
}

use clock::clock_server::{Clock, ClockServer};
use clock::{ElapsedReply, ElapsedRequest};

struct SinceStart(Instant);

#[tonic::async_trait]
impl Clock for SinceStart {
    async fn elapsed(&self, _: Request<ElapsedRequest>) -> Result<Response<ElapsedReply>, Status> {
        Ok(Response::new(ElapsedReply { seconds: self.0.elapsed().as_secs_f64() }))
    }
}

#[tokio::main]
async fn main() -> Result<(), manywire::Error> {
    tracing_subscriber::fmt().init();
    let mut methods = Methods::new();
    methods.add("half", "Half of a number.", async |number: f64| Ok(number / 2.0)).safe();
    let clock = ClockServer::new(SinceStart(Instant::now()));
    let listener = std::env::args().nth(1);
    Server::new(methods)
        .mount(Mounted::new(clock, clock::DESCRIPTORS))
        .listen(listener.as_deref().unwrap_or("any=127.0.0.1:2021"))?
        .run()
        .await
}
