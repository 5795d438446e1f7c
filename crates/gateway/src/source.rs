//! A server, or several that may take each other's place, and what is known of its methods beforehand.

use manywire_client::Options;
use manywire_core::{Metadata, ReadMetadata, RpcError, Written};

/// Where methods come from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Stands before the names of its methods, with a dot between: `users` makes `users.find` of `find`.
    pub prefix: Option<String>,
    /// Where it is, in any of the forms that [`Client::connect`](manywire_client::Client::connect) takes.
    pub url: String,
    /// How it is connected to, and what every call carries.
    pub options: Options,
    /// Methods that it does not tell of, or not as they are.
    pub methods: Vec<Written>,
    /// Whether these are all, so that it is not asked.
    pub is_told: bool,
    /// Whether calls of names that it does not tell of go on to it as they came.
    pub pass_through: bool,
    /// Headers that go on with each call, where both wires have headers; see [`Source::forward_header`].
    pub forward_headers: Vec<String>,
}

impl Source {
    /// The server at a URL.
    pub fn of(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }

    /// `[PREFIX=]URL`.
    pub fn read(text: &str) -> Result<Self, RpcError> {
        let Some((prefix, url)) = text.split_once('=').filter(|(prefix, _)| !prefix.contains("://")) else {
            return Ok(Self::of(text));
        };
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if prefix.is_empty()
            || !prefix.chars().all(is_word)
            || prefix.starts_with(|c: char| c.is_ascii_digit())
        {
            return Err(RpcError::invalid_params(format!(
                "{prefix:?} is no prefix: letters, digits and _, as in users={url}"
            )));
        }
        Ok(Self { prefix: Some(prefix.to_owned()), ..Self::of(url) })
    }

    /// What of a caller's headers goes on to the server.
    pub(crate) fn forwarded(&self, headers: &dyn ReadMetadata) -> Metadata {
        let mut forwarded = Metadata::default();
        for name in &self.forward_headers {
            if let Some(value) = headers.get(&name.to_ascii_lowercase()) {
                forwarded.append(name, value);
            }
        }
        forwarded
    }

    /// Has this header of callers go on with their calls. Those that say how a message is sent are each connection's own.
    pub fn forward_header(&mut self, name: &str) -> Result<(), RpcError> {
        const OWN: &[&str] =
            &["connection", "host", "te", "trailer", "transfer-encoding", "upgrade", "keep-alive"];
        let lower = name.to_ascii_lowercase();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if lower.is_empty() || !lower.chars().all(is_token) {
            return Err(RpcError::invalid_params(format!("{name:?} is no name of a header")));
        }
        let is_own = OWN.contains(&&*lower)
            || ["content-", "proxy-", "sec-", "grpc-", "accept"]
                .iter()
                .any(|prefix| lower.starts_with(prefix));
        if is_own && lower != "accept-language" {
            return Err(RpcError::invalid_params(format!(
                "{name} says how one connection sends its messages, and cannot go on to another"
            )));
        }
        self.forward_headers.push(lower);
        Ok(())
    }

    /// What one of its methods is called here.
    pub(crate) fn public(&self, name: &str) -> String {
        self.prefix.as_ref().map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_do_not_go_on() {
        let mut source = Source::of("grpc://h:1");
        for name in ["Authorization", "x-request-id", "accept-language", "appid"] {
            source.forward_header(name).unwrap();
        }
        for name in ["Host", "content-length", "TE", "grpc-timeout", "accept-encoding", "", "a b"] {
            source.forward_header(name).unwrap_err();
        }
        let mut sent = Metadata::default();
        sent.append("Authorization", "secret");
        sent.append("other", "value");
        assert!(source.forwarded(&sent).iter().eq([("authorization", &b"secret"[..])]));
    }

    #[test]
    fn a_prefix_stands_before_the_url() {
        let source = Source::read("users=grpc://new:7070").unwrap();
        assert_eq!((source.prefix.as_deref(), &*source.url), (Some("users"), "grpc://new:7070"));
        assert_eq!(source.public("User.Find"), "users.User.Find");
        let source = Source::read("gob://h:1/a=b").unwrap();
        assert_eq!((source.prefix.as_deref(), &*source.public("find")), (None, "find"));
        for text in ["=gob://h:1", "a.b=gob://h:1", "1=gob://h:1"] {
            assert!(Source::read(text).unwrap_err().message().contains("is no prefix"), "{text}");
        }
    }
}
