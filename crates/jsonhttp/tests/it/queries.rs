//! Calls by GET, of methods that only read.

use http::Method;
use manywire_core::Limits;

use crate::client::{ask, get};
use crate::serving::serve;

#[tokio::test]
async fn a_method_that_only_reads_is_called_by_a_link() {
    let address = serve(Limits::default()).await.address;
    for (path, expected) in [
        ("/call/add?a=3&b=2", "5"),
        ("/call/add?a=3&b=2.5", "5.5"),
        ("/call/Arith.Divide?A=17&B=8", r#"{"Quo":2,"Rem":1}"#),
        ("/call/h.Hello?arg=5+%E2%82%AC", r#""hello,5 €""#),
        ("/call/handler%2Fjs.J?arg=%3Cb%3E", r#""123,<b>""#),
        ("/call/strftime?format=%25%25", r#""%""#),
    ] {
        let answer = get(address, path).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, expected), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert!(get(address, "/call/time").await.body.parse::<f64>().unwrap() > 1e9);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_clearly() {
    let address = serve(Limits::default()).await.address;
    for (path, message) in [
        ("/call/add?a=3", "add needs parameter `b`; call it as add(a: number, b: number)"),
        ("/call/add?a=3&b=x", "add: parameter `b`: expected number, got \"x\""),
        ("/call/add", "add(a: number, b: number) takes 2 parameters, got 0"),
        (
            "/call/h.Hello?name=x",
            "h.Hello has no parameter `name`; call it as h.Hello(arg: string) -> string",
        ),
    ] {
        let answer = get(address, path).await;
        assert_eq!(answer.failure(), (400, "invalid_params".to_owned()), "{path}");
        assert_eq!(answer.message(), message);
    }
    assert_eq!(get(address, "/call/test.nan").await.failure(), (500, "internal".to_owned()));
}

#[tokio::test]
async fn a_link_cannot_call_what_may_do_more_than_read() {
    let address = serve(Limits::default()).await.address;
    for (method, path, allow) in [
        (Method::GET, "/call/sleep?ms=1", "POST"),
        (Method::GET, "/call/test.fails?arg=x", "POST"),
        (Method::PUT, "/call/sleep", "POST"),
        (Method::PUT, "/call/add", "GET, POST"),
        (Method::DELETE, "/call/add", "GET, POST"),
        (Method::OPTIONS, "/call/add", "GET, POST"),
    ] {
        let answer = ask(address, method, path, &[], "").await;
        assert_eq!(answer.failure(), (405, "unsupported".to_owned()), "{path}");
        assert_eq!(answer.header("allow"), Some(allow));
    }
    assert_eq!(get(address, "/call/nothing").await.status, 404);
}
