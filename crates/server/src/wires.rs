//! The wires by name.

use std::fmt;

/// What a listener can be told to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {
    /// Go's net/rpc in its four forms.
    Netrpc,
    /// gRPC and gRPC-Web.
    Grpc,
    /// JSON-RPC 2.0 over HTTP and WebSocket.
    Jsonrpc,
    /// XML-RPC.
    Xmlrpc,
    /// JSON over HTTP, and the GET adder.
    Http,
    /// zerorpc's calls and streams.
    Zerorpc,
    /// zerorpc's events.
    ZerorpcPub,
    /// Health, metrics and the debug page.
    Ops,
}

impl Wire {
    /// Each wire with its name and what it answers, in the order of the port table.
    const TABLE: &[(Wire, &str, &str)] = &[
        (
            Wire::Netrpc,
            "netrpc",
            "Go net/rpc: gob and JSON-RPC 1.0 over TCP, gob over CONNECT, POST /jsonrpc",
        ),
        (Wire::Grpc, "grpc", "gRPC, gRPC-Web"),
        (Wire::Jsonrpc, "jsonrpc", "JSON-RPC 2.0 over HTTP and WebSocket"),
        (Wire::Xmlrpc, "xmlrpc", "XML-RPC"),
        (Wire::Http, "http", "POST /call/NAME and GET /?a=3&b=2"),
        (Wire::Zerorpc, "zerorpc", "zerorpc calls and streams"),
        (Wire::ZerorpcPub, "zerorpc-pub", "zerorpc events"),
        (Wire::Ops, "ops", "/healthz /readyz /metrics /debug/rpc"),
    ];

    /// Whether the program was built with it.
    pub(crate) fn is_built(self) -> bool {
        match self {
            Self::Netrpc => cfg!(feature = "netrpc"),
            Self::Grpc => cfg!(feature = "grpc"),
            Self::Jsonrpc => cfg!(feature = "jsonrpc"),
            Self::Xmlrpc => cfg!(feature = "xmlrpc"),
            Self::Http => cfg!(feature = "http"),
            Self::Zerorpc | Self::ZerorpcPub => cfg!(feature = "zerorpc"),
            Self::Ops => true,
        }
    }

    /// The feature of the crate that builds it.
    pub(crate) fn feature(self) -> &'static str {
        if self == Self::ZerorpcPub { "zerorpc" } else { self.name() }
    }

    pub(crate) fn name(self) -> &'static str {
        Self::row(self).1
    }

    pub(crate) fn about(self) -> &'static str {
        Self::row(self).2
    }

    fn row(self) -> &'static (Wire, &'static str, &'static str) {
        // The table has a row for each variant, in their order.
        &Self::TABLE[self as usize]
    }
}

/// The wires of one listener. Its text is the one that [`Server::listen`](crate::Server::listen) takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wires {
    list: Vec<Wire>,
    is_any: bool,
}

impl Wires {
    /// Every wire of this build that can be told apart on one port.
    fn any() -> Self {
        use Wire::*;
        let list = [Netrpc, Grpc, Jsonrpc, Xmlrpc, Http, Zerorpc];
        Self { list: list.into_iter().filter(|wire| wire.is_built()).collect(), is_any: true }
    }

    /// Reads names with commas between, or `any`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "any" {
            return Ok(Self::any());
        }
        if text.split(',').any(|name| name.trim() == "any") {
            return Err("any stands alone: it is every wire that can be told apart on one port".into());
        }
        let list = text.split(',').map(parse_wire).collect::<Result<Vec<_>, _>>()?;
        let wires = Self { list, is_any: false };
        if wires.has(Wire::Zerorpc) && wires.has(Wire::ZerorpcPub) {
            return Err("zerorpc and zerorpc-pub begin alike, so they cannot share a port".into());
        }
        if wires.has(Wire::Ops) && wires.list.len() > 1 {
            return Err("ops needs a port of its own, for it must answer while the others are drained".into());
        }
        Ok(wires)
    }

    /// The first of them that this program was built without.
    pub(crate) fn not_built(&self) -> Option<Wire> {
        self.list.iter().copied().find(|wire| !wire.is_built())
    }

    pub(crate) fn has(&self, wire: Wire) -> bool {
        self.list.contains(&wire)
    }

    /// Whether gRPC is one of them.
    pub fn has_grpc(&self) -> bool {
        self.has(Wire::Grpc)
    }

    /// Whether any of them travels in HTTP.
    pub(crate) fn has_http(&self) -> bool {
        self.list.iter().any(|wire| !matches!(wire, Wire::Zerorpc | Wire::ZerorpcPub))
    }

    /// The one wire of the listener, if it has just one.
    pub(crate) fn only(&self) -> Option<Wire> {
        match self.list[..] {
            [wire] => Some(wire),
            _ => None,
        }
    }

    /// What answers there, for people.
    pub fn about(&self) -> String {
        if self.is_any {
            return "every wire, told apart by its first bytes".into();
        }
        self.list.iter().map(|wire| wire.about()).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Wires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any {
            return f.write_str("any");
        }
        f.write_str(&self.list.iter().map(|wire| wire.name()).collect::<Vec<_>>().join(","))
    }
}

fn parse_wire(name: &str) -> Result<Wire, String> {
    let found = Wire::TABLE.iter().find(|(_, known, _)| *known == name.trim());
    let names = || Wire::TABLE.iter().map(|(_, name, _)| *name).collect::<Vec<_>>().join(", ");
    found.map(|(wire, ..)| *wire).ok_or_else(|| format!("no wire {name:?}; there are any, {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        for (at, (wire, ..)) in Wire::TABLE.iter().enumerate() {
            assert_eq!(*wire as usize, at);
        }
    }
}
