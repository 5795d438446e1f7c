//! The HTTP layer that the HTTP wires share: connections, bodies, limits.
