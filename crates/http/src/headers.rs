//! What travels beside a call's parameters and its answer: metadata in headers, and the caller's deadline.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, HeaderValue};
use manywire_core::{Call, ErrorKind, Metadata, ReadMetadata, RpcError, Terms, current_headers, time_left};

use crate::Response;

/// How many seconds the caller waits for the whole answer, with decimals.
pub const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("request-timeout");

/// The headers of a request, as the metadata of its calls.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a>(pub &'a HeaderMap);

impl<'a> Headers<'a> {
    /// The terms of calls that begin now; an error where the timeout is malformed.
    pub fn terms(&self) -> Result<Terms<'_>, RpcError> {
        // A deadline beyond the end of time is none.
        let deadline = self.timeout()?.and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(Terms { metadata: self, deadline })
    }

    /// How long the caller waits, where it says so.
    pub fn timeout(&self) -> Result<Option<Duration>, RpcError> {
        let Some(value) = self.0.get(REQUEST_TIMEOUT) else { return Ok(None) };
        let timeout = value.to_str().ok().and_then(seconds).ok_or_else(|| {
            let sent = String::from_utf8_lossy(value.as_bytes());
            let message = format!("request-timeout is a number of seconds, such as 2.5; got {sent:?}");
            RpcError::new(ErrorKind::InvalidRequest, message)
        })?;
        Ok(Some(timeout))
    }
}

/// Digits, perhaps with a point among them.
fn seconds(text: &str) -> Option<Duration> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = text.parse::<f64>().ok().filter(|_| is_plain)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

impl ReadMetadata for Headers<'_> {
    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(HeaderValue::as_bytes)
    }

    fn visit(&self, show: &mut dyn FnMut(&str, &[u8])) {
        self.0.iter().for_each(|(name, value)| show(name.as_str(), value.as_bytes()));
    }
}

/// What the transport says, and no method may: where a message ends, and what it is.
const FRAMING: [HeaderName; 10] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Sends what a method wants sent beside its answer. What HTTP cannot carry as a header is left out, and so is what says
/// where the answer ends.
pub fn add_metadata(metadata: &Metadata, headers: &mut HeaderMap) {
    for (name, value) in metadata.iter() {
        let (name, value) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        let header = name.ok().filter(|name| !FRAMING.contains(name)).zip(value.ok());
        let added = header.map(|(name, value)| headers.try_append(name, value));
        if !matches!(added, Some(Ok(_))) {
            tracing::debug!("a method's metadata has an entry that cannot be sent as a header");
        }
    }
}

/// The headers of an answer, as the calls of its request gather them.
#[derive(Debug, Default)]
pub struct AnswerHeaders(Mutex<HeaderMap>);

impl AnswerHeaders {
    /// Adds what a call that has ended wants sent.
    pub fn add(&self, call: &mut Call) {
        let metadata = call.take_metadata();
        if metadata.iter().len() > 0 {
            add_metadata(&metadata, &mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Puts all of them into the answer.
    pub fn put_into(self, answer: &mut Response) {
        let gathered = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !gathered.is_empty() {
            answer.headers_mut().extend(gathered);
        }
    }
}

/// What travels beside the calls of one request and their answers.
#[derive(Clone, Copy)]
pub struct Beside<'r> {
    /// What came with the request.
    pub terms: Terms<'r>,
    /// What goes with its answer, where that has headers.
    pub answer: Option<&'r AnswerHeaders>,
}

impl Beside<'_> {
    /// Takes what a call that has ended wants sent beside its answer.
    pub fn ended(&self, call: &mut Call) {
        if let Some(answer) = self.answer {
            answer.add(call);
        }
    }
}

/// Tells a server what is to go on of the call that this one is made for: some of its headers, and how long its caller still
/// waits, if it said so. For clients.
pub fn hand_on_terms(request: &mut HeaderMap) {
    for (name, value) in current_headers().iter().flat_map(|headers| headers.iter()) {
        // What cannot be sent here has come by a wire that takes more.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
            request.append(name, value);
        }
    }
    if let Some(left) = time_left() {
        // Digits and a point always make a header.
        request.extend(
            HeaderValue::try_from(format!("{:.3}", left.as_secs_f64())).map(|left| (REQUEST_TIMEOUT, left)),
        );
    }
}

#[cfg(test)]
mod tests {
    use manywire_core::hand_on;

    use super::*;

    fn with_timeout(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(REQUEST_TIMEOUT, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_timeout_is_seconds_with_decimals() {
        for (value, millis) in [("2.5", 2_500), ("0", 0), (".25", 250), ("60", 60_000), ("3.", 3_000)] {
            let headers = with_timeout(value);
            let before = Instant::now();
            let deadline = Headers(&headers).terms().unwrap().deadline.unwrap();
            let expected = Duration::from_millis(millis);
            assert!(deadline >= before + expected && deadline <= Instant::now() + expected, "{value}");
        }
        assert_eq!(Headers(&HeaderMap::new()).terms().unwrap().deadline, None);
        let for_ever: &'static str = "9".repeat(400).leak();
        assert_eq!(Headers(&with_timeout(for_ever)).terms().unwrap().deadline, None);
    }

    #[test]
    fn a_malformed_timeout_is_an_invalid_request_that_says_what_came() {
        for value in ["", ".", "-1", "+1", "1e3", "inf", "NaN", "1.2.3", "5s", "1,5", " "] {
            let headers = with_timeout(value);
            let error = Headers(&headers).terms().err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{value}");
            assert!(error.message().ends_with(&format!("got {value:?}")), "{error}");
        }
    }

    #[tokio::test]
    async fn a_deadline_is_handed_on_and_the_nearest_of_several() {
        let told = async || {
            let mut request = HeaderMap::new();
            hand_on_terms(&mut request);
            Headers(&request).timeout().unwrap()
        };
        assert_eq!(told().await, None);
        let (near, far) = (Duration::from_secs(30), Duration::from_secs(60));
        for (outer, inner) in [(near, far), (far, near)] {
            let now = Instant::now();
            let left = hand_on(now + outer, hand_on(now + inner, told())).await.unwrap();
            assert!(left <= near && left > near / 2, "{left:?}");
        }
        assert_eq!(hand_on(Instant::now(), told()).await, Some(Duration::ZERO));
    }

    #[test]
    fn headers_are_metadata_under_names_in_lower_case() {
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("x-trace"), HeaderValue::from_static("7")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        assert_eq!(Headers(&headers).get("x-trace"), Some(&b"7"[..]));
        assert_eq!(Headers(&headers).get("x-other"), None);
        let copy = Metadata::of(&Headers(&headers));
        assert_eq!((copy.iter().len(), copy.text("x-trace")), (2, Some("7")));
    }

    #[test]
    fn only_what_http_can_carry_is_sent_and_nothing_that_frames_the_answer() {
        let mut metadata = Metadata::default();
        for (name, value) in [
            ("X-Cost", "3"),
            ("x-cost", "4"),
            ("Content-Length", "0"),
            ("transfer-encoding", "chunked"),
            ("content-type", "text/html"),
            ("connection", "close"),
            ("two words", "x"),
            ("", "x"),
            ("x-split", "a\r\nset-cookie: b"),
        ] {
            metadata.append(name, value.as_bytes());
        }
        let mut headers = HeaderMap::new();
        add_metadata(&metadata, &mut headers);
        assert_eq!(headers.len(), 2);
        assert!(headers.get_all("x-cost").iter().eq(["3", "4"]));
    }
}
