//! The wires by name, and the ports on which they answer by default.

use std::fmt;
use std::str::FromStr;

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

/// The wires of one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wires {
    list: Vec<Wire>,
    is_any: bool,
}

impl Wires {
    /// Every wire that can be told apart on one port.
    fn any() -> Self {
        use Wire::*;
        Self { list: vec![Netrpc, Grpc, Jsonrpc, Xmlrpc, Http, Zerorpc], is_any: true }
    }

    pub(crate) fn has(&self, wire: Wire) -> bool {
        self.list.contains(&wire)
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
    pub(crate) fn about(&self) -> String {
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

impl FromStr for Wires {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
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
}

fn parse_wire(name: &str) -> Result<Wire, String> {
    let found = Wire::TABLE.iter().find(|(_, known, _)| *known == name.trim());
    let names = || Wire::TABLE.iter().map(|(_, name, _)| *name).collect::<Vec<_>>().join(", ");
    found.map(|(wire, ..)| *wire).ok_or_else(|| format!("no wire {name:?}; there are any, {}", names()))
}

/// One listener: what it answers and where it is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    pub(crate) wires: Wires,
    pub(crate) address: String,
}

/// The default set.
const DEFAULTS: &[(&str, u16)] = &[
    ("netrpc,zerorpc", 1234),
    ("any", 2021),
    ("zerorpc", 4242),
    ("zerorpc-pub", 4243),
    ("grpc", 7070),
    ("http", 8003),
    ("jsonrpc", 8080),
    ("xmlrpc", 8088),
    ("ops", 8000),
];

impl Listen {
    /// The default set on one host.
    pub(crate) fn defaults(host: &str) -> Result<Vec<Self>, String> {
        let host =
            if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        DEFAULTS
            .iter()
            .map(|(wires, port)| Ok(Self { wires: wires.parse()?, address: format!("{host}:{port}") }))
            .collect()
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (wires, address) = text
            .split_once('=')
            .ok_or("write it as WIRES=ADDR:PORT, such as netrpc,zerorpc=127.0.0.1:1234")?;
        if !address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        {
            return Err(format!("{address:?} is no ADDR:PORT, such as 127.0.0.1:1234 or [::1]:0"));
        }
        Ok(Self { wires: wires.parse()?, address: address.to_owned() })
    }
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

    #[test]
    fn listeners_read_and_print_alike() {
        for text in ["netrpc,zerorpc=127.0.0.1:1234", "any=[::1]:0", "ops=localhost:8000"] {
            let listen: Listen = text.parse().unwrap();
            assert_eq!(format!("{}={}", listen.wires, listen.address), text);
        }
        for text in [
            "netrpc",
            "soap=127.0.0.1:1",
            "any=:1",
            "any=127.0.0.1",
            "any=h:70000",
            "ops,grpc=h:1",
            "zerorpc,zerorpc-pub=h:1",
        ] {
            text.parse::<Listen>().unwrap_err();
        }
        assert_eq!(Listen::defaults("::1").unwrap()[0].address, "[::1]:1234");
    }
}
