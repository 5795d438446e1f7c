//! Python's `range` as a stream.

use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream;
use manywire_core::{ErrorKind, RpcError};

/// Where a range begins, where it ends (not included), and by what it steps.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default)]
pub struct Range {
    fr: i64,
    to: i64,
    step: i64,
}

/// The numbers of `range(fr, to, step)`, each made when it is asked for.
pub fn streaming_range(range: Range) -> impl Stream<Item = Result<i64, RpcError>> + Send {
    let zero_step = (range.step == 0)
        .then(|| Err(RpcError::new(ErrorKind::InvalidValue, "range() arg 3 must not be zero")));
    stream::iter(zero_step).chain(stream::iter(numbers(range).map(Ok)))
}

fn numbers(Range { fr, to, step }: Range) -> impl Iterator<Item = i64> {
    let inside = move |n: &i64| if step > 0 { *n < to } else { step < 0 && *n > to };
    std::iter::successors(Some(fr), move |n| n.checked_add(step)).take_while(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_pythons() {
        let list = |fr, to, step| numbers(Range { fr, to, step }).collect::<Vec<_>>();
        assert_eq!(list(0, 5, 2), [0, 2, 4]);
        assert_eq!(list(5, 0, -2), [5, 3, 1]);
        assert_eq!(list(0, 5, -1), []);
        assert_eq!(list(0, 5, 0), []);
        assert_eq!(list(i64::MAX - 1, i64::MAX, 5), [i64::MAX - 1]);
    }
}
