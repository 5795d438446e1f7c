//! Go's net/rpc: gob and JSON-RPC 1.0, over TCP and HTTP, server and client.
