//! The cases' tagged values as a command line takes them: plain JSON.

use base64::Engine as _;
use manywire_interop::answers::tag;
use serde_json::{Value as Json, json};

/// A value without tags; an error where plain JSON has no way to say it. Protobuf's JSON has more of them.
pub(crate) fn plain(value: &Json, is_protobuf: bool) -> Result<Json, String> {
    let inside = |value: &Json| plain(value, is_protobuf);
    Ok(match (tag(value), value) {
        (Some((kind, content)), _) => special(kind, content, is_protobuf)?,
        (None, Json::Array(items)) => items.iter().map(inside).collect::<Result<_, _>>()?,
        (None, Json::Object(fields)) => {
            let pairs = fields.iter().map(|(key, value)| Ok((key.clone(), inside(value)?)));
            Json::Object(pairs.collect::<Result<_, String>>()?)
        }
        (None, other) => other.clone(),
    })
}

fn special(kind: &str, content: &Json, is_protobuf: bool) -> Result<Json, String> {
    let text = content.as_str().unwrap_or_default();
    let cannot = |what: &str| Err(format!("a command line of plain JSON cannot say {what}"));
    match kind {
        "$int" => match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(int), _) => Ok(json!(int)),
            (_, Ok(uint)) => Ok(json!(uint)),
            _ => cannot("such an integer"),
        },
        "$float" => match (text.parse::<f64>(), is_protobuf) {
            (Ok(float), _) if float.is_finite() => Ok(json!(float)),
            (Ok(float), true) if float.is_nan() => Ok(json!("NaN")),
            (Ok(float), true) => Ok(json!(if float < 0.0 { "-Infinity" } else { "Infinity" })),
            _ => cannot("floats that are no numbers"),
        },
        "$bytes" if is_protobuf => {
            let digits = text.as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).ok();
            let bytes: Option<Vec<u8>> = digits.map(byte).collect();
            bytes.map_or_else(
                || cannot("these bytes"),
                |bytes| Ok(json!(base64::engine::general_purpose::STANDARD.encode(bytes))),
            )
        }
        "$bytes" => cannot("bytes"),
        "$date" => cannot("dates"),
        _ => cannot("keys that are no texts"),
    }
}
