//! gRPC's metadata as the registry has it.

use http::HeaderMap;
use manywire_core::Metadata;
use manywire_http::add_metadata;

/// Adds what a method says beside its answer, but names that gRPC keeps for itself.
pub(crate) fn append(metadata: &Metadata, headers: &mut HeaderMap) {
    if metadata.iter().len() == 0 {
        return;
    }
    let mut said = HeaderMap::new();
    add_metadata(metadata, &mut said);
    for (name, value) in said.iter().filter(|(name, _)| !name.as_str().starts_with("grpc-")) {
        headers.append(name, value.clone());
    }
}
