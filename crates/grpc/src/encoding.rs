//! Which compression an answer gets: that of the question, as grpc-go has it.
//!
//! Nearly every client says that it could read gzip, and to compress each answer, however small, would cost more than it
//! saves. A client that wants to save bytes compresses what it sends.

use http::{HeaderMap, HeaderName};
use tonic::Status;
use tonic::metadata::MetadataValue;

use crate::compression::Encoding;

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The compressions of one call.
pub(crate) struct Encodings {
    /// That of the request's messages; one that we do not know is refused by tonic.
    pub(crate) request: Option<Encoding>,
    /// That of the answer's.
    pub(crate) answer: Option<Encoding>,
}

/// Reads the headers, and leaves nothing in them that would have tonic compress.
pub(crate) fn take(headers: &mut HeaderMap, is_testing: bool) -> Encodings {
    let request = headers.get(ENCODING).and_then(|name| Encoding::named(name.as_bytes()));
    // The interop service is told message by message what to compress.
    let wanted = if is_testing { Some(Encoding::Gzip) } else { request };
    let answer = headers.remove(ACCEPTED).and_then(|accepted| {
        let accepted = accepted.to_str().ok()?;
        wanted.filter(|wanted| accepted.split(',').any(|name| name.trim() == wanted.name()))
    });
    Encodings { request, answer }
}

/// Refuses messages in a compression that we do not know, and names those that we do.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Status> {
    let Some(name) = headers.get(ENCODING).filter(|name| name.as_bytes() != b"identity") else {
        return Ok(());
    };
    if Encoding::named(name.as_bytes()).is_some() {
        return Ok(());
    }
    let name = String::from_utf8_lossy(name.as_bytes());
    let mut status =
        Status::unimplemented(format!("the request is compressed with {name}; send gzip or zstd"));
    status.metadata_mut().insert("grpc-accept-encoding", MetadataValue::from_static("identity,gzip,zstd"));
    Err(status)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn an_answer_is_compressed_as_its_question_was() {
        let answer = |used: Option<&'static str>, accepted| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPTED, HeaderValue::from_static(accepted));
            if let Some(used) = used {
                headers.insert(ENCODING, HeaderValue::from_static(used));
            }
            let encodings = take(&mut headers, false);
            assert!(!headers.contains_key(ACCEPTED));
            encodings.answer
        };
        assert_eq!(answer(Some("zstd"), "identity, gzip, zstd"), Some(Encoding::Zstd));
        assert_eq!(answer(Some("gzip"), "zstd"), None);
        assert_eq!(answer(Some("identity"), "identity,gzip"), None);
        assert_eq!(answer(None, "identity, deflate, gzip"), None);
    }
}
