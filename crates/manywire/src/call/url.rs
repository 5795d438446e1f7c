//! URLs as people type them, and what they should have typed.

use manywire_client::{Transport, Url, Wire};

use super::Failure;
use super::nearest::nearest;

/// The ports that servers of ours listen on.
const PORTS: [(Wire, u16); 6] = [
    (Wire::Gob, 1234),
    (Wire::Jsonrpc1, 1234),
    (Wire::Jsonrpc, 8080),
    (Wire::Xmlrpc, 8088),
    (Wire::Zerorpc, 4242),
    (Wire::Grpc, 7070),
];

/// The schemes that one would try for a port.
const BY_PORT: [(u16, &str); 5] =
    [(1234, "gob"), (8080, "jsonrpc"), (8088, "xmlrpc"), (4242, "zerorpc"), (7070, "grpc")];

/// Reads a URL.
pub(super) fn parse(text: &str) -> Result<Url, Failure> {
    let failed = match text.parse::<Url>() {
        Ok(url) => return with_path(url),
        Err(error) => error,
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(Failure::Usage(without_scheme(text)));
    };
    if !Url::schemes().any(|known| known == scheme) {
        return Err(Failure::Usage(unknown_scheme(scheme, rest)));
    }
    Err(Failure::Usage(without_port(scheme, rest).unwrap_or_else(|| failed.to_string())))
}

/// Only HTTP/1 is told the path of a URL; elsewhere it would be passed over, and is probably a method.
fn with_path(url: Url) -> Result<Url, Failure> {
    let method = url.path.trim_matches('/');
    if method.is_empty() || url.wire != Wire::Grpc && url.transport != Transport::Tcp {
        return Ok(url);
    }
    let bare = Url { path: String::new(), ..url.clone() };
    Err(Failure::Usage(format!(
        "{url} has a path, and this wire has none; a method stands apart: {bare} {method}"
    )))
}

/// `127.0.0.1:7070`, or `gob:127.0.0.1:1234`.
fn without_scheme(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once(':')
        && Url::schemes().any(|known| known == scheme)
    {
        let rest = rest.trim_start_matches('/');
        return format!("{text:?} is no URL; write it as {scheme}://{rest}");
    }
    let port = text.rsplit_once(':').map_or("", |(_, port)| port);
    let port = port.split('/').next().unwrap_or_default().parse();
    match BY_PORT.iter().find(|(usual, _)| port == Ok(*usual)) {
        Some((_, scheme)) => format!("{text:?} names no wire; write it as {scheme}://{text}"),
        None => format!(
            "{text:?} names no wire; write it as gob://{text}, jsonrpc://{text}, grpc://{text} or the like"
        ),
    }
}

fn unknown_scheme(scheme: &str, rest: &str) -> String {
    let carried: Vec<&str> =
        Url::schemes().filter(|known| known.split_once('+').is_some_and(|(_, by)| by == scheme)).collect();
    if !carried.is_empty() {
        let forms: Vec<String> = carried.iter().map(|known| format!("{known}://")).collect();
        return format!("{scheme}:// does not say which wire it carries; there are {}", forms.join(", "));
    }
    match nearest(scheme, Url::schemes()) {
        Some(known) => format!("no wire {scheme}://; did you mean {known}://{rest}?"),
        None => format!("no wire {scheme}://; there are {}", Url::schemes().collect::<Vec<_>>().join(", ")),
    }
}

/// The same with the wire's usual port, where that is all that lacks.
fn without_port(scheme: &str, rest: &str) -> Option<String> {
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if host.is_empty() || host.contains(':') && !host.ends_with(']') {
        return None;
    }
    let url: Url = format!("{scheme}://{host}:1{path}").parse().ok()?;
    let (_, port) = PORTS.iter().find(|(wire, _)| *wire == url.wire)?;
    Some(format!("{scheme}://{rest} has no port; the usual one is {scheme}://{host}:{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_say_what_to_type_instead() {
        for (text, words) in [
            ("127.0.0.1:7070", "\"127.0.0.1:7070\" names no wire; write it as grpc://127.0.0.1:7070"),
            (
                "host:99",
                "\"host:99\" names no wire; write it as gob://host:99, jsonrpc://host:99, grpc://host:99 or the like",
            ),
            ("xmlrpc:/h:1/RPC2", "\"xmlrpc:/h:1/RPC2\" is no URL; write it as xmlrpc://h:1/RPC2"),
            ("grcp://h:1", "no wire grcp://; did you mean grpc://h:1?"),
            ("json-rpc://h:1", "no wire json-rpc://; did you mean jsonrpc://h:1?"),
            (
                "http://h:1",
                "http:// does not say which wire it carries; there are gob+http://, jsonrpc1+http://, jsonrpc+http://, xmlrpc+http://, grpc+http://",
            ),
            ("wss://h:1", "wss:// does not say which wire it carries; there are jsonrpc+wss://"),
            ("grpc://h", "grpc://h has no port; the usual one is grpc://h:7070"),
            (
                "xmlrpc://[::1]/RPC2",
                "xmlrpc://[::1]/RPC2 has no port; the usual one is xmlrpc://[::1]:8088/RPC2",
            ),
            (
                "grpc://h:1/Greeter/SayHello",
                "grpc+http://h:1/Greeter/SayHello has a path, and this wire has none; a method stands apart: grpc+http://h:1 Greeter/SayHello",
            ),
            ("gob://h:port", "\"gob://h:port\" needs a host and a port, as in gob://127.0.0.1:1234"),
            ("gob://", "\"gob://\" needs a host and a port, as in gob://127.0.0.1:1234"),
        ] {
            let Err(Failure::Usage(said)) = parse(text) else { panic!("{text} was taken") };
            assert_eq!(said, words);
        }
        for text in ["grpc://h:1/", "gob+http://h:1/path", "xmlrpc://h:1/RPC2", "jsonrpc+ws://h:1/ws"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        let Err(Failure::Usage(said)) = parse("soap://h:1") else { panic!("soap was taken") };
        assert!(said.starts_with("no wire soap://; there are gob+tcp, gob+http"), "{said}");
    }
}
