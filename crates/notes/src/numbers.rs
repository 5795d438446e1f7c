//! Arithmetic on numbers that are integers or floats, with Python's rules: one float makes a float, and an integer
//! that does not fit is an error.

use manywire_core::{ErrorKind, Number, RpcError};

use crate::arith::overflow;

/// Two numbers to add.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default)]
pub struct Ab {
    a: Number,
    b: Number,
}

/// Two numbers, the second applied to the first.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default)]
pub struct Xy {
    x: Number,
    y: Number,
}

/// A base and an exponent.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default)]
pub struct Nm {
    n: Number,
    m: Number,
}

/// Applies an operation on integers while both are, and on floats otherwise.
fn apply(
    x: Number,
    y: Number,
    operator: &str,
    integers: impl Fn(i64, i64) -> Option<i64>,
    floats: impl Fn(f64, f64) -> f64,
) -> Result<Number, RpcError> {
    match (x, y) {
        (Number::Int(x), Number::Int(y)) => {
            integers(x, y).map(Number::Int).ok_or_else(|| overflow(x, operator, y))
        }
        _ => Ok(Number::Float(floats(x.as_f64(), y.as_f64()))),
    }
}

/// `a + b`.
pub async fn add(Ab { a, b }: Ab) -> Result<Number, RpcError> {
    apply(a, b, "+", i64::checked_add, |a, b| a + b)
}

/// `|x - y|`.
pub async fn subtract(Xy { x, y }: Xy) -> Result<Number, RpcError> {
    apply(x, y, "-", |x, y| i64::try_from(x.abs_diff(y)).ok(), |x, y| (x - y).abs())
}

/// `x * y`.
pub async fn multiply(Xy { x, y }: Xy) -> Result<Number, RpcError> {
    apply(x, y, "*", i64::checked_mul, |x, y| x * y)
}

/// `x / y`, a float even for integers.
pub async fn divide(Xy { x, y }: Xy) -> Result<f64, RpcError> {
    if y.as_f64() == 0.0 {
        return Err(RpcError::new(ErrorKind::DivideByZero, "division by zero"));
    }
    Ok(match (x, y) {
        (Number::Int(x), Number::Int(y)) => divide_exactly(x, y),
        _ => x.as_f64() / y.as_f64(),
    })
}

/// The float nearest to the quotient; dividing the nearest floats could be one off beyond 2^53.
fn divide_exactly(x: i64, y: i64) -> f64 {
    if x == 0 {
        return 0.0;
    }
    let (n, d) = (u128::from(x.unsigned_abs()), u128::from(y.unsigned_abs()));
    // Scaled so that the quotient has 63 to 65 bits: more than a float keeps, with a last bit for "and a remainder".
    let scale = 64 + n.leading_zeros() - d.leading_zeros();
    let scaled = n << scale;
    let quotient = (scaled / d) | u128::from(!scaled.is_multiple_of(d));
    let magnitude = quotient as f64 * 0.5f64.powi(scale as i32);
    if (x < 0) == (y < 0) { magnitude } else { -magnitude }
}

/// `x` to the power of `y`.
pub async fn pow(Xy { x, y }: Xy) -> Result<Number, RpcError> {
    match (x, y) {
        (Number::Int(base), Number::Int(exponent)) if exponent >= 0 => {
            integer_power(base, exponent).map(Number::Int)
        }
        _ => float_power(x.as_f64(), y.as_f64()).map(Number::Float),
    }
}

/// `n` to the power of `m`.
pub async fn getpow(Nm { n, m }: Nm) -> Result<Number, RpcError> {
    pow(Xy { x: n, y: m }).await
}

fn integer_power(base: i64, exponent: i64) -> Result<i64, RpcError> {
    let power = match (base, exponent) {
        (0 | 1, 1..) => Some(base),
        (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent)),
    };
    power.ok_or_else(|| overflow(base, "**", exponent))
}

fn float_power(base: f64, exponent: f64) -> Result<f64, RpcError> {
    if base == 0.0 && exponent < 0.0 {
        return Err(RpcError::new(ErrorKind::DivideByZero, "0.0 cannot be raised to a negative power"));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err(RpcError::new(ErrorKind::InvalidValue, "a negative number has no real fractional power"));
    }
    let power = base.powf(exponent);
    if power.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err(RpcError::overflow(format!("float overflow: {base} ** {exponent} is beyond a double")));
    }
    Ok(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Number::{Float, Int};

    #[tokio::test]
    async fn one_float_makes_a_float() {
        assert_eq!(add(Ab { a: Int(1), b: Int(2) }).await, Ok(Int(3)));
        assert_eq!(add(Ab { a: Int(1), b: Float(2.0) }).await, Ok(Float(3.0)));
        assert_eq!(subtract(Xy { x: Int(2), y: Int(5) }).await, Ok(Int(3)));
        assert_eq!(multiply(Xy { x: Float(0.5), y: Int(4) }).await, Ok(Float(2.0)));
    }

    #[tokio::test]
    async fn true_division_is_the_nearest_float() {
        // The figures are Python's.
        for (x, y, quotient) in [
            (7, 2, 3.5),
            (-1, 3, -0.333_333_333_333_333_3),
            (9_007_199_254_740_993, 3, 3_002_399_751_580_331.0),
            (i64::MAX, i64::MAX - 1, 1.0),
            (i64::MIN, -1, 9_223_372_036_854_775_808.0),
            (1, i64::MAX, 1.084_202_172_485_504_4e-19),
            (0, 5, 0.0),
        ] {
            assert_eq!(divide(Xy { x: Int(x), y: Int(y) }).await, Ok(quotient), "{x}/{y}");
        }
        let error = divide(Xy { x: Int(1), y: Float(0.0) }).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::DivideByZero, "division by zero"));
    }

    #[tokio::test]
    async fn powers_follow_python() {
        assert_eq!(pow(Xy { x: Int(2), y: Int(62) }).await, Ok(Int(1 << 62)));
        assert_eq!(pow(Xy { x: Int(2), y: Int(-1) }).await, Ok(Float(0.5)));
        assert_eq!(pow(Xy { x: Int(0), y: Int(0) }).await, Ok(Int(1)));
        assert_eq!(pow(Xy { x: Int(-1), y: Int(i64::MAX) }).await, Ok(Int(-1)));
        for (x, y, kind) in [
            (Int(2), Int(63), ErrorKind::Overflow),
            (Int(0), Int(-1), ErrorKind::DivideByZero),
            (Float(10.0), Float(400.0), ErrorKind::Overflow),
            (Float(-8.0), Float(0.5), ErrorKind::InvalidValue),
        ] {
            assert_eq!(pow(Xy { x, y }).await.unwrap_err().kind(), kind);
        }
    }
}
