//! The example's typed client against the whole server, on every wire that has the methods.

use std::path::PathBuf;
use std::process::Command;

use crate::calls::WIRES;
use crate::serve;

#[tokio::test(flavor = "multi_thread")]
async fn the_arith_example_is_served_and_called_on_every_wire() {
    let example = |arguments: Vec<String>| async move {
        let mut command = Command::new(built());
        let output =
            tokio::task::spawn_blocking(move || command.args(arguments).output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let answers = "  17 * 8 = 136\n  17 / 8 = Quotient { quo: 2, rem: 1 }\n  17 + 8 = 25\n  17 / 0: ";
    let alone = example(Vec::new()).await;
    for scheme in ["gob", "zerorpc"] {
        assert!(alone.contains(&format!("{scheme}://")), "{alone}");
    }
    assert_eq!(alone.matches(answers).count(), 2, "{alone}");
    let (_running, at) = serve(&[]).await;
    let wires = WIRES.iter().filter(|(scheme, _)| !scheme.starts_with("grpc"));
    let urls: Vec<String> = wires.map(|(scheme, path)| format!("{scheme}://{at}{path}")).collect();
    let printed = example(urls.clone()).await;
    for url in urls {
        assert!(printed.contains(&format!("{url}\n{answers}")), "{url}: {printed}");
    }
}

/// The example, which `cargo test` builds along with the tests; `cargo test --test it` does not.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/arith");
    if !example.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = ["build", "-q", "--locked", "-p", "manywire-client", "--example", "arith"];
        assert!(Command::new(cargo).args(build).status().unwrap().success());
    }
    example
}
