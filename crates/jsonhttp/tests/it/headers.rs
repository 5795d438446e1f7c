//! What travels beside parameters and answers: headers both ways, and the deadline.

use std::time::Instant;

use manywire_core::Limits;

use crate::client::{post, post_with};
use crate::serving::serve;

#[tokio::test]
async fn a_method_reads_headers_and_sends_some_that_cannot_break_its_answer() {
    let address = serve(Limits::default()).await.address;
    let answer = post_with(address, "/call/test.headers", &[("x-trace", "7")], r#"["x-trace"]"#).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, r#""7""#));
    assert_eq!(answer.header("x-asked"), Some("x-trace"));
    let failed = post(address, "/call/test.headers", r#"["x-none"]"#).await;
    assert_eq!(failed.failure(), (404, "not_found".to_owned()));
    assert_eq!(failed.header("x-asked"), Some("x-none"));
    let split = post(address, "/call/test.headers", "[\"a\\r\\nset-cookie: b\"]").await;
    assert_eq!(
        (split.status.as_u16(), split.header("x-asked"), split.header("set-cookie")),
        (404, None, None)
    );
}

#[tokio::test]
async fn a_deadline_ends_the_call_and_is_known_to_the_method() {
    let address = serve(Limits::default()).await.address;
    let within = [("request-timeout", "30.5")];
    assert_eq!(post_with(address, "/call/test.deadline", &within, "").await.body, "true");
    let began = Instant::now();
    let late = post_with(address, "/call/test.never", &[("request-timeout", "0.05")], "").await;
    assert_eq!(late.failure(), (408, "deadline_exceeded".to_owned()));
    assert!(began.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn a_malformed_deadline_is_refused_before_the_body_is_read() {
    let address = serve(Limits::default()).await.address;
    for value in ["soon", "-1", "1e3", ""] {
        let answer = post_with(address, "/call/add", &[("request-timeout", value)], "no JSON").await;
        assert_eq!(answer.failure(), (400, "invalid_request".to_owned()), "{value}");
        assert!(answer.message().starts_with("request-timeout is a number of seconds"));
    }
}
