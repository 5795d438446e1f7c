//! ZMTP 3, and the events of zerorpc in its frames.

use rmpv::ValueRef;

use super::{LONGEST_LOOK, Labeller, Next, Piece, one_line};

const SIGNATURE: usize = 10;
const MAJOR_VERSION: usize = 1;
/// Minor version, mechanism, role, and zeros.
const GREETING: usize = 53;
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;
/// An event is a list of headers, name and arguments; none of zerorpc's own nests deeper than its arguments do.
const NESTING: usize = 64;
/// As much of the arguments as a label has room for.
const LONGEST_ARGUMENTS: usize = 60;

/// Names the frames of one direction; both look the same.
pub(super) struct Zmtp {
    state: State,
}

enum State {
    Signature,
    /// libzmq sends it by itself, and waits for the peer's before it sends more.
    MajorVersion,
    Greeting,
    Frames,
}

impl Zmtp {
    pub(super) fn new() -> Self {
        Self { state: State::Signature }
    }
}

impl Labeller for Zmtp {
    fn next(&mut self, bytes: &[u8]) -> Next {
        let (state, length, label) = match self.state {
            State::Signature if bytes.first() != Some(&0xFF) => {
                return Next::Lost("no signature of ZMTP".to_owned());
            }
            State::Signature => (State::MajorVersion, SIGNATURE, "ZMTP signature".to_owned()),
            State::MajorVersion => (State::Greeting, MAJOR_VERSION, major_version(bytes)),
            State::Greeting => (State::Frames, GREETING, greeting(bytes)),
            State::Frames => return frame(bytes),
        };
        if bytes.len() < length {
            return Next::More;
        }
        self.state = state;
        Next::piece(length, label)
    }
}

fn major_version(bytes: &[u8]) -> String {
    format!("ZMTP greeting: major version {}", bytes.first().copied().unwrap_or_default())
}

fn greeting(bytes: &[u8]) -> String {
    let [minor, rest @ ..] = bytes else { return "ZMTP greeting".to_owned() };
    let mechanism = rest.get(..20).unwrap_or(rest).split(|&byte| byte == 0).next().unwrap_or_default();
    format!("ZMTP greeting: minor version {minor}, mechanism {}", mechanism.escape_ascii())
}

fn frame(bytes: &[u8]) -> Next {
    let Some((&flags, rest)) = bytes.split_first() else { return Next::More };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Next::Lost(format!("no ZMTP frame begins with {flags:02x}"));
    }
    let size = if flags & LONG == 0 { 1 } else { 8 };
    let Some((size, rest)) = rest.split_at_checked(size) else { return Next::More };
    let size = size.iter().fold(0, |size, &digit| size << 8 | u64::from(digit));
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rest.len() < size && rest.len() < LONGEST_LOOK {
        return Next::More;
    }
    let body = rest.get(..size).unwrap_or(rest);
    let label = match (flags & COMMAND, flags & MORE) {
        (0, 0) => event(body).unwrap_or_else(|| "ZMTP last frame".to_owned()),
        (0, _) if body.is_empty() => "ZMTP frame, empty: the end of the envelope".to_owned(),
        (0, _) => "ZMTP frame, more to come".to_owned(),
        _ => command(body),
    };
    Next::Piece(Piece::new((bytes.len() - rest.len()).saturating_add(size), label))
}

/// `READY`, and what it says of itself: name, value, name, value.
fn command(body: &[u8]) -> String {
    let named = body.split_first().and_then(|(&length, rest)| rest.split_at_checked(length.into()));
    let Some((name, mut properties)) = named else { return "ZMTP command".to_owned() };
    let mut label = format!("ZMTP command {}", name.escape_ascii());
    if name == b"READY" {
        while let Some((name, value, rest)) = property(properties) {
            if !value.is_empty() {
                label.push_str(&format!(", {} {}", name.escape_ascii(), value.escape_ascii()));
            }
            properties = rest;
        }
    }
    one_line(&label, LONGEST_ARGUMENTS)
}

fn property(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(length.into())?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((name, value, rest))
}

/// `zerorpc hello ["RPC"]`, and for an answer its name.
fn event(body: &[u8]) -> Option<String> {
    let mut rest = body;
    let read = rmpv::decode::read_value_ref_with_max_depth(&mut rest, NESTING).ok()?;
    let ValueRef::Array(parts) = read else { return None };
    let [ValueRef::Map(_), ValueRef::String(name), arguments] = parts.as_slice() else { return None };
    let arguments = one_line(&arguments.to_string(), LONGEST_ARGUMENTS);
    Some(format!("zerorpc {} {arguments}", one_line(name.as_str()?, LONGEST_ARGUMENTS)))
}
