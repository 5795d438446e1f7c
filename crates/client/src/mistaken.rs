//! What is no URL, and what should have been typed.

use std::net::Ipv6Addr;

use crate::{Url, Wire};

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

/// What is wrong with a text that is no URL, where that is known.
pub(crate) fn explain(text: &str) -> Option<String> {
    let Some((scheme, rest)) = text.split_once("://") else { return Some(without_scheme(text)) };
    if !Url::schemes().any(|known| known == scheme) {
        return Some(unknown_scheme(scheme, rest));
    }
    without_brackets(scheme, rest).or_else(|| without_port(scheme, rest))
}

/// `gob://::1:1234`, where no one can tell the port from the address.
fn without_brackets(scheme: &str, rest: &str) -> Option<String> {
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = authority.rsplit_once(':')?;
    let (_, _): (Ipv6Addr, u16) = (host.parse().ok()?, port.parse().ok()?);
    Some(format!(
        "{scheme}://{rest} needs brackets around the address; write {scheme}://[{host}]:{port}{path}"
    ))
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

/// The candidate that is nearest to a name, if it is near.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = name.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&candidate.to_lowercase(), &name);
    let candidates = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    let (away, near) = candidates.min_by_key(|(away, _)| *away)?;
    (away <= (name.chars().count() / 3).max(1)).then_some(near)
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
            (
                "jsonrpc://::1:8080/a",
                "jsonrpc://::1:8080/a needs brackets around the address; write jsonrpc://[::1]:8080/a",
            ),
            ("grpc://h", "grpc://h has no port; the usual one is grpc://h:7070"),
            (
                "xmlrpc://[::1]/RPC2",
                "xmlrpc://[::1]/RPC2 has no port; the usual one is xmlrpc://[::1]:8088/RPC2",
            ),
            ("gob://h:port", "\"gob://h:port\" needs a host and a port, as in gob://127.0.0.1:1234"),
            (
                "gob://a:1,b",
                "\"gob://a:1,b\" needs a host and a port (\"b\" has not), as in gob://127.0.0.1:1234",
            ),
            ("gob://", "\"gob://\" needs a host and a port, as in gob://127.0.0.1:1234"),
        ] {
            assert_eq!(text.parse::<Url>().unwrap_err().message(), words);
        }
        for text in ["soap://h:1", "zerorpc+https://h:1"] {
            let said = text.parse::<Url>().unwrap_err();
            assert!(said.message().starts_with("no wire "), "{said}");
        }
    }

    #[test]
    fn only_what_is_near_is_offered() {
        let names = ["Arith.Multiply", "Arith.Divide", "add"];
        assert_eq!(nearest("arith.multply", names), Some("Arith.Multiply"));
        assert_eq!(nearest("adx", names), Some("add"));
        assert_eq!(nearest("zz", names), None);
        assert_eq!(nearest("", names), None);
    }
}
