//! Telling apart what a peer sent: one request or a batch, 2.0 or 1.0, a call or a notification.
//!
//! One pass over the text finds the members of a request; their values stay as they were written, so that an id goes
//! back exactly as it came.

use std::borrow::Cow;
use std::fmt;

use manywire_core::RpcError;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{invalid_request, parse_error};

/// Which form of the protocol a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// No `jsonrpc` member, but an `id`.
    V1,
    /// Everything else, well-formed or not.
    V2,
}

/// What one body or one WebSocket message holds.
pub(crate) enum Message<'a> {
    /// One request.
    Single(Result<Request<'a>, Refused<'a>>),
    /// Several requests, each to be read with [`read_request`].
    Batch(Vec<&'a RawValue>),
}

/// A well-formed request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) version: Version,
    /// As it was written; none for a notification.
    pub(crate) id: Option<&'a str>,
    pub(crate) method: Cow<'a, str>,
    pub(crate) params: Option<&'a RawValue>,
}

/// A request that is answered with an error without being looked at further.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) version: Version,
    pub(crate) id: Option<&'a str>,
    pub(crate) error: RpcError,
}

impl From<RpcError> for Refused<'_> {
    fn from(error: RpcError) -> Self {
        Refused { version: Version::V2, id: None, error }
    }
}

/// Reads a message that holds at most `limit` requests.
pub(crate) fn read_message(text: &[u8], limit: usize) -> Message<'_> {
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => match read_batch(text, limit) {
            Ok(batch) => Message::Batch(batch),
            Err(error) => Message::Single(Err(error.into())),
        },
        Some(b'{') => Message::Single(match serde_json::from_slice(text) {
            Ok(members) => check(&members),
            Err(error) => Err(parse_error(error).into()),
        }),
        None => Message::Single(Err(parse_error("the message is empty").into())),
        Some(_) => Message::Single(Err(match serde_json::from_slice::<IgnoredAny>(text) {
            Ok(_) => invalid_request("a request is an object, or an array of objects").into(),
            Err(error) => parse_error(error).into(),
        })),
    }
}

/// Reads one entry of a batch, which is known to be JSON.
pub(crate) fn read_request(entry: &RawValue) -> Result<Request<'_>, Refused<'_>> {
    match serde_json::from_str(entry.get()) {
        Ok(members) => check(&members),
        Err(_) => Err(invalid_request("a request is an object").into()),
    }
}

fn read_batch(text: &[u8], limit: usize) -> Result<Vec<&RawValue>, RpcError> {
    let Batch { entries, count } =
        Batch::read(&mut serde_json::Deserializer::from_slice(text), limit).map_err(parse_error)?;
    match count {
        0 => Err(invalid_request("the batch is empty")),
        _ if count > limit => {
            Err(invalid_request(format!("the batch has {count} requests; send at most {limit} at a time")))
        }
        _ => Ok(entries),
    }
}

fn check<'a>(members: &Members<'a>) -> Result<Request<'a>, Refused<'a>> {
    let &Members { version: said, id, method, params } = members;
    let version = match (said, id) {
        (None, Some(_)) => Version::V1,
        _ => Version::V2,
    };
    let known_id = id.map(RawValue::get).filter(|id| is_id(version, id));
    let refuse = |why: &'static str| Err(Refused { version, id: known_id, error: invalid_request(why) });
    if version == Version::V2 && said.is_none_or(|said| said.get() != r#""2.0""#) {
        return refuse(r#"the member "jsonrpc" must be "2.0""#);
    }
    let Some(method) = method.and_then(text_of).filter(|name| !name.is_empty()) else {
        return refuse(r#"the member "method" must be a string, the method's name"#);
    };
    if params.is_some_and(|params| !params.get().starts_with(['[', '{', 'n'])) {
        return refuse(r#"the member "params" must be an array or an object"#);
    }
    if id.is_some() && known_id.is_none() {
        return refuse(r#"the member "id" must be a string, a number or null"#);
    }
    // jsonrpclib-pelix 1.2 takes an empty string for no id, too.
    let is_notification = version == Version::V1 && matches!(known_id, Some("null" | r#""""#));
    Ok(Request { version, id: known_id.filter(|_| !is_notification), method, params })
}

/// Whether an id may go back to its sender; JSON-RPC 1.0 allows any value.
fn is_id(version: Version, id: &str) -> bool {
    version == Version::V1 || !id.starts_with(['[', '{', 't', 'f'])
}

/// The text of a JSON string.
fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(value.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The members that matter. A repeated one replaces the former, as in Python's and Go's parsers.
#[derive(Default)]
struct Members<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Name>()? {
            let slot = match name {
                Name::Version => &mut members.version,
                Name::Id => &mut members.id,
                Name::Method => &mut members.method,
                Name::Params => &mut members.params,
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier)]
enum Name {
    #[serde(rename = "jsonrpc")]
    Version,
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "method")]
    Method,
    #[serde(rename = "params")]
    Params,
    #[serde(other)]
    Other,
}

/// The entries of an array up to a limit, and how many there are: a batch that is too long costs no memory.
struct Batch<'a> {
    entries: Vec<&'a RawValue>,
    count: usize,
}

impl<'a> Batch<'a> {
    fn read<R: serde_json::de::Read<'a>>(
        deserializer: &mut serde_json::Deserializer<R>,
        limit: usize,
    ) -> serde_json::Result<Self> {
        let batch = deserializer.deserialize_seq(BatchVisitor { limit })?;
        deserializer.end()?;
        Ok(batch)
    }
}

struct BatchVisitor {
    limit: usize,
}

impl<'de> Visitor<'de> for BatchVisitor {
    type Value = Batch<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Batch<'de>, A::Error> {
        let mut entries = Vec::new();
        while entries.len() < self.limit
            && let Some(entry) = seq.next_element()?
        {
            entries.push(entry);
        }
        let mut count = entries.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Batch { entries, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(text: &str) -> Result<Request<'_>, Refused<'_>> {
        match read_message(text.as_bytes(), 3) {
            Message::Single(request) => request,
            Message::Batch(_) => panic!("{text} is no batch"),
        }
    }

    #[test]
    fn ids_stay_as_they_were_written() {
        for id in ["-1", "1.50", "18446744073709551616", r#""a\u0062""#, "null", "1e2"] {
            let text = format!(r#"{{"jsonrpc":"2.0","method":"m","id":{id}}}"#);
            assert_eq!(single(&text).unwrap().id, Some(id));
        }
        for id in ["[1]", "{}", "true"] {
            let text = format!(r#"{{"jsonrpc":"2.0","method":"m","id":{id}}}"#);
            let refused = single(&text).unwrap_err();
            assert_eq!((refused.id, refused.error.kind()), (None, manywire_core::ErrorKind::InvalidRequest));
        }
    }

    #[test]
    fn a_body_without_version_is_1_0_if_it_has_an_id() {
        let call = single(r#"{"method":"m","params":[],"id":[1]}"#).unwrap();
        assert_eq!((call.version, call.id), (Version::V1, Some("[1]")));
        for notification in [r#"{"method":"m","params":[],"id":null}"#, r#"{"method":"m","id":""}"#] {
            assert_eq!(single(notification).unwrap().id, None);
        }
        assert_eq!(single(r#"{"method":"m"}"#).unwrap_err().version, Version::V2);
    }

    #[test]
    fn names_may_be_escaped_and_repeated() {
        let text = r#"{"jsonrpc":"2.0","m\u0065thod":"one","method":"tw\u006f","other":{"id":1}}"#;
        let request = single(text).unwrap();
        assert_eq!((request.method.as_ref(), request.id), ("two", None));
    }

    #[test]
    fn every_truncation_is_a_parse_error() {
        let text = r#"{"jsonrpc":"2.0","method":"m","params":[1.5,"é"],"id":1}"#.as_bytes();
        for end in 0..text.len() {
            let Message::Single(Err(refused)) = read_message(&text[..end], 3) else {
                panic!("{end} bytes were taken for a request");
            };
            assert_eq!(refused.error.code(), Some(-32700), "{end}");
        }
    }

    #[test]
    fn a_long_batch_is_counted_and_not_kept() {
        let text = format!("[{}1]", "1,".repeat(99));
        let Message::Single(Err(refused)) = read_message(text.as_bytes(), 3) else {
            panic!("the batch was taken");
        };
        assert!(refused.error.message().contains("100 requests; send at most 3"));
        assert!(matches!(read_message(b"[1,2,3]", 3), Message::Batch(entries) if entries.len() == 3));
        assert!(
            matches!(read_message(b"[1,2", 3), Message::Single(Err(r)) if r.error.code() == Some(-32700))
        );
    }
}
