//! The floors of the bench: the least that could answer a wire's calls. No registry, no limits, one task per connection.

use std::io::{self, Read as _, Write as _};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;

/// As many threads as serve the product on the machine of two cores that the recorded runs were taken on.
const WORKERS: usize = 2;

/// One connection's state: takes what it can from the input, and appends the answers.
pub trait Floor: Default + Send + 'static {
    /// Answers every call that is complete; an error ends the connection.
    fn answer(&mut self, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<(), String>;
}

/// Serves on a free port, which is printed as `LISTENING NAME ADDRESS`, until standard input ends.
pub fn run<F: Floor>(name: &str) -> io::Result<()> {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    writeln!(io::stdout(), "LISTENING {name} {}", listener.local_addr()?)?;
    runtime.spawn(accept::<F>(listener));
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

async fn accept<F: Floor>(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            // A connection that breaks is the load's to report.
            let _ = serve::<F>(stream).await;
        });
    }
}

async fn serve<F: Floor>(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = F::default();
    let (mut input, mut output) = (BytesMut::new(), Vec::new());
    loop {
        input.reserve(16 << 10);
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        connection.answer(&mut input, &mut output).map_err(io::Error::other)?;
        stream.write_all(&output).await?;
        output.clear();
    }
}
