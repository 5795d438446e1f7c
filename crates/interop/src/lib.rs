//! Tests against foreign peers, golden vectors and bench servers.
