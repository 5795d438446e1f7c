//! Calls by POST: what is answered, and what is refused.

use http::Method;
use manywire_core::Limits;

use crate::client::{ask, get, post, post_with};
use crate::serving::serve;

#[tokio::test]
async fn parameters_come_by_name_by_position_or_not_at_all() {
    let address = serve(Limits::default()).await.address;
    for (path, body, expected) in [
        ("/call/add", r#"{"a":3,"b":2}"#, "5"),
        ("/call/add", " [3, 2.5]\n", "5.5"),
        ("/call/Arith.Divide", r#"{"A":17,"B":8}"#, r#"{"Quo":2,"Rem":1}"#),
        ("/call/Arith.Multiply", r#"[{"A":17,"B":8}]"#, "136"),
        ("/call/h.Hello", r#"["x"]"#, r#""hello,x""#),
        ("/call/echo", r#"{"x":null}"#, "null"),
        ("/call/echo", r#"[{"k":[1,-2.5,"é",true,null]}]"#, r#"{"k":[1,-2.5,"é",true,null]}"#),
        ("/call/echo", "[18446744073709551615]", "18446744073709551615"),
        ("/call/test.deadline", "", "false"),
        ("/call/test.deadline", "[]", "false"),
        ("/call/test.deadline", "{}", "false"),
    ] {
        let answer = post(address, path, body).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, expected), "{path} {body}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_name_may_have_dots_slashes_and_percents() {
    let address = serve(Limits::default()).await.address;
    for path in ["/call/handler/js.J", "/call/handler%2Fjs.J", "/call/handler%2fj%73%2eJ", "/call/js%2EJ?x=1"]
    {
        assert_eq!(post(address, path, r#"["x"]"#).await.body, r#""123,x""#, "{path}");
    }
    for (path, message) in [
        ("/call/Add", "no method Add; did you mean add?"),
        ("/call/", "no method "),
        ("/call/add/", "no method add/"),
        ("/call/%C3%A9", "no method é"),
        ("/call/%ff", "the name in the path is not UTF-8, percent-encoded"),
    ] {
        let answer = post(address, path, "[]").await;
        assert_eq!(answer.failure(), (404, "unknown_method".to_owned()), "{path}");
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn each_failure_has_its_status_and_its_kind() {
    let address = serve(Limits::default()).await.address;
    for (path, body, expected) in [
        ("/call/add", "{", (400, "invalid_request")),
        ("/call/add", "[1,2] x", (400, "invalid_request")),
        ("/call/add", "[\"\u{0}\"]", (400, "invalid_request")),
        ("/call/add", "5", (400, "invalid_request")),
        ("/call/add", "null", (400, "invalid_request")),
        ("/call/add", "[1]", (400, "invalid_params")),
        ("/call/add", r#"{"a":1,"c":2}"#, (400, "invalid_params")),
        ("/call/add", r#"["1",2]"#, (400, "invalid_params")),
        ("/call/add", "[9223372036854775807,1]", (400, "overflow")),
        ("/call/add", "[18446744073709551616,1]", (400, "invalid_params")),
        ("/call/Arith.Divide", r#"{"A":1,"B":0}"#, (400, "divide_by_zero")),
        ("/call/sleep", "[-1]", (400, "invalid_value")),
        ("/call/test.fails", r#"["failed"]"#, (400, "failed")),
        ("/call/test.fails", r#"["unauthenticated"]"#, (401, "unauthenticated")),
        ("/call/test.fails", r#"["not_found"]"#, (404, "not_found")),
        ("/call/test.fails", r#"["resource_exhausted"]"#, (429, "resource_exhausted")),
        ("/call/test.fails", r#"["unavailable"]"#, (503, "unavailable")),
        ("/call/test.nan", "", (500, "internal")),
        ("/call/test.panics", "", (500, "internal")),
    ] {
        let answer = post(address, path, body).await;
        assert_eq!(answer.failure(), (expected.0, expected.1.to_owned()), "{path} {body}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn only_json_is_read_so_that_a_page_has_to_ask_first() {
    let address = serve(Limits::default()).await.address;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data"),
        Some("json"),
    ] {
        let headers: Vec<_> = content_type.map(|kind| ("content-type", kind)).into_iter().collect();
        let answer = ask(address, Method::POST, "/call/add", &headers, "[1,2]").await;
        assert_eq!(answer.failure(), (415, "invalid_request".to_owned()), "{content_type:?}");
    }
    let charset = [("content-type", "Application/JSON; charset=utf-8")];
    assert_eq!(ask(address, Method::POST, "/call/add", &charset, "[1,2]").await.body, "3");
}

#[tokio::test]
async fn a_page_of_a_stranger_is_refused_whatever_it_sends() {
    let address = serve(Limits::default()).await.address;
    for (origin, status) in [
        ("https://evil.example", 403),
        ("null", 403),
        ("https://page.example", 200),
        (&*format!("http://{address}"), 200),
    ] {
        let answer = post_with(address, "/call/add", &[("origin", origin)], "[1,2]").await;
        assert_eq!(answer.status, status, "{origin}");
        let answer = ask(address, Method::GET, "/call/add?a=1&b=2", &[("origin", origin)], "").await;
        assert_eq!(answer.status, status, "{origin}");
    }
    let rebound = ask(address, Method::GET, "/call/add?a=1&b=2", &[("host", "evil.example")], "").await;
    assert_eq!(rebound.status, 403);
}

#[tokio::test]
async fn a_page_that_was_named_may_ask_call_and_read() {
    let address = serve(Limits::default()).await.address;
    let origin = ("origin", "https://page.example");
    let asking = [
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, request-timeout"),
    ];
    let welcome = ask(address, Method::OPTIONS, "/call/add", &asking, "").await;
    assert_eq!((welcome.status.as_u16(), &*welcome.body), (204, ""));
    for (name, value) in [
        ("access-control-allow-origin", "https://page.example"),
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "content-type, request-timeout"),
    ] {
        assert_eq!(welcome.header(name), Some(value));
    }
    for (path, status) in [("/call/add", 200), ("/call/nothing", 404)] {
        let answer = post_with(address, path, &[origin], "[1,2]").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.example"));
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    let stranger = [("origin", "https://evil.example"), asking[1]];
    let refused = ask(address, Method::OPTIONS, "/call/add", &stranger, "").await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (403, None));
    let no_page = post(address, "/call/add", "[1,2]").await;
    assert_eq!(no_page.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_method_that_takes_a_stream_names_the_wires_that_can() {
    let served = serve(Limits::default()).await;
    let answer = post(served.address, "/call/test.sum", "[1]").await;
    assert_eq!(answer.failure(), (404, "unsupported".to_owned()));
    assert_eq!(answer.message(), "test.sum takes a stream of requests; call it by gRPC");
    let line = r#"manywire_errors_total{kind="unsupported",method="test.sum",wire="http"} 1"#;
    assert!(served.metrics.render().contains(line));
}

#[tokio::test]
async fn long_answers_are_compressed_and_long_bodies_may_be() {
    let address = serve(Limits::default()).await.address;
    let answer = ask(
        address,
        Method::POST,
        "/call/test.text",
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
        packed(b"[3]"),
    )
    .await;
    assert_eq!(answer.body, r#""xxx""#);
    let unpacked = post(address, "/call/test.text", "[100000]").await;
    assert_eq!((unpacked.body.len(), unpacked.header("content-encoding")), (100_002, None));
    let unknown = [("content-encoding", "br")];
    let answer = post_with(address, "/call/test.text", &unknown, "[3]").await;
    assert_eq!(answer.failure(), (415, "unsupported".to_owned()));
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn the_adder_answers_on_all_other_paths_as_it_always_did() {
    let address = serve(Limits::default()).await.address;
    for (path, status, body) in [
        ("/?a=3&b=2", 200, r#"{"result": 5}"#),
        ("/any/path?a=3", 200, r#"{"result": 3}"#),
        ("/call?a=1&a=2&b=+-5+", 200, r#"{"result": -3}"#),
        ("/", 200, r#"{"result": 0}"#),
        ("/?a=x", 400, r#"{"error":"a must be a 64-bit integer, got \"x\""}"#),
    ] {
        let answer = get(address, path).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (status, body), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let beyond = get(address, "/?a=9223372036854775807&b=1").await;
    assert_eq!(beyond.status, 400);
    let posted = post(address, "/?a=1", "").await;
    assert_eq!((posted.status.as_u16(), posted.header("allow")), (405, Some("GET")));
}
