//! Undoing a body's compression, in slices: no worker is held for long, and no more is made than the limit.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use manywire_core::{Budget, Limits};

use crate::read::Whole;
use crate::{BodyError, Content};

/// Made at a time; after sixteen of them others have their turn.
const SLICE: usize = 16 << 10;

/// How a body was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    fn decoder(self, packed: &[u8]) -> Box<dyn Read + Send + '_> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Deflate => Box::new(ZlibDecoder::new(packed)),
        }
    }
}

/// Undoes the compression of a body.
pub(crate) async fn inflate(
    coding: Coding,
    packed: &[u8],
    limits: &Limits,
    budget: &Budget,
) -> Result<Content, BodyError> {
    let mut decoder = coding.decoder(packed);
    let mut whole = Whole::new(limits.message_bytes, limits.message_bytes, budget);
    while inflate_slices(coding, &mut decoder, &mut whole)? {
        tokio::task::yield_now().await;
    }
    Ok(whole.finish())
}

/// Whether there may be more.
fn inflate_slices(coding: Coding, decoder: &mut dyn Read, whole: &mut Whole) -> Result<bool, BodyError> {
    let mut slice = [0; SLICE];
    for _ in 0..16 {
        match decoder.read(&mut slice).map_err(|_| BodyError::Damaged(coding.name()))? {
            0 => return Ok(false),
            length => whole.push(&slice[..length])?,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn bomb(length: usize) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; length]).unwrap();
        encoder.finish().unwrap()
    }

    fn limits(message_bytes: usize) -> Limits {
        Limits { message_bytes, ..Limits::default() }
    }

    #[tokio::test]
    async fn a_compression_bomb_stops_at_the_limit_and_at_the_budget() {
        let bomb = bomb(1 << 20);
        assert!(bomb.len() < 2_000);
        let budget = Budget::alone(&limits(1_000));
        let result = inflate(Coding::Gzip, &bomb, &limits(1_000), &budget).await;
        assert!(matches!(result, Err(BodyError::TooLarge(1_000))));
        let content = inflate(Coding::Gzip, &bomb, &limits(1 << 20), &budget).await.unwrap();
        assert_eq!((content.len(), budget.held()), (1 << 20, 1 << 20));
        drop(content);
        let small = Budget::alone(&Limits { connection_memory: 500_000, ..limits(1 << 20) });
        let result = inflate(Coding::Gzip, &bomb, &limits(1 << 20), &small).await;
        assert!(matches!(result, Err(BodyError::OverBudget(_))));
        assert_eq!((budget.held(), small.held()), (0, 0));
    }

    #[tokio::test]
    async fn damaged_compression_is_an_error() {
        let (limits, budget) = (limits(100), Budget::alone(&limits(100)));
        let cut = &bomb(50)[..20];
        for packed in [&b"nonsense"[..], b"\x1f\x8b", cut] {
            let result = inflate(Coding::Gzip, packed, &limits, &budget).await;
            assert!(matches!(result, Err(BodyError::Damaged("gzip"))), "{packed:?}");
        }
        assert!(matches!(
            inflate(Coding::Deflate, b"nonsense", &limits, &budget).await,
            Err(BodyError::Damaged("deflate"))
        ));
    }
}
