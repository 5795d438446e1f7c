//! URLs as people type them.

use manywire_client::{Transport, Url, Wire};

use super::Failure;

/// Reads a URL. Only HTTP/1 is told the path; elsewhere it would be passed over, and is probably a method.
pub(super) fn parse(text: &str) -> Result<Url, Failure> {
    let url: Url = text.parse()?;
    let method = url.path.trim_matches('/');
    if method.is_empty() || url.wire != Wire::Grpc && url.transport != Transport::Tcp {
        return Ok(url);
    }
    let bare = Url { path: String::new(), ..url.clone() };
    Err(Failure::Usage(format!(
        "{url} has a path, and this wire has none; a method stands apart: {bare} {method}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_where_none_is_told_is_probably_a_method() {
        let Err(Failure::Usage(said)) = parse("grpc://h:1/Greeter/SayHello") else { panic!("it was taken") };
        assert_eq!(
            said,
            "grpc+http://h:1/Greeter/SayHello has a path, and this wire has none; a method stands apart: grpc+http://h:1 Greeter/SayHello"
        );
        for text in ["grpc://h:1/", "gob+http://h:1/path", "xmlrpc://h:1/RPC2", "jsonrpc+ws://h:1/ws"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
