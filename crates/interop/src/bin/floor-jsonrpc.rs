//! jsonrpsee's own server with one method, `add`: the floor under what a JSON-RPC call costs here.
//!
//! Takes an address, or picks a free port of 127.0.0.1; prints `LISTENING jsonrpsee ADDRESS`.

use std::io::Write as _;

use jsonrpsee_server::types::ErrorObjectOwned;
use jsonrpsee_server::{RpcModule, Server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let server = Server::builder().build(address).await?;
    writeln!(std::io::stdout(), "LISTENING jsonrpsee {}", server.local_addr()?)?;
    let mut module = RpcModule::new(());
    let added = module.register_async_method("add", |params, _, _| async move {
        let (a, b): (i64, i64) = params.parse()?;
        a.checked_add(b).ok_or_else(|| ErrorObjectOwned::owned(-32000, "overflow", None::<()>))
    });
    added.map_err(std::io::Error::other)?;
    server.start(module).stopped().await;
    Ok(())
}
