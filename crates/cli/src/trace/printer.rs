//! What `-v` prints: each piece with its direction and time, its bytes below it, and in the end how long everything took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use manywire_client::{Tap, Url};

use super::way::{Way, Whole};
use super::{Side, hex, labellers};

/// How many bytes of a piece are shown with one `-v`.
const SHOWN: usize = 256;

const SENT: Style = AnsiColor::Green.on_default();
const RECEIVED: Style = AnsiColor::Cyan.on_default();
const ABOUT: Style = AnsiColor::Yellow.on_default();
const NAME: Style = Style::new().bold();
const BYTES: Style = Style::new().dimmed();

/// Writes what the client's connections carry to stderr.
pub(crate) struct Printer {
    url: Url,
    shown: usize,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<u64, Connection>,
    opened: usize,
    connected: Option<Duration>,
    first_sent: Option<Instant>,
    first_byte: Option<Duration>,
}

/// Both directions of a connection, and what is put before each of its lines.
struct Connection {
    client: Way,
    server: Way,
    number: usize,
}

impl Printer {
    /// Begins to count the time. `everything` shows the whole of long pieces.
    pub(crate) fn new(url: Url, everything: bool) -> Self {
        let shown = if everything { usize::MAX } else { SHOWN };
        Self { url, shown, started: Instant::now(), state: Mutex::default() }
    }

    /// Prints what is not whole, and how long everything took.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        for (_, mut connection) in std::mem::take(&mut state.connections) {
            self.rest(&mut connection);
        }
        let part = |name: &str, took: Option<Duration>| {
            took.map_or_else(String::new, |took| format!("{name} {}, ", milliseconds(took)))
        };
        let connected = part("connected after", state.connected);
        let first = part("first byte after another", state.first_byte);
        let total = milliseconds(self.started.elapsed());
        self.about(&format!("{connected}{first}{total} in all"));
    }

    /// Bytes of one direction.
    fn bytes(&self, connection: u64, side: Side, bytes: &[u8]) {
        let mut state = self.lock();
        if side == Side::Client {
            state.first_sent.get_or_insert_with(Instant::now);
        } else if let Some(sent) = state.first_sent {
            state.first_byte.get_or_insert(sent.elapsed());
        }
        let Some(connection) = state.connections.get_mut(&connection) else { return };
        let number = connection.number;
        let way = match side {
            Side::Client => &mut connection.client,
            Side::Server => &mut connection.server,
        };
        way.feed(bytes, &mut |whole| self.piece(number, side, &whole));
    }

    fn rest(&self, connection: &mut Connection) {
        let number = connection.number;
        connection.client.finish(&mut |whole| self.piece(number, Side::Client, &whole));
        connection.server.finish(&mut |whole| self.piece(number, Side::Server, &whole));
    }

    fn piece(&self, number: usize, side: Side, whole: &Whole<'_>) {
        let after = milliseconds(self.started.elapsed());
        // Preparations are told of, and shown where everything is.
        let has_bytes = !whole.aside || self.shown == usize::MAX;
        write(&render(number, side, whole, has_bytes, &after));
    }

    fn about(&self, text: &str) {
        write(&format!("{ABOUT}* {text}{ABOUT:#}\n"));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap for Printer {
    fn opened(&self, connection: u64, peer: &str) {
        let after = self.started.elapsed();
        let mut state = self.lock();
        state.connected.get_or_insert(after);
        state.opened += 1;
        let number = state.opened;
        let [client, server] = labellers(&self.url).map(|labeller| Way::new(labeller, self.shown));
        let ways = Connection { client, server, number };
        state.connections.insert(connection, ways);
        let tls = if self.url.tls { ", inside TLS" } else { "" };
        self.about(&format!("connection {number}: {peer}{tls}  +{}", milliseconds(after)));
    }

    fn sent(&self, connection: u64, bytes: &[u8]) {
        self.bytes(connection, Side::Client, bytes);
    }

    fn received(&self, connection: u64, bytes: &[u8]) {
        self.bytes(connection, Side::Server, bytes);
    }

    fn closed(&self, connection: u64) {
        let mut state = self.lock();
        if let Some(mut connection) = state.connections.remove(&connection) {
            self.rest(&mut connection);
            let after = milliseconds(self.started.elapsed());
            self.about(&format!("connection {} closed  +{after}", connection.number));
        }
    }
}

/// A piece as it is printed; colours are taken out again where there is no terminal.
fn render(number: usize, side: Side, whole: &Whole<'_>, has_bytes: bool, after: &str) -> String {
    let (colour, arrow) = match side {
        Side::Client => (SENT, '>'),
        Side::Server => (RECEIVED, '<'),
    };
    // The first connection is mostly the only one.
    let margin = if number == 1 { arrow.to_string() } else { format!("{arrow}{number}") };
    let Whole { label, notes, length, shown, .. } = whole;
    let unit = if *length == 1 { "byte" } else { "bytes" };
    let mut text =
        format!("{colour}{margin} {NAME}{label}{NAME:#}{colour}, {length} {unit}{colour:#}  +{after}\n");
    if !has_bytes {
        return text;
    }
    for note in *notes {
        let _ = writeln!(text, "{colour}{margin}{colour:#}   {note}");
    }
    for line in hex::lines(shown) {
        let _ = writeln!(text, "{colour}{margin}{colour:#} {BYTES}{line}{BYTES:#}");
    }
    if let Some(left @ 1..) = length.checked_sub(shown.len()) {
        let _ = writeln!(text, "{colour}{margin}{colour:#} … {left} more bytes; -vv shows all");
    }
    text
}

/// Whoever does not read stderr misses the trace, and nothing else.
fn write(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
