//! What the clients of the HTTP wires share.

use std::error::Error;
use std::time::Duration;

/// How long a client keeps a connection that it does not use. Shorter than servers do, so that a call seldom finds its
/// connection just closed.
pub const IDLE: Duration = Duration::from_secs(30);

/// The last cause of an error, which says why. hyper's own text says only in which phase it failed.
pub fn deepest_cause<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}
