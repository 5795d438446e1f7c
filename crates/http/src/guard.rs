//! What a request must show before it is looked at: a well-formed head, and that no web page of a stranger has sent it.
//!
//! A browser lets a page send requests to any address, those of the reader's own machine among them. It tells where the
//! page came from in `Origin`; but not where a stranger's name has come to mean this machine (DNS rebinding), for then
//! the page and the server are of one origin. So on a loopback address the name is looked at too.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use http::header::{CONNECTION, HOST, ORIGIN, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use crate::origin::{Authority, Host, Origin};
use crate::{Response, reply};

/// Web pages that may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    is_any: bool,
    named: Vec<String>,
}

impl Origins {
    /// Origins such as `https://example.com`; `*` stands for any.
    pub fn new(named: &[String]) -> Result<Self, String> {
        let wrong = named.iter().find(|text| *text != "*" && Origin::parse(text.as_bytes()).is_none());
        if let Some(wrong) = wrong {
            return Err(format!("{wrong:?} is not an origin; write it as https://example.com, or *"));
        }
        Ok(Self { is_any: named.iter().any(|text| text == "*"), named: named.to_vec() })
    }

    /// Whether a page of this `Origin` was named.
    pub fn allow(&self, origin: &HeaderValue) -> bool {
        self.is_any
            || Origin::parse(origin.as_bytes()).is_some_and(|asked| {
                self.named.iter().any(|text| Origin::parse(text.as_bytes()) == Some(asked))
            })
    }
}

/// Names that a server on a loopback address has beside `localhost`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostNames(Vec<String>);

impl HostNames {
    /// Names without a port; `*` stands for any.
    pub fn new(names: &[String]) -> Result<Self, String> {
        let is_name = |text: &String| {
            let parsed = Authority::parse(text.as_bytes());
            parsed.is_some_and(|found| found.port.is_none() && found.host != Host::Name(""))
                && !text.contains(':')
        };
        match names.iter().find(|text| !is_name(text)) {
            Some(wrong) => {
                Err(format!("{wrong:?} is not a host name; write it as example.com, without a port"))
            }
            None => Ok(Self(names.to_vec())),
        }
    }

    fn contain(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(name))
    }
}

/// Who may call.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Web pages that may call beside those of the same origin.
    pub origins: Origins,
    /// Names that a server on a loopback address has beside `localhost`.
    pub host_names: HostNames,
}

/// The host that the first request of a connection named, once it was let in.
#[derive(Debug, Default)]
pub(crate) struct KnownHost(OnceLock<Box<[u8]>>);

/// How a connection reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrival {
    /// At a loopback address of this machine.
    pub is_loopback: bool,
    /// Through TLS.
    pub is_tls: bool,
}

impl Arrival {
    /// At this address of ours.
    pub fn at(local: SocketAddr, is_tls: bool) -> Self {
        let address = match local.ip() {
            IpAddr::V6(address) => address.to_canonical(),
            address => address,
        };
        Self { is_loopback: address.is_loopback(), is_tls }
    }
}

impl Guard {
    /// Refuses a request that is malformed, or that a stranger's page has sent.
    pub fn check(&self, request: &Parts, arrival: Arrival) -> Result<(), Box<Response>> {
        let host = host(request).map_err(|why| refusal(StatusCode::BAD_REQUEST, why))?;
        if let Some(coding) = unknown_coding(&request.headers) {
            let text = format!("transfer-encoding {coding} is not supported; send chunked\n");
            let mut response = refusal(StatusCode::NOT_IMPLEMENTED, text);
            // Where the body ends is not known for sure.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return Err(response);
        }
        if arrival.is_loopback {
            self.check_names(request, host)?;
        }
        self.check_origin(&request.headers, host, arrival.is_tls)
    }

    /// The same, for a connection whose requests nearly always name one host.
    pub(crate) fn check_again(
        &self,
        request: &Parts,
        arrival: Arrival,
        known: &KnownHost,
    ) -> Result<(), Box<Response>> {
        let named = only_host(request);
        if named.is_some() && named == known.0.get().map(|known| &**known) {
            return Ok(());
        }
        self.check(request, arrival)?;
        if let Some(named) = named {
            known.0.get_or_init(|| named.into());
        }
        Ok(())
    }

    fn check_names(&self, request: &Parts, host: Option<Authority<'_>>) -> Result<(), Box<Response>> {
        let target = request.uri.authority().and_then(|target| Authority::parse(target.as_str().as_bytes()));
        for Authority { host, .. } in target.into_iter().chain(host) {
            let Host::Name(name) = host else { continue };
            if is_local(name) || self.host_names.contain(name) {
                continue;
            }
            let is_http2 = request.version == Version::HTTP_2;
            let status = if is_http2 { StatusCode::MISDIRECTED_REQUEST } else { StatusCode::FORBIDDEN };
            return Err(refusal(
                status,
                format!(
                    "this server listens on a loopback address and does not go by the name {name}; \
                     use localhost or the address, or start it with --host-name {name}\n"
                ),
            ));
        }
        Ok(())
    }

    fn check_origin(
        &self,
        headers: &HeaderMap,
        host: Option<Authority<'_>>,
        is_tls: bool,
    ) -> Result<(), Box<Response>> {
        let mut sent = headers.get_all(ORIGIN).iter();
        let Some(origin) = sent.next() else { return Ok(()) };
        let scheme = if is_tls { "https" } else { "http" };
        let is_own = host
            .is_some_and(|authority| Origin::parse(origin.as_bytes()) == Some(Origin { scheme, authority }));
        if sent.next().is_none() && (is_own || self.origins.allow(origin)) {
            return Ok(());
        }
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let text = format!(
            "web pages from {origin} may not call this server; to let them, start it with --web-origin {origin}\n"
        );
        Err(refusal(StatusCode::FORBIDDEN, text))
    }
}

/// Whether a name means this machine wherever it is asked for (RFC 6761).
fn is_local(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let start = name.len().saturating_sub("localhost".len());
    let is_localhost = name.get(start..).is_some_and(|end| end.eq_ignore_ascii_case("localhost"));
    // An empty one is sent where the target has no authority; no browser does.
    name.is_empty() || is_localhost && (start == 0 || name.as_bytes()[start - 1] == b'.')
}

/// Whom the request is for.
fn host(request: &Parts) -> Result<Option<Authority<'_>>, &'static str> {
    let mut sent = request.headers.get_all(HOST).iter();
    let host = sent.next();
    if sent.next().is_some() {
        return Err("there is more than one host\n");
    }
    if host.is_none() && request.version == Version::HTTP_11 {
        return Err("a request of HTTP/1.1 needs a host\n");
    }
    let text = match (host, request.uri.authority()) {
        (Some(host), _) => host.as_bytes(),
        (None, Some(target)) => target.as_str().as_bytes(),
        (None, None) => return Ok(None),
    };
    Authority::parse(text).map(Some).ok_or("the host is not a name or an address, perhaps with a port\n")
}

/// The host of a request of which nothing else is looked at.
fn only_host(request: &Parts) -> Option<&[u8]> {
    let Parts { headers, uri, version, .. } = request;
    if headers.contains_key(ORIGIN) {
        return None;
    }
    if *version == Version::HTTP_2 {
        // h2 refuses a transfer coding.
        return uri
            .authority()
            .filter(|_| !headers.contains_key(HOST))
            .map(|target| target.as_str().as_bytes());
    }
    let mut hosts = headers.get_all(HOST).iter();
    let only = hosts.next().filter(|_| hosts.next().is_none())?;
    let is_plain = uri.authority().is_none() && !headers.contains_key(TRANSFER_ENCODING);
    is_plain.then(|| only.as_bytes())
}

/// The transfer coding that we do not undo, if there is one. hyper reads chunks, and hands on what is inside as it is.
fn unknown_coding(headers: &HeaderMap) -> Option<String> {
    let mut sent = headers.get_all(TRANSFER_ENCODING).iter();
    let first = sent.next()?;
    let is_known = first.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") && sent.next().is_none();
    (!is_known).then(|| {
        let all =
            headers.get_all(TRANSFER_ENCODING).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        all.collect::<Vec<_>>().join(", ")
    })
}

fn refusal(status: StatusCode, text: impl Into<String>) -> Box<Response> {
    let mut response = reply(status, "text/plain; charset=utf-8", text.into());
    // It repeats what the request said.
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Box::new(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(origins: &[&str], names: &[&str]) -> Guard {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        Guard {
            origins: Origins::new(&owned(origins)).unwrap(),
            host_names: HostNames::new(&owned(names)).unwrap(),
        }
    }

    fn check(guard: &Guard, arrival: Arrival, request: http::request::Builder) -> u16 {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        guard.check(&parts, arrival).map_or_else(|response| response.status().as_u16(), |()| 200)
    }

    const LOOPBACK: Arrival = Arrival { is_loopback: true, is_tls: false };
    const PUBLIC: Arrival = Arrival { is_loopback: false, is_tls: false };

    fn get(host: &str) -> http::request::Builder {
        http::Request::get("/").header(HOST, host)
    }

    #[test]
    fn a_request_of_http_1_1_has_one_host_that_is_one() {
        let guard = Guard::default();
        assert_eq!(check(&guard, PUBLIC, get("example.com:8080")), 200);
        assert_eq!(check(&guard, PUBLIC, http::Request::get("/")), 400);
        assert_eq!(check(&guard, PUBLIC, http::Request::get("/").version(Version::HTTP_10)), 200);
        assert_eq!(check(&guard, PUBLIC, get("a").header(HOST, "a")), 400);
        for wrong in ["a b", "a:b", "u@a", "a/b"] {
            assert_eq!(check(&guard, PUBLIC, get(wrong)), 400, "{wrong}");
        }
    }

    #[test]
    fn a_name_that_strangers_gave_this_machine_is_refused() {
        let guard = guard(&[], &["box.example"]);
        for host in [
            "localhost",
            "LOCALHOST:80",
            "a.localhost.",
            "127.0.0.1:8080",
            "[::1]:1",
            "10.1.2.3",
            "Box.Example:1",
        ] {
            assert_eq!(check(&guard, LOOPBACK, get(host)), 200, "{host}");
        }
        for host in [
            "evil.example",
            "notlocalhost",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "127.1",
            "x.box.example",
        ] {
            assert_eq!(check(&guard, LOOPBACK, get(host)), 403, "{host}");
            assert_eq!(check(&guard, PUBLIC, get(host)), 200, "{host}");
            let http2 = http::Request::get(format!("http://{host}/")).version(Version::HTTP_2);
            assert_eq!(check(&guard, LOOPBACK, http2), 421, "{host}");
        }
        let absolute = http::Request::get("http://evil.example/").header(HOST, "localhost");
        assert_eq!(check(&guard, LOOPBACK, absolute), 403);
    }

    #[test]
    fn a_known_host_lets_nothing_else_in() {
        let (guard, known) = (guard(&[], &[]), KnownHost::default());
        let again = |request: http::request::Builder| {
            let (parts, ()) = request.body(()).unwrap().into_parts();
            guard.check_again(&parts, LOOPBACK, &known).map_or_else(|no| no.status().as_u16(), |()| 200)
        };
        assert_eq!(again(get("evil.example")), 403);
        for _ in 0..2 {
            assert_eq!(again(get("localhost:80")), 200);
            assert_eq!(again(get("127.0.0.1")), 200);
            assert_eq!(again(get("evil.example")), 403);
            assert_eq!(again(get("localhost:80").header(HOST, "localhost:80")), 400);
            assert_eq!(again(get("localhost:80").header(ORIGIN, "http://evil.example")), 403);
            assert_eq!(again(get("localhost:80").header(TRANSFER_ENCODING, "gzip")), 501);
            assert_eq!(again(get("localhost:80").uri("http://evil.example/")), 403);
            assert_eq!(again(http::Request::get("http://localhost:80/")), 400);
            let http2 = |host| http::Request::get(format!("http://{host}/")).version(Version::HTTP_2);
            assert_eq!(again(http2("localhost:80")), 200);
            assert_eq!(again(http2("evil.example")), 421);
            assert_eq!(again(http2("localhost:80").header(HOST, "evil.example")), 421);
        }
    }

    #[test]
    fn a_page_calls_its_own_server_and_those_that_name_it() {
        let guard = guard(&["https://page.example"], &[]);
        let from = |origin: &str| get("server.example:8080").header(ORIGIN, origin);
        for origin in ["http://server.example:8080", "http://SERVER.example:8080", "https://page.example:443"]
        {
            assert_eq!(check(&guard, PUBLIC, from(origin)), 200, "{origin}");
        }
        for origin in
            ["https://server.example:8080", "http://server.example", "http://page.example", "null", "", "x"]
        {
            assert_eq!(check(&guard, PUBLIC, from(origin)), 403, "{origin}");
        }
        let twice = from("https://page.example").header(ORIGIN, "https://page.example");
        assert_eq!(check(&guard, PUBLIC, twice), 403);
        let tls = Arrival { is_tls: true, ..PUBLIC };
        assert_eq!(check(&guard, tls, from("https://server.example:8080")), 200);
        assert_eq!(check(&guard, tls, get("a").header(ORIGIN, "https://a:443")), 200);
        assert_eq!(check(&guard, tls, from("http://server.example:8080")), 403);
        let any = self::guard(&["*"], &[]);
        assert_eq!(check(&any, PUBLIC, from("null")), 200);
    }

    #[test]
    fn only_chunks_are_undone() {
        let coded = |coding: &str| get("a").header(TRANSFER_ENCODING, coding);
        assert_eq!(check(&Guard::default(), PUBLIC, coded("Chunked")), 200);
        assert_eq!(check(&Guard::default(), PUBLIC, coded("gzip, chunked")), 501);
        assert_eq!(
            check(&Guard::default(), PUBLIC, coded("chunked").header(TRANSFER_ENCODING, "chunked")),
            501
        );
    }

    #[test]
    fn what_an_operator_writes_wrong_is_told() {
        for wrong in ["example.com", "https://a/path", "null"] {
            assert!(Origins::new(&[wrong.to_owned()]).unwrap_err().contains(wrong), "{wrong}");
        }
        for wrong in ["a:80", "", "a b", "https://a", "[::1]:80"] {
            assert!(HostNames::new(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_known_through_a_socket_of_both_families() {
        for (local, expected) in
            [("127.0.0.1:1", true), ("[::1]:1", true), ("[::ffff:127.0.0.9]:1", true), ("10.0.0.1:1", false)]
        {
            assert_eq!(Arrival::at(local.parse().unwrap(), false).is_loopback, expected, "{local}");
        }
    }
}
