//! zerorpc: msgpack events over ZeroMQ's ZMTP, server and client.
