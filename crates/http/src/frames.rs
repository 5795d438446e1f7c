//! Where HTTP/2 frames begin and end in what a peer sends, without looking into them.
//!
//! h2 says neither that half a frame or half a header block has come, nor how much of the data that came was not read yet.

/// Each connection begins with these bytes; no HTTP/1 method does.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;

/// Follows the frames of one connection, in whatever pieces they come.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    header: [u8; HEADER],
    /// Bytes of the header that have come.
    known: usize,
    /// Bytes of the payload that are still to come, once the header is complete.
    left: usize,
    /// Between HEADERS and the last CONTINUATION of it.
    in_headers: bool,
    /// Whether the next byte is a DATA frame's length of padding.
    is_padding_next: bool,
    /// Bytes of the frame that are not for its stream and were not taken off yet.
    padding: usize,
    /// How many frames were complete.
    complete: u64,
}

impl Frames {
    /// Follows more bytes, and returns how many of them are data for the streams.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) -> usize {
        let mut data = 0_usize;
        while !bytes.is_empty() {
            if self.known < HEADER {
                let length = bytes.len().min(HEADER - self.known);
                self.header[self.known..][..length].copy_from_slice(&bytes[..length]);
                self.known += length;
                bytes = &bytes[length..];
                if self.known < HEADER {
                    break;
                }
                self.begin();
            } else {
                let length = bytes.len().min(self.left);
                if std::mem::take(&mut self.is_padding_next) {
                    self.padding = 1 + usize::from(bytes[0]);
                }
                if self.kind() == DATA {
                    let padding = length.min(self.padding);
                    self.padding -= padding;
                    data += length - padding;
                }
                self.left -= length;
                bytes = &bytes[length..];
            }
            if self.left == 0 {
                self.end();
            }
        }
        data
    }

    /// Whether a frame or a block of headers has begun and is not complete; and which it is. Of a frame of data, too, h2
    /// tells no one before it has come to its end.
    pub(crate) fn unfinished(&self) -> Option<u64> {
        (self.known > 0 || self.in_headers).then_some(self.complete)
    }

    fn kind(&self) -> u8 {
        self.header[3]
    }

    fn begin(&mut self) {
        let [a, b, c, ..] = self.header;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        self.padding = 0;
        self.is_padding_next = self.kind() == DATA && self.header[4] & PADDED != 0;
    }

    fn end(&mut self) {
        self.known = 0;
        let ends_headers = self.header[4] & END_HEADERS != 0;
        match self.kind() {
            HEADERS | CONTINUATION => self.in_headers = !ends_headers,
            _ => {}
        }
        if !self.in_headers {
            self.complete += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn data_is_counted_and_half_headers_are_seen_however_they_are_cut() {
        let mut sent = frame(4, 0, &[0; 6]);
        sent.extend(frame(HEADERS, 0, b"half"));
        let headers_begin = frame(4, 0, &[0; 6]).len();
        sent.extend(frame(CONTINUATION, END_HEADERS, b"other half"));
        let headers_end = sent.len();
        sent.extend(frame(DATA, 0, &[1; 300]));
        sent.extend(frame(DATA, PADDED, &[4, 1, 2, 3, 0, 0, 0, 0]));
        sent.extend(frame(DATA, 1, b""));
        for size in 1..sent.len() {
            let mut frames = Frames::default();
            let (mut data, mut seen) = (0, 0);
            for piece in sent.chunks(size) {
                data += frames.follow(piece);
                seen += piece.len();
                if (headers_begin + 1..headers_end).contains(&seen) {
                    assert_eq!(frames.unfinished(), Some(1), "at {seen} in pieces of {size}");
                }
            }
            assert_eq!(data, 303, "in pieces of {size}");
            assert_eq!(frames.unfinished(), None);
        }
    }

    #[test]
    fn a_frame_that_trickles_is_one_and_the_same() {
        let mut frames = Frames::default();
        let ping = frame(6, 0, &[0; 8]);
        frames.follow(&ping[..3]);
        assert_eq!(frames.unfinished(), Some(0));
        frames.follow(&ping[3..12]);
        assert_eq!(frames.unfinished(), Some(0));
        frames.follow(&ping[12..]);
        frames.follow(&ping[..1]);
        assert_eq!(frames.unfinished(), Some(1));
        frames.follow(&ping[1..]);
        let data = frame(DATA, 0, &[0; 8]);
        frames.follow(&data[..12]);
        assert_eq!(frames.unfinished(), Some(2), "a frame of data is one too");
    }
}
