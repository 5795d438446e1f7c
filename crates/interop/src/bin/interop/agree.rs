//! Whether a peer's answer is the value that a case expects.

use manywire_interop::answers::tag;
use serde_json::{Map, Value as Json};

/// What a peer's JSON cannot tell apart, and so is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// Nothing: every value has its tag.
    Exact,
    /// Integers and floats: the peer's language has one type of number.
    OneNumber,
    /// Tags: the values are as JSON has them, bytes in base64, dates and floats that are no numbers as texts.
    Plain,
    /// The same, and fields of a message that have their default, which the case leaves out.
    PlainWithDefaults,
}

impl Precision {
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Precision::Plain | Precision::PlainWithDefaults)
    }
}

/// Where, and how, an answer departs from what was expected; none where it does not.
pub(crate) fn difference(expected: &Json, got: &Json, precision: Precision) -> Option<String> {
    let mut place = String::new();
    compare(expected, got, precision, &mut place)
}

fn compare(expected: &Json, got: &Json, precision: Precision, place: &mut String) -> Option<String> {
    if let Some(("$any", wanted)) = tag(expected) {
        let is_one = is_any(wanted.as_str().unwrap_or_default(), got, precision);
        return (!is_one).then(|| told(wanted, got, place));
    }
    if precision.is_plain()
        && let Some(("$pairs", pairs)) = tag(got)
    {
        return compare(expected, &with_text_keys(pairs), precision, place);
    }
    match (expected, got) {
        (Json::Array(wanted), Json::Array(items)) => {
            if wanted.len() != items.len() {
                let lengths = format!("{} items, got {}", wanted.len(), items.len());
                return Some(format!("{}expected {lengths}", at(place)));
            }
            wanted.iter().zip(items).enumerate().find_map(|(index, (wanted, item))| {
                inside(place, &format!("[{index}]"), |place| compare(wanted, item, precision, place))
            })
        }
        (Json::Object(wanted), Json::Object(fields)) if tag(expected).is_none() => {
            compare_fields(wanted, fields, precision, place)
        }
        _ => (!is_same(expected, got, precision)).then(|| told(expected, got, place)),
    }
}

fn compare_fields(
    wanted: &Map<String, Json>,
    fields: &Map<String, Json>,
    precision: Precision,
    place: &mut String,
) -> Option<String> {
    let name = |key: &String| if precision.is_plain() { camel_case(key) } else { key.clone() };
    let mut left: Map<String, Json> = fields.iter().map(|(key, value)| (name(key), value.clone())).collect();
    for (key, wanted) in wanted {
        let Some(value) = left.remove(&name(key)) else {
            return Some(format!("{}{key} is missing", at(place)));
        };
        let found = inside(place, &format!(".{key}"), |place| compare(wanted, &value, precision, place));
        if found.is_some() {
            return found;
        }
    }
    if precision == Precision::PlainWithDefaults {
        left.retain(|_, value| !is_default(value));
    }
    let (key, value) = left.iter().next()?;
    Some(format!("{}unexpected {key}: {}", at(place), short(value)))
}

/// JSON's keys are texts, and so protobuf's JSON has the integers of a map as texts too.
fn with_text_keys(pairs: &Json) -> Json {
    let pairs = pairs.as_array().into_iter().flatten();
    let key =
        |key: &Json| tag(key).map_or_else(|| text(key), |(_, content)| text(content)).unwrap_or_default();
    Json::Object(pairs.map(|pair| (key(&pair[0]), pair[1].clone())).collect())
}

/// Protobuf's JSON has `lowerCamelCase` names, or those of the proto, as its writer likes.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn is_same(expected: &Json, got: &Json, precision: Precision) -> bool {
    match (tag(expected), tag(got)) {
        (Some(("$pairs", wanted)), Some(("$pairs", pairs))) => difference(wanted, pairs, precision).is_none(),
        (Some(("$float", wanted)), Some(("$float", float))) => same_float(wanted, float),
        (Some(("$int", wanted)), Some(("$float", number))) if precision == Precision::OneNumber => {
            same_integer(wanted, number)
        }
        (Some((kind, wanted)), None) if precision.is_plain() => is_plain(kind, wanted, got),
        _ => expected == got,
    }
}

/// Whether this is what a field of protobuf holds that was not set.
fn is_default(value: &Json) -> bool {
    match (tag(value), value) {
        (Some((_, content)), _) => matches!(content.as_str(), Some("0" | "0.0" | "")),
        (None, Json::String(text)) => text.is_empty() || text == "0" || text.ends_with("_UNSPECIFIED"),
        (None, Json::Number(number)) => number.as_f64() == Some(0.0),
        (None, Json::Array(items)) => items.is_empty(),
        (None, Json::Object(fields)) => fields.is_empty(),
        (None, Json::Bool(is_true)) => !is_true,
        (None, Json::Null) => true,
    }
}

fn same_float(wanted: &Json, got: &Json) -> bool {
    match (float(wanted), float(got)) {
        (Some(wanted), Some(got)) => wanted.to_bits() == got.to_bits() || wanted.is_nan() && got.is_nan(),
        _ => false,
    }
}

/// Whether a float is exactly this integer, which it cannot be for most of more than 53 bits.
fn same_integer(wanted: &Json, got: &Json) -> bool {
    let wanted: Option<i128> = text(wanted).and_then(|text| text.parse().ok());
    let whole = float(got).filter(|float| float.fract() == 0.0 && float.abs() < 1e20);
    wanted.is_some() && wanted == whole.map(|float| float as i128)
}

fn float(value: &Json) -> Option<f64> {
    text(value)?.parse().ok()
}

/// A tag's content, or a plain number or text, as text.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_plain(kind: &str, wanted: &Json, got: &Json) -> bool {
    match kind {
        "$int" => text(got) == text(wanted),
        "$float" => same_float(wanted, got),
        "$bytes" => got.as_str().is_some_and(|got| hex_of_base64(got).as_deref() == wanted.as_str()),
        "$date" => got == wanted,
        _ => false,
    }
}

fn hex_of_base64(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn is_any(kind: &str, got: &Json, precision: Precision) -> bool {
    let tagged = |kind: &str| tag(got).is_some_and(|(found, _)| found == kind);
    match kind {
        "string" => got.is_string(),
        "digits" => {
            got.as_str().is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        }
        "int" => tagged("$int") || precision.is_plain() && (got.is_i64() || got.is_u64()),
        "float" => match precision {
            Precision::Exact => tagged("$float"),
            Precision::OneNumber => tagged("$float"),
            Precision::Plain | Precision::PlainWithDefaults => tagged("$float") || got.is_number(),
        },
        "list" => got.is_array(),
        "map" => got.is_object() && tag(got).is_none(),
        _ => false,
    }
}

fn inside<T>(place: &mut String, step: &str, look: impl FnOnce(&mut String) -> T) -> T {
    let length = place.len();
    place.push_str(step);
    let found = look(place);
    place.truncate(length);
    found
}

fn at(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("at {place}: ") }
}

fn told(expected: &Json, got: &Json, place: &str) -> String {
    format!("{}expected {}, got {}", at(place), short(expected), short(got))
}

/// A value as people can read it, its middle left out where it is long.
pub(crate) fn short(value: &Json) -> String {
    const SHOWN: usize = 120;
    let text = match tag(value) {
        Some(("$int" | "$float", number)) => text(number).unwrap_or_default(),
        _ => value.to_string(),
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    let head: String = text.chars().take(SHOWN / 2).collect();
    format!("{head}… ({} bytes)", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn agree(expected: &Json, got: &Json, precision: Precision) -> bool {
        difference(expected, got, precision).is_none()
    }

    #[test]
    fn exact_values_keep_their_types() {
        let one = json!({"$int": "1"});
        assert!(agree(&one, &one, Precision::Exact));
        assert!(!agree(&one, &json!({"$float": "1.0"}), Precision::Exact));
        assert!(!agree(&one, &json!(1), Precision::Exact));
        assert!(!agree(&json!({"$float": "0.0"}), &json!({"$float": "-0.0"}), Precision::Exact));
        assert!(agree(&json!({"$float": "NaN"}), &json!({"$float": "nan"}), Precision::Exact));
        assert!(agree(&json!({"$float": "1e300"}), &json!({"$float": "1e+300"}), Precision::Exact));
    }

    #[test]
    fn one_type_of_number_is_compared_by_value() {
        assert!(agree(&json!({"$int": "1"}), &json!({"$float": "1"}), Precision::OneNumber));
        assert!(!agree(&json!({"$int": "1"}), &json!({"$float": "1.5"}), Precision::OneNumber));
        let greatest = json!({"$int": "9223372036854775807"});
        assert!(!agree(&greatest, &json!({"$float": "9223372036854775807"}), Precision::OneNumber));
        let least = json!({"$int": "-9223372036854775808"});
        assert!(agree(&least, &json!({"$float": "-9223372036854776000"}), Precision::OneNumber));
    }

    #[test]
    fn plain_json_is_read_by_what_was_expected() {
        let expected =
            json!({"int64_value": {"$int": "-5"}, "bytes_value": {"$bytes": "00ff"}, "x": {"$float": "NaN"}});
        assert!(agree(
            &expected,
            &json!({"int64Value": "-5", "bytesValue": "AP8=", "x": "NaN"}),
            Precision::Plain
        ));
        let pairs = json!({"$pairs": [[{"$int": "-6"}, "x"]]});
        assert!(agree(&json!({"-6": "x"}), &pairs, Precision::Plain));
        assert!(!agree(&json!({"-6": "x"}), &pairs, Precision::Exact));
        assert!(!agree(
            &expected,
            &json!({"int64Value": "-6", "bytesValue": "AP8=", "x": "NaN"}),
            Precision::Plain
        ));
    }

    #[test]
    fn defaults_may_be_shown_where_the_client_shows_them() {
        let got = json!({"a": 0, "b": "", "c": [], "d": {"$int": "5"}});
        let expected = json!({"d": {"$int": "5"}});
        assert!(agree(&expected, &got, Precision::PlainWithDefaults));
        assert!(!agree(&expected, &got, Precision::Plain));
        assert!(!agree(&json!({}), &got, Precision::PlainWithDefaults));
    }

    #[test]
    fn a_difference_says_where() {
        let expected = json!({"a": [{"$int": "1"}, "x"]});
        let got = json!({"a": [{"$int": "1"}, "y"]});
        assert_eq!(
            difference(&expected, &got, Precision::Exact).unwrap(),
            r#"at .a[1]: expected "x", got "y""#
        );
        assert_eq!(difference(&expected, &json!({}), Precision::Exact).unwrap(), "a is missing");
        let more = json!({"a": [{"$int": "1"}, "x"], "b": true});
        assert_eq!(difference(&expected, &more, Precision::Exact).unwrap(), "unexpected b: true");
    }

    #[test]
    fn any_of_a_kind_will_do() {
        let digits = json!({"$any": "digits"});
        assert!(agree(&digits, &json!("1700000000"), Precision::Exact));
        assert!(!agree(&digits, &json!("17x"), Precision::Exact));
        assert!(!agree(&digits, &json!(""), Precision::Exact));
    }
}
