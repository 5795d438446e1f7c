//! Which compression an answer gets: that of the question, as grpc-go has it.
//!
//! Nearly every client says that it could read gzip, and tonic would then compress each answer, however small. A client
//! that wants to save bytes compresses what it sends.

use http::{HeaderMap, HeaderValue};

const ENCODING: &str = "grpc-encoding";
const ACCEPTED: &str = "grpc-accept-encoding";

/// Leaves of the accepted encodings only the one that the request itself uses.
pub(crate) fn answer_in_kind(headers: &mut HeaderMap) {
    match headers.get(ENCODING).filter(|encoding| *encoding != "identity") {
        Some(used) if accepts(headers, used) => drop(headers.insert(ACCEPTED, used.clone())),
        _ => drop(headers.remove(ACCEPTED)),
    }
}

fn accepts(headers: &HeaderMap, encoding: &HeaderValue) -> bool {
    let accepted = headers.get(ACCEPTED).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|name| name.trim().as_bytes() == encoding.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compressed_as_its_question_was() {
        let left = |used: Option<&'static str>, accepted| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPTED, HeaderValue::from_static(accepted));
            if let Some(used) = used {
                headers.insert(ENCODING, HeaderValue::from_static(used));
            }
            answer_in_kind(&mut headers);
            headers.get(ACCEPTED).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(left(Some("zstd"), "identity, gzip, zstd"), Some("zstd".into()));
        assert_eq!(left(Some("gzip"), "zstd"), None);
        assert_eq!(left(Some("identity"), "identity,gzip"), None);
        assert_eq!(left(None, "identity, deflate, gzip"), None);
    }
}
