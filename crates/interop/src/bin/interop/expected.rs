//! What must come of a call, and how an answer departs from it.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::agree::{Precision, difference, short};

/// What must come of a call.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    Value(Json),
    Items(Vec<Json>),
    /// However it is cut into items, this is what one field of them makes when joined.
    Joined {
        field: String,
        whole: Json,
    },
    Error(ExpectedError),
}

/// What of an error is looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    text: Option<String>,
    contains: Option<String>,
    code: Option<i64>,
    name: Option<String>,
}

impl Expected {
    /// How an answer departs from it; none where it does not.
    pub(crate) fn difference(&self, answer: &Json, precision: Precision) -> Option<String> {
        match (self, answer.get("value"), answer.get("items"), answer.get("error")) {
            (Expected::Value(value), Some(got), None, None) => difference(value, got, precision),
            (Expected::Items(items), None, Some(got), None) => {
                difference(&Json::Array(items.clone()), got, precision)
            }
            (Expected::Joined { field, whole }, None, Some(got), None) => {
                difference(whole, &join(field, got, precision), precision)
            }
            (Expected::Error(error), None, None, Some(got)) => error.difference(got, precision),
            (expected, ..) => Some(format!("expected {}, got {}", expected.told(), short(answer))),
        }
    }

    /// The same where a client shows the message around a value.
    pub(crate) fn in_messages(&self) -> Self {
        let around = |value: &Json| json!({ "value": value });
        match self {
            Expected::Value(value) => Expected::Value(around(value)),
            Expected::Items(items) => Expected::Items(items.iter().map(around).collect()),
            other => other.clone(),
        }
    }

    fn told(&self) -> String {
        match self {
            Expected::Value(value) => short(value),
            Expected::Items(items) => format!("a stream of {}", items.len()),
            Expected::Joined { field, .. } => format!("a stream of {field}"),
            Expected::Error(error) => error.told(),
        }
    }
}

impl ExpectedError {
    fn told(&self) -> String {
        let parts = [
            self.text.as_ref().map(|text| format!("the text {text:?}")),
            self.contains.as_ref().map(|part| format!("{part:?} in its text")),
            self.code.map(|code| format!("the code {code}")),
            self.name.as_ref().map(|name| format!("the name {name}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("an error with {}", parts.join(" and "))
    }

    fn difference(&self, got: &Json, precision: Precision) -> Option<String> {
        let text = got["text"].as_str().unwrap_or_default();
        let is_as_expected = self.text.as_ref().is_none_or(|wanted| wanted == text)
            && self.contains.as_ref().is_none_or(|part| text.contains(part))
            && self.code.is_none_or(|code| got["code"].as_i64() == Some(code))
            // A command prints the text of an error and its code.
            && (precision.is_plain() && got["name"].is_null()
                || self.name.as_ref().is_none_or(|name| got["name"].as_str() == Some(name)));
        (!is_as_expected).then(|| format!("expected {}, got {}", self.told(), short(got)))
    }
}

/// One field of every item, joined: texts, or bytes in hex.
fn join(field: &str, items: &Json, precision: Precision) -> Json {
    let parts: Vec<&Json> =
        items.as_array().into_iter().flatten().filter_map(|item| item.get(field)).collect();
    if parts.iter().any(|part| part.get("$bytes").is_some()) {
        let hex: String = parts.iter().filter_map(|part| part["$bytes"].as_str()).collect();
        return json!({ "$bytes": hex });
    }
    if precision == Precision::Plain {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let parts = parts.iter().filter_map(|part| STANDARD.decode(part.as_str()?).ok());
        return json!(STANDARD.encode(parts.collect::<Vec<_>>().concat()));
    }
    json!(parts.iter().filter_map(|part| part.as_str()).collect::<String>())
}
