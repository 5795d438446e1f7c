//! gRPC's metadata as the registry has it.

use http::{HeaderMap, HeaderName, HeaderValue};
use manywire_core::Metadata;

/// Adds what a method says beside its answer. Names that HTTP or gRPC use themselves are left out, and so is what cannot be
/// a header.
pub(crate) fn append(metadata: &Metadata, headers: &mut HeaderMap) {
    for (name, value) in metadata.iter() {
        let is_taken = name.starts_with("grpc-") || matches!(name, "content-type" | "content-length" | "te");
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        match pair {
            (Ok(name), Ok(value)) if !is_taken => {
                headers.append(name, value);
            }
            _ => tracing::debug!(name, "metadata that cannot be sent"),
        }
    }
}
