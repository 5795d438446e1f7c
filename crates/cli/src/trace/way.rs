//! One direction of a connection: bytes in, named pieces out.

use super::{Labeller, Next, Piece};

/// A piece that is complete, with as many of its bytes as were kept.
pub(super) struct Whole<'a> {
    pub(super) label: &'a str,
    pub(super) notes: &'a [String],
    pub(super) aside: bool,
    pub(super) length: usize,
    pub(super) shown: &'a [u8],
}

/// Cuts what comes into pieces, and keeps what is not whole.
pub(super) struct Way {
    /// None once the bytes made no sense.
    labeller: Option<Box<dyn Labeller>>,
    /// How many bytes of a piece are kept for showing.
    keep: usize,
    waiting: Vec<u8>,
    open: Option<Open>,
}

/// A piece that was named before all of it came.
struct Open {
    piece: Piece,
    kept: Vec<u8>,
    came: usize,
}

impl Way {
    pub(super) fn new(labeller: Box<dyn Labeller>, keep: usize) -> Self {
        Self { labeller: Some(labeller), keep, waiting: Vec::new(), open: None }
    }

    /// Takes bytes and hands on each piece that they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut dyn FnMut(Whole<'_>)) {
        bytes = self.feed_open(bytes, out);
        if bytes.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(rest) = waiting.get(at..).filter(|rest| !rest.is_empty()) {
            let piece = match self.labeller.as_mut().map(|labeller| labeller.next(rest)) {
                Some(Next::More) => break,
                Some(Next::Piece(piece)) => piece,
                Some(Next::Lost(why)) => {
                    self.labeller = None;
                    Piece::new(rest.len(), format!("bytes without a name: {why}"))
                }
                None => Piece::new(rest.len(), "bytes without a name"),
            };
            at += self.hand_on(piece, rest, out);
        }
        waiting.drain(..at.min(waiting.len()));
        self.waiting = waiting;
    }

    /// Hands on what never became whole.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(Whole<'_>)) {
        if let Some(open) = self.open.take() {
            let label = format!("{}, of which {} bytes never came", open.piece.label, open.missing());
            let Open { piece: Piece { notes, aside, .. }, kept, came } = &open;
            out(Whole { label: &label, notes, aside: *aside, length: *came, shown: kept });
        }
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            let shown = waiting.get(..self.keep).unwrap_or(&waiting);
            out(Whole {
                label: "the start of a piece",
                notes: &[],
                aside: false,
                length: waiting.len(),
                shown,
            });
        }
    }

    /// Hands a piece on, or keeps it open; returns how many of the bytes were of it.
    fn hand_on(&mut self, mut piece: Piece, bytes: &[u8], out: &mut dyn FnMut(Whole<'_>)) -> usize {
        // A piece of no bytes would never end.
        piece.length = piece.length.max(1);
        let came = piece.length.min(bytes.len());
        let kept = bytes.get(..came.min(self.keep)).unwrap_or_default();
        if came < piece.length {
            self.open = Some(Open { piece, kept: kept.to_vec(), came });
        } else {
            out(piece.with(kept));
        }
        came
    }

    /// Gives an open piece what it lacks, and returns what is left.
    fn feed_open<'b>(&mut self, bytes: &'b [u8], out: &mut dyn FnMut(Whole<'_>)) -> &'b [u8] {
        let Some(open) = &mut self.open else { return bytes };
        let (of_it, rest) = bytes.split_at(open.missing().min(bytes.len()));
        let room = self.keep.saturating_sub(open.kept.len());
        open.kept.extend_from_slice(of_it.get(..room).unwrap_or(of_it));
        open.came += of_it.len();
        if open.missing() == 0
            && let Some(Open { piece, kept, .. }) = self.open.take()
        {
            out(piece.with(&kept));
        }
        rest
    }
}

impl Piece {
    /// Itself, now that it is complete, with the bytes that are to be shown.
    fn with<'a>(&'a self, shown: &'a [u8]) -> Whole<'a> {
        Whole { label: &self.label, notes: &self.notes, aside: self.aside, length: self.length, shown }
    }
}

impl Open {
    fn missing(&self) -> usize {
        self.piece.length - self.came
    }
}
