//! The arithmetic of Go's net/rpc example: 64-bit integers, and an error instead of a wrong number.

use manywire_core::{ErrorKind, RpcError};

/// Two integers, as Go's example names them.
#[manywire_core::message(rename_all = "PascalCase")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Args {
    /// The left one.
    pub a: i64,
    /// The right one.
    pub b: i64,
}

/// The answer of a division.
#[manywire_core::message(rename_all = "PascalCase")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotient {
    /// How often B fits into A, rounded toward zero.
    pub quo: i64,
    /// What is left; it has the sign of A.
    pub rem: i64,
}

/// `A*B`.
pub async fn multiply(args: Args) -> Result<i64, RpcError> {
    args.a.checked_mul(args.b).ok_or_else(|| overflow(args.a, "*", args.b))
}

/// `A/B` and `A%B`, truncated as in Go.
pub async fn divide(args: Args) -> Result<Quotient, RpcError> {
    if args.b == 0 {
        return Err(RpcError::new(ErrorKind::DivideByZero, "divide by zero."));
    }
    let quo = args.a.checked_div(args.b).ok_or_else(|| overflow(args.a, "/", args.b))?;
    Ok(Quotient { quo, rem: args.a.wrapping_rem(args.b) })
}

pub(crate) fn overflow(a: i64, operator: &str, b: i64) -> RpcError {
    RpcError::overflow(format!("integer overflow: {a} {operator} {b} is beyond 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn division_truncates_as_in_go() {
        for (a, b, quo, rem) in [(17, 8, 2, 1), (-17, 8, -2, -1), (17, -8, -2, 1), (-17, -8, 2, -1)] {
            assert_eq!(divide(Args { a, b }).await, Ok(Quotient { quo, rem }));
        }
    }

    #[tokio::test]
    async fn overflow_and_zero_are_errors() {
        let max = Args { a: i64::MAX, b: 2 };
        assert_eq!(multiply(max).await.unwrap_err().kind(), ErrorKind::Overflow);
        let min = Args { a: i64::MIN, b: -1 };
        assert_eq!(divide(min).await.unwrap_err().kind(), ErrorKind::Overflow);
        assert_eq!(divide(Args { a: 1, b: 0 }).await.unwrap_err().message(), "divide by zero.");
    }
}
