//! One method on every wire.
//!
//! ```sh
//! cargo run --bin hello
//! curl -X POST -H 'content-type: application/json' -d '["you"]' http://127.0.0.1:2021/call/hello
//! python3 -c 'import xmlrpc.client as x; print(x.ServerProxy("http://127.0.0.1:2021").hello("you"))'
//! ```

#[tokio::main]
async fn main() -> Result<(), manywire::Error> {
    tracing_subscriber::fmt().init();
    let mut methods = manywire::Methods::new();
    methods.add("hello", "A greeting by name.", async |name: String| Ok(format!("Hello, {name}!"))).safe();
    manywire::Server::new(methods).listen(&listener())?.run().await
}

fn listener() -> String {
    std::env::args().nth(1).unwrap_or_else(|| "any=127.0.0.1:2021".to_owned())
}
