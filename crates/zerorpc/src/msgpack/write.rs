//! Writing, as Python's packer does with `use_bin_type`.

use manywire_core::{ErrorKind, RpcError, Timestamp, Value};

use super::TIMESTAMP;

/// Writing to a `Vec` cannot fail, so there is no result to look at.
macro_rules! put {
    ($method:ident, $out:expr $(, $value:expr)*) => {{
        let _ = rmp::encode::$method($out $(, $value)*);
    }};
}
pub(crate) use put;

/// Which keys of maps a peer can read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Strings and bytes. Python's msgpack 1.x drops a whole message for one other key, and its caller would wait in vain.
    #[default]
    Texts,
    /// Integers too.
    Integers,
}

/// Appends a value.
pub(crate) fn encode_value(out: &mut Vec<u8>, value: &Value, keys: Keys) -> Result<(), RpcError> {
    match value {
        Value::Null => put!(write_nil, out),
        Value::Bool(b) => put!(write_bool, out, *b),
        Value::Int(i) => put!(write_sint, out, *i),
        Value::Uint(u) => put!(write_uint, out, *u),
        Value::Float(f) => put!(write_f64, out, *f),
        Value::String(text) => {
            length(text.len())?;
            put!(write_str, out, text);
        }
        Value::Bytes(bytes) => {
            length(bytes.len())?;
            put!(write_bin, out, bytes);
        }
        Value::Timestamp(time) => encode_timestamp(out, *time),
        Value::Array(items) => encode_array(out, items, keys)?,
        Value::Map(pairs) => {
            put!(write_map_len, out, length(pairs.len())?);
            for (key, value) in pairs {
                check_key(key, keys)?;
                encode_value(out, key, keys)?;
                encode_value(out, value, keys)?;
            }
        }
    }
    Ok(())
}

/// Appends a list.
pub(crate) fn encode_array(out: &mut Vec<u8>, items: &[Value], keys: Keys) -> Result<(), RpcError> {
    put!(write_array_len, out, length(items.len())?);
    items.iter().try_for_each(|item| encode_value(out, item, keys))
}

fn length(length: usize) -> Result<u32, RpcError> {
    u32::try_from(length)
        .map_err(|_| RpcError::new(ErrorKind::ResourceExhausted, "msgpack has no values beyond 4 GiB"))
}

fn check_key(key: &Value, keys: Keys) -> Result<(), RpcError> {
    match key {
        Value::String(_) | Value::Bytes(_) => return Ok(()),
        Value::Int(_) | Value::Uint(_) if keys == Keys::Integers => return Ok(()),
        _ => {}
    }
    let message =
        format!("a map key is {}; the map keys that the peer reads are strings or bytes", key.kind());
    Err(RpcError::invalid_params(message))
}

/// The shortest form, as Python's packer chooses it.
fn encode_timestamp(out: &mut Vec<u8>, time: Timestamp) {
    let (seconds, nanos) = (time.seconds, time.nanos);
    match u64::try_from(seconds).ok().filter(|seconds| seconds >> 34 == 0) {
        Some(seconds) if nanos == 0 && seconds >> 32 == 0 => {
            put!(write_ext_meta, out, 4, TIMESTAMP);
            out.extend_from_slice(&(seconds as u32).to_be_bytes());
        }
        Some(seconds) => {
            put!(write_ext_meta, out, 8, TIMESTAMP);
            out.extend_from_slice(&(u64::from(nanos) << 34 | seconds).to_be_bytes());
        }
        None => {
            put!(write_ext_meta, out, 12, TIMESTAMP);
            out.extend_from_slice(&nanos.to_be_bytes());
            out.extend_from_slice(&seconds.to_be_bytes());
        }
    }
}
