//! Text that is not quite Unicode. Go puts U+FFFD in its place; serde_json would refuse it.

use std::borrow::Cow;

/// JSON text with U+FFFD wherever bytes are not UTF-8, or an escaped surrogate has no partner.
pub(crate) fn repaired(json: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(json);
    if memchr::memmem::find(json, b"\\u").is_none() {
        return text;
    }
    let lone = lone_surrogates(text.as_bytes());
    if lone.is_empty() {
        return text;
    }
    let mut text = text.into_owned();
    for at in lone {
        text.replace_range(at..at + 6, "\\ufffd");
    }
    Cow::Owned(text)
}

/// Where `\uD8xx` has no `\uDCxx` after it, or the other way round.
fn lone_surrogates(json: &[u8]) -> Vec<usize> {
    let mut lone = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json[at..]) {
        at += found;
        match (escaped(json, at), escaped(json, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                lone.push(at);
                at += 6;
            }
            (Some(_), _) => at += 6,
            // Another escape: its second byte may be a backslash too.
            (None, _) => at += 2,
        }
        if at >= json.len() {
            break;
        }
    }
    lone
}

/// The number of the `\uXXXX` that begins here.
fn escaped(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_broken_is_replaced() {
        for (json, expected) in [
            (r#""\ud83e\udd80 \u00e9""#, r#""\ud83e\udd80 \u00e9""#),
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\udc00\ud800\ud83e\udd80""#, r#""\ufffd\ufffd\ud83e\udd80""#),
            (r#""\\ud800\n""#, r#""\\ud800\n""#),
            (r#""\"#, r#""\"#),
        ] {
            assert_eq!(repaired(json.as_bytes()), expected);
        }
        assert_eq!(repaired(b"\"\xFF\""), "\"\u{FFFD}\"");
    }
}
