//! A caller's deadline, handed on to the server that a method calls further.

use std::time::{Duration, Instant};

use manywire_client::{Client, Options};
use manywire_core::hand_on;

use crate::calls::sleep;
use crate::serve;

/// The wires on which a call can say how long its caller waits.
const TOLD: [&str; 4] = ["jsonrpc1+http", "jsonrpc+http", "xmlrpc+http", "zerorpc+tcp"];

#[tokio::test]
async fn the_server_ends_a_call_whose_callers_caller_has_given_up() {
    let (_running, at) = serve(&[]).await;
    for scheme in TOLD {
        let path = if scheme == "jsonrpc1+http" { "/jsonrpc" } else { "" };
        let client = Client::connect(&format!("{scheme}://{at}{path}"), Options::default()).await.unwrap();
        // The client itself waits for as long as it takes.
        let (method, arguments) = sleep(scheme, 60_000);
        let deadline = Instant::now() + Duration::from_millis(100);
        let error = hand_on(deadline, client.call(method, arguments)).await.unwrap_err();
        assert!(error.message().contains("the deadline of the call passed"), "{scheme}: {error}");
        assert!(deadline.elapsed() < Duration::from_secs(50), "{scheme}");
    }
}
