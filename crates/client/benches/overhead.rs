//! What a call through [`Client`] costs its caller beyond the wire's own client: the CPU time of the calling thread, with a
//! server in another thread. `cargo bench -p manywire-client`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench shows its figures, or where it failed"
)]

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use manywire_client::{Arguments, Client, Options};
use manywire_core::{Limits, Value};
use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpStream;

const CALLS: usize = 100_000;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 7;

fn main() {
    let address = serve();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        let wire = manywire_netrpc::Client::gob(stream, &Limits::default());
        let client = Client::connect(&format!("gob://{address}"), Options::default()).await.unwrap();
        println!("gob, {AT_ONCE} calls at once, microseconds of the calling thread for each");
        println!("{:>10}  {:>10}  {:>10}", "wire", "client", "difference");
        for _ in 0..ROUNDS {
            let by_wire =
                time(async |value| wire.call::<_, Value>("Arith.Multiply", value).await.unwrap()).await;
            let by_client = time(async |value| {
                client.call("Arith.Multiply", Arguments::Positional(vec![value])).await.unwrap()
            })
            .await;
            println!("{by_wire:>10.3}  {by_client:>10.3}  {:>10.3}", by_client - by_wire);
        }
    });
}

/// A server in a thread of its own, so that its time is not the caller's.
fn serve() -> SocketAddr {
    let (sender, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let flags = ["--listen".to_owned(), "netrpc=127.0.0.1:0".to_owned()];
            let running = manywire_cli::start(&flags).await.unwrap();
            sender.send(running.addresses().next().unwrap()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    address.recv().unwrap()
}

async fn time(call: impl AsyncFn(Value) -> Value) -> f64 {
    let before = thread_time();
    let calls = (0..CALLS).map(|_| call(Value::map([("A", 17.into()), ("B", 8.into())])));
    let mut answers = stream::iter(calls).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        assert_eq!(answer, 136.into());
    }
    (thread_time() - before).as_secs_f64() * 1e6 / CALLS as f64
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
