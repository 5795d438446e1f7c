//! XML-RPC, server and client.
