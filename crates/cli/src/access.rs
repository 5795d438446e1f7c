//! The access log: a line for each call that has ended, whatever its wire, refused ones too.

use manywire_core::{Ended, ErrorKind};

/// Writes the line of one call.
pub(crate) fn write(call: &Ended<'_>) {
    tracing::info!(
        target: "manywire::access",
        wire = call.wire,
        method = call.method,
        peer = call.peer.address.map(tracing::field::display),
        seconds = call.took.as_secs_f64(),
        outcome = call.error.map_or("ok", ErrorKind::as_str),
    );
}
