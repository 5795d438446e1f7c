//! One message's compression, step by step: bytes in, bytes out, and no step is long.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};
use zstd_safe::zstd_sys::ZSTD_EndDirective::{ZSTD_e_continue, ZSTD_e_end};
use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer};

/// The compressions that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    /// The one of this name in `grpc-encoding`.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"gzip" => Some(Self::Gzip),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// What zlib's state takes in memory, for decompression and for compression.
const INFLATE: usize = 48 << 10;
const DEFLATE: usize = 320 << 10;
/// A frame of zstd that looks back further than 16 MiB is refused: its decoder would need as much memory.
const ZSTD_WINDOW: u32 = 24;
const ZSTD_LEVEL: i32 = 3;
/// What one step reads or writes at most, roughly.
const STEP: usize = 32 << 10;

/// Decompresses one message.
pub(crate) enum Decompressor {
    Gzip(GzDecoder<Vec<u8>>),
    Zstd { context: Box<DCtx<'static>>, output: Vec<u8>, is_complete: bool },
}

impl Decompressor {
    /// What it makes comes after the bytes of `output`.
    pub(crate) fn new(encoding: Encoding, output: Vec<u8>) -> io::Result<Self> {
        Ok(match encoding {
            Encoding::Gzip => Self::Gzip(GzDecoder::new(output)),
            Encoding::Zstd => {
                let mut context = Box::new(DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?);
                context.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).map_err(zstd_error)?;
                Self::Zstd { context, output, is_complete: false }
            }
        })
    }

    /// Takes some of the input, makes some of the output, and says how much it took.
    pub(crate) fn step(&mut self, input: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => match decoder.write(input)? {
                0 if !input.is_empty() => Err(io::Error::other("bytes after its end")),
                taken => Ok(taken),
            },
            Self::Zstd { context, output, is_complete } => {
                make_room(output, input.len());
                let (start, mut input) = (output.len(), InBuffer::around(input));
                let mut out = OutBuffer::around_pos(output, start);
                let hint = context.decompress_stream(&mut out, &mut input).map_err(zstd_error)?;
                *is_complete = hint == 0;
                Ok(input.pos())
            }
        }
    }

    /// What it has made; it may be taken away.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd { output, .. } => output,
        }
    }

    /// The last of the output, once all of the input was taken.
    pub(crate) fn finish(mut self) -> io::Result<Vec<u8>> {
        loop {
            match &mut self {
                Self::Zstd { is_complete: false, output, .. } => {
                    let before = output.len();
                    self.step(&[])?;
                    if self.output().len() == before {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Self::Zstd { output, .. } => return Ok(std::mem::take(output)),
                Self::Gzip(decoder) => {
                    decoder.try_finish()?;
                    return Ok(std::mem::take(decoder.get_mut()));
                }
            }
        }
    }

    /// The bytes of memory that it takes beside its output.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Gzip(_) => INFLATE,
            Self::Zstd { context, .. } => context.sizeof(),
        }
    }
}

/// Compresses one message.
pub(crate) enum Compressor {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd { context: Box<CCtx<'static>>, output: Vec<u8> },
}

impl Compressor {
    /// What it makes comes after the bytes of `output`; it will be given `length` bytes.
    pub(crate) fn new(encoding: Encoding, output: Vec<u8>, length: usize) -> io::Result<Self> {
        Ok(match encoding {
            Encoding::Gzip => Self::Gzip(GzEncoder::new(output, Compression::fast())),
            Encoding::Zstd => {
                let mut context = Box::new(CCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?);
                context.set_parameter(CParameter::CompressionLevel(ZSTD_LEVEL)).map_err(zstd_error)?;
                // Its tables are no larger than the message needs.
                context.set_pledged_src_size(Some(length as u64)).map_err(zstd_error)?;
                Self::Zstd { context, output }
            }
        })
    }

    /// Takes some of the input, and says how much.
    pub(crate) fn step(&mut self, input: &[u8]) -> io::Result<usize> {
        let input = &input[..input.len().min(STEP)];
        match self {
            Self::Gzip(encoder) => encoder.write(input),
            Self::Zstd { context, output } => {
                make_room(output, input.len());
                let (start, mut input) = (output.len(), InBuffer::around(input));
                let mut out = OutBuffer::around_pos(output, start);
                context.compress_stream2(&mut out, &mut input, ZSTD_e_continue).map_err(zstd_error)?;
                Ok(input.pos())
            }
        }
    }

    /// All of the output, once all of the input was taken.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd { mut context, mut output } => loop {
                make_room(&mut output, STEP);
                let start = output.len();
                let mut out = OutBuffer::around_pos(&mut output, start);
                let left = context.compress_stream2(&mut out, &mut InBuffer::around(&[]), ZSTD_e_end);
                if left.map_err(zstd_error)? == 0 {
                    return Ok(output);
                }
            },
        }
    }

    /// The bytes of memory that it takes, with its output.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Gzip(encoder) => DEFLATE + encoder.get_ref().capacity(),
            Self::Zstd { context, output } => context.sizeof() + output.capacity(),
        }
    }
}

/// Room for a step's output, by its input.
fn make_room(output: &mut Vec<u8>, input: usize) {
    if output.capacity() - output.len() < 64 {
        output.reserve((2 * input).clamp(512, STEP));
    }
}

fn zstd_error(code: usize) -> io::Error {
    io::Error::other(zstd_safe::get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(encoding: Encoding, message: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(encoding, Vec::new(), message.len()).unwrap();
        let mut rest = message;
        while !rest.is_empty() {
            let taken = compressor.step(rest).unwrap();
            rest = &rest[taken..];
        }
        compressor.finish().unwrap()
    }

    /// Decompresses pieces of this length, and says how much came of one step at most.
    fn decompressed(encoding: Encoding, packed: &[u8], piece: usize) -> io::Result<(Vec<u8>, usize)> {
        let mut decompressor = Decompressor::new(encoding, Vec::new())?;
        let (mut whole, mut longest) = (Vec::new(), 0);
        for mut piece in packed.chunks(piece) {
            while !piece.is_empty() {
                let taken = decompressor.step(piece)?;
                piece = &piece[taken..];
                longest = longest.max(decompressor.output().len());
                whole.append(decompressor.output());
            }
        }
        whole.append(&mut decompressor.finish()?);
        Ok((whole, longest))
    }

    #[test]
    fn what_is_compressed_comes_back_in_short_steps() {
        let noise: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            for message in [&b""[..], b"x", &noise, &vec![0; 4 << 20]] {
                let packed = compressed(encoding, message);
                for piece in [1, 1_000, usize::MAX] {
                    let (back, longest) = decompressed(encoding, &packed, piece).unwrap();
                    assert!(back == message, "{encoding:?} {} bytes", message.len());
                    assert!(longest <= 256 << 10, "{encoding:?}: {longest} bytes in one step");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_short_damaged_or_too_long_is_an_error() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let packed = compressed(encoding, &[7; 10_000]);
            for length in 0..packed.len() {
                assert!(decompressed(encoding, &packed[..length], 9).is_err(), "{encoding:?} {length}");
            }
            let longer = [&packed[..], b"more"].concat();
            assert!(decompressed(encoding, &longer, 9).is_err(), "{encoding:?}");
            assert!(decompressed(encoding, b"no such format", 9).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn a_window_of_zstd_is_counted_and_has_a_bound() {
        // Magic, a frame header descriptor without a size, and a window of 2^10 times 2^(n / 8).
        let frame = |window: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, window << 3, 0x03, 0, 0];
        let mut decompressor = Decompressor::new(Encoding::Zstd, Vec::new()).unwrap();
        let before = decompressor.memory();
        decompressor.step(&frame(14)).unwrap();
        assert!(decompressor.memory() - before >= 16 << 20);
        let mut decompressor = Decompressor::new(Encoding::Zstd, Vec::new()).unwrap();
        assert!(decompressor.step(&frame(15)).is_err());
    }
}
