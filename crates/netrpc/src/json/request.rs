//! A JSON-RPC 1.0 request, with the leniencies of Go's `encoding/json`.

use std::borrow::Cow;

use super::name::is_name_of;
use super::text::{Kind, Text, string};

/// A request as it came; members in any case, unknown ones ignored, the last of several counting.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Cow<'a, str>,
    pub(super) params: Params<'a>,
    pub(super) id: Option<&'a [u8]>,
}

/// The one parameter that Go's methods take.
#[derive(Debug)]
pub(super) enum Params<'a> {
    /// No `params`, or null.
    Missing,
    /// An empty list: the zero value.
    Zero,
    /// The first of a list; Go ignores the others.
    First(Text<'a>),
    /// Something else than a list.
    NoList(Kind),
}

/// A text whose value is no request.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoRequest {
    #[error("a request is an object, and this is {}", .0.name())]
    Kind(Kind),
    #[error("the method of a request is a string, and this is {}", .0.name())]
    Method(Kind),
}

impl<'a> Request<'a> {
    /// Reads a request.
    pub(super) fn read(mut text: Text<'a>) -> Result<Self, NoRequest> {
        let kind = text.kind();
        if kind != Kind::Object {
            return Err(NoRequest::Kind(kind));
        }
        let mut request = Self { method: Cow::Borrowed(""), params: Params::Missing, id: None };
        text.enter();
        while text.next() {
            let name = text.name();
            let mut value = text;
            let raw = text.raw();
            if is_name_of("method", &name) {
                match value.kind() {
                    Kind::String => request.method = string(raw),
                    // Null has no effect on a string.
                    Kind::Null => {}
                    kind => return Err(NoRequest::Method(kind)),
                }
            } else if is_name_of("params", &name) {
                request.params = Params::read(value);
            } else if is_name_of("id", &name) {
                request.id = (value.kind() != Kind::Null).then_some(raw);
            }
        }
        Ok(request)
    }
}

impl<'a> Params<'a> {
    fn read(mut text: Text<'a>) -> Self {
        match text.kind() {
            Kind::Null => Params::Missing,
            Kind::Array => {
                text.enter();
                if text.next() { Params::First(text) } else { Params::Zero }
            }
            kind => Params::NoList(kind),
        }
    }
}
