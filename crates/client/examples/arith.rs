//! A service as one trait: served here on two wires, and called on both by the client that comes with it.
//!
//! ```text
//! cargo run -p manywire-client --example arith
//! cargo run -p manywire-client --example arith -- jsonrpc://127.0.0.1:8080      a server that runs elsewhere
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use manywire_client::{Client, Options};
use manywire_core::{Connection, Dispatch, Drain, ErrorKind, Limits, Methods, Metrics, RpcError};
use tokio::net::{TcpListener, TcpStream};

#[manywire_core::message(rename_all = "PascalCase")]
#[derive(Debug)]
struct Args {
    a: i64,
    b: i64,
}

#[manywire_core::message(rename_all = "PascalCase")]
#[derive(Debug)]
struct Quotient {
    quo: i64,
    rem: i64,
}

manywire_client::service! {
    /// What every study of net/rpc begins with.
    trait Arith as ArithClient {
        /// The product of A and B.
        async fn multiply(args: Args) -> i64 = "Arith.Multiply";
        /// A divided by B, and what is left over.
        async fn divide(args: Args) -> Quotient = "Arith.Divide";
        /// The sum of two numbers.
        async fn add(a: i64, b: i64) -> i64 = "add";
    }
}

struct Calculator;

impl Arith for Calculator {
    async fn multiply(&self, Args { a, b }: Args) -> Result<i64, RpcError> {
        a.checked_mul(b).ok_or_else(|| RpcError::overflow("the product does not fit in 64 bits"))
    }

    async fn divide(&self, Args { a, b }: Args) -> Result<Quotient, RpcError> {
        if b == 0 {
            return Err(RpcError::new(ErrorKind::DivideByZero, "divide by zero."));
        }
        let overflow = || RpcError::overflow("the quotient does not fit in 64 bits");
        let quo = a.checked_div(b).ok_or_else(overflow)?;
        Ok(Quotient { quo, rem: a - quo * b })
    }

    async fn add(&self, a: i64, b: i64) -> Result<i64, RpcError> {
        a.checked_add(b).ok_or_else(|| RpcError::overflow("the sum does not fit in 64 bits"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    for url in &urls {
        use_it(url).await?;
    }
    if !urls.is_empty() {
        return Ok(());
    }
    let mut methods = Methods::new();
    Calculator.register(&mut methods);
    let dispatch = Dispatch::new("example", Arc::new(methods), &Metrics::new());
    for scheme in ["gob", "zerorpc"] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("{scheme}://{}", listener.local_addr()?);
        tokio::spawn(accept(listener, scheme, dispatch.clone()));
        use_it(&url).await?;
    }
    Ok(())
}

/// The server: every connection gets a session, and the wire does the rest.
async fn accept(listener: TcpListener, scheme: &'static str, dispatch: Arc<Dispatch>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, scheme, dispatch.clone()));
    }
}

async fn serve(stream: TcpStream, scheme: &str, dispatch: Arc<Dispatch>) {
    let limits = Limits::default();
    let connection = Connection::new(dispatch.session(&limits), limits.into(), Drain::default());
    if scheme == "zerorpc" {
        return manywire_zerorpc::serve(stream, connection).await;
    }
    if let Err(error) = manywire_netrpc::serve_gob(stream, Default::default(), &connection).await {
        eprintln!("a connection broke: {error}");
    }
}

/// The client: the same whatever the URL says.
async fn use_it(url: &str) -> Result<(), RpcError> {
    let arith = ArithClient(Client::connect(url, Options::default()).await?);
    println!("{url}");
    println!("  17 * 8 = {}", arith.multiply(Args { a: 17, b: 8 }).await?);
    println!("  17 / 8 = {:?}", arith.divide(Args { a: 17, b: 8 }).await?);
    println!("  17 + 8 = {}", arith.add(17, 8).await?);
    if let Err(error) = arith.divide(Args { a: 17, b: 0 }).await {
        println!("  17 / 0: {error}");
    }
    Ok(())
}
