//! Bytes as hexadecimal and text, side by side.

use std::fmt::Write as _;

const WIDTH: usize = 16;

/// Lines such as `0010  68 65 6c 6c 6f                                    |hello|`, sixteen bytes each.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.chunks(WIDTH).enumerate().map(|(row, chunk)| line(row * WIDTH, chunk))
}

fn line(offset: usize, chunk: &[u8]) -> String {
    let mut line = format!("{offset:04x}  ");
    for column in 0..WIDTH {
        // A wider gap in the middle, where the eye needs one.
        if column == WIDTH / 2 {
            line.push(' ');
        }
        match chunk.get(column) {
            Some(byte) => _ = write!(line, "{byte:02x} "),
            None => line.push_str("   "),
        }
    }
    line.push_str(" |");
    line.extend(chunk.iter().map(|&byte| if is_plain(byte) { char::from(byte) } else { '.' }));
    line.push('|');
    line
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

#[cfg(test)]
mod tests {
    #[test]
    fn sixteen_bytes_a_line_with_their_text() {
        let lines: Vec<String> = super::lines(b"0123456789abcdef\x00\xFFh\x7F i").collect();
        assert_eq!(
            lines,
            [
                "0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
                "0010  00 ff 68 7f 20 69                                 |..h. i|",
            ]
        );
        assert_eq!(super::lines(b"").count(), 0);
    }
}
