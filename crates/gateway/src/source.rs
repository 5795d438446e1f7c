//! A server, or several that may take each other's place, and what is known of its methods beforehand.

use manywire_client::Options;
use manywire_core::{RpcError, Written};

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
    /// Whether calls of names that it does not tell of go on to it as they came.
    pub pass_through: bool,
    /// Headers that go on with each call, where both wires have headers.
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

    /// What one of its methods is called here.
    pub(crate) fn public(&self, name: &str) -> String {
        self.prefix.as_ref().map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
