//! What a client is told that speaks what its port does not answer: a line in the port's own language, then the end.
//!
//! A client of any wire can see from it what is spoken there, and ours says so.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::sniff::Protocol;
use crate::wires::{Wire, Wires};

/// How long, and for how many bytes, a client may go on sending before it reads the refusal.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST: u64 = 256 << 10;

/// Refuses a client in plaintext on a port that speaks TLS; a wire without words for it sees the end of the stream.
pub(crate) async fn plaintext<IO: AsyncRead + AsyncWrite + Unpin>(io: IO, protocol: Protocol, read: &[u8]) {
    let text = "this port speaks TLS: write https://, grpcs://, gob+tls:// or the like\n";
    let words = match protocol {
        Protocol::Http if read.starts_with(b"PRI") => inadequate_security(text),
        // RFC 2817, 4.2: the answer that names TLS as what the client has to use.
        Protocol::Http | Protocol::Connect => {
            answer("426 Upgrade Required", "upgrade: TLS/1.2, HTTP/1.1\r\nconnection: upgrade, close", text)
        }
        _ => Vec::new(),
    };
    say(io, &words).await;
}

/// Refuses a wire that the listener does not answer.
pub(crate) async fn other_wire<IO: AsyncRead + AsyncWrite + Unpin>(io: IO, wires: &Wires) {
    let words = if wires.has_http() {
        let text = format!("this port answers: {}\n", wires.about());
        // For programs, which can tell from it what to speak.
        let accept = wires.only().and_then(content_type).map(|kind| format!("accept: {kind}\r\n"));
        answer("400 Bad Request", &format!("{}connection: close", accept.unwrap_or_default()), &text)
    } else if wires.has(Wire::Zerorpc) || wires.has(Wire::ZerorpcPub) {
        ZMTP_SIGNATURE.to_vec()
    } else {
        Vec::new()
    };
    say(io, &words).await;
}

/// What the requests of a wire are in.
fn content_type(wire: Wire) -> Option<&'static str> {
    match wire {
        Wire::Grpc => Some("application/grpc"),
        Wire::Jsonrpc => Some("application/json"),
        Wire::Xmlrpc => Some("text/xml"),
        _ => None,
    }
}

/// How a ZMTP peer begins.
const ZMTP_SIGNATURE: [u8; 10] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F];

fn answer(status: &str, headers: &str, text: &str) -> Vec<u8> {
    let length = text.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}\r\ncontent-type: text/plain; charset=utf-8");
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{text}").into_bytes()
}

/// HTTP/2's SETTINGS, with which a server begins, and a GOAWAY with INADEQUATE_SECURITY and a text.
fn inadequate_security(text: &str) -> Vec<u8> {
    let mut frames = vec![0, 0, 0, 4, 0, 0, 0, 0, 0];
    // The text is ours and short.
    frames.extend([0, 0, 8 + text.len() as u8, 7, 0, 0, 0, 0, 0]);
    frames.extend([0, 0, 0, 0, 0, 0, 0, 0xC]);
    frames.extend(text.as_bytes());
    frames
}

/// Sends the words and takes what the client still sends: to close at once would reset the connection, words and all.
async fn say<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO, words: &[u8]) {
    let said = async {
        io.write_all(words).await?;
        io.shutdown().await?;
        tokio::io::copy(&mut (&mut io).take(MOST), &mut tokio::io::sink()).await
    };
    // A client that is gone, or too slow, has its end as well.
    let _ = tokio::time::timeout(PATIENCE, said).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_are_as_long_as_they_say() {
        let frames = inadequate_security("text\n");
        assert_eq!(frames.len(), 9 + 9 + usize::from(frames[11]));
        assert!(frames.ends_with(b"\0\0\0\x0Ctext\n"));
    }
}
