//! HTTP/2 frames, and gRPC's messages in them.

/// What begins a connection, before the first frame.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The preface and settings with this initial window for every stream.
pub fn begin(window: u32) -> Vec<u8> {
    let initial_window_size = [&[0, 4], &window.to_be_bytes()[..]].concat();
    [PREFACE, &frame(4, 0, 0, &initial_window_size)].concat()
}

/// The request headers of a gRPC call, with more of them where wanted (names and values).
pub fn headers(stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    // :method POST and :scheme http are whole entries of HPACK's table, :path and :authority names in it.
    let mut block = vec![0x83, 0x86];
    block.extend([&[0x04], &short(path)[..], &[0x01], &short("localhost")].concat());
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")].iter().chain(more) {
        block.extend([&[0], &short(name)[..], &short(value)].concat());
    }
    frame(1, END_HEADERS, stream, &block)
}

/// A text of HPACK, as it is.
fn short(text: &str) -> Vec<u8> {
    assert!(text.len() < 127);
    [&[text.len() as u8], text.as_bytes()].concat()
}

/// A piece of a body that goes on.
pub fn data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(0, 0, stream, bytes)
}

/// The last piece of a body.
pub fn last_data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(0, END_STREAM, stream, bytes)
}

/// CANCEL.
pub fn reset(stream: u32) -> Vec<u8> {
    frame(3, 0, stream, &8_u32.to_be_bytes())
}

/// A message with gRPC's prefix.
pub fn message(is_compressed: bool, bytes: &[u8]) -> Vec<u8> {
    [&[u8::from(is_compressed)], &(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// A protobuf message whose field 1 is this text.
pub fn field_1(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0x0A];
    let mut length = text.len();
    while length > 127 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    [&out, text].concat()
}
