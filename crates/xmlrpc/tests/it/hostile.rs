//! Documents that no one should send: each is refused with the right kind of error, in time that grows with its length.

use manywire_core::{Limits, Value};
use manywire_xmlrpc::{Fault, Flaw, decode_call, decode_response};

use crate::value;

fn flaw(body: &str) -> Flaw {
    decode_call(body.as_bytes(), &Limits::default()).unwrap_err().flaw()
}

#[test]
fn what_is_not_well_formed_is_called_that() {
    for body in [
        "",
        " ",
        "nonsense",
        "{\"jsonrpc\": \"2.0\"}",
        "<methodCall>",
        "<methodCall><methodName>m</methodname></methodCall>",
        "<methodCall><methodName>m</methodName></methodCall><again/>",
        "<methodCall><methodName>m</methodName></methodCall>more",
        "more<methodCall><methodName>m</methodName></methodCall>",
        "<methodCall><methodName>m&unknown;</methodName></methodCall>",
        "<methodCall><methodName>m&#0;</methodName></methodCall>",
        "<methodCall><methodName>m&#xD800;</methodName></methodCall>",
        "<methodCall><methodName>m&#11;</methodName></methodCall>",
        "<methodCall><methodName>m&amp</methodName></methodCall>",
        "<methodCall><methodName>m]]></methodName></methodCall>",
        "<methodCall><methodName>m<!-- -- --></methodName></methodCall>",
        "<methodCall a=b><methodName>m</methodName></methodCall>",
        "<methodCall a='<'><methodName>m</methodName></methodCall>",
        "<methodCall a='1' a='2'><methodName>m</methodName></methodCall>",
        "<methodCall a='&b;'><methodName>m</methodName></methodCall>",
        "<methodCall><>m</></methodCall>",
        "<methodCall><methodName>m</methodName><?xml version='1.0'?></methodCall>",
        "<?xml version='1.0'?><!DOCTYPE methodCall><methodCall><methodName>m</methodName></methodCall>",
        "<methodCall><methodName>m</methodName><![CDATA[</methodCall>",
        "<methodCall><methodName>m</methodName></methodCall><![CDATA[ ]]>",
        "&#32;<methodCall><methodName>m</methodName></methodCall>",
        "<methodCall><methodName>m</methodName></method:Call>",
        "<methodCall></methodCall",
        "<methodCall><methodName>m</methodName><? x?></methodCall>",
        "<?xml encoding='utf-8'?><methodCall><methodName>m</methodName></methodCall>",
        "<methodCall><methodName>m</methodName><1/></methodCall>",
    ] {
        assert_eq!(flaw(body), Flaw::Malformed, "{body}");
    }
}

#[test]
fn entities_are_never_defined() {
    let laughs = "<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>\
        <methodCall><methodName>&b;</methodName></methodCall>";
    let external = "<?xml version='1.0'?><!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\
        <methodCall><methodName>&x;</methodName></methodCall>";
    assert_eq!(flaw(laughs), Flaw::Malformed);
    assert_eq!(flaw(external), Flaw::Malformed);
}

#[test]
fn what_is_no_call_is_called_that() {
    for body in [
        "<html/>",
        "<methodResponse><params><param><value/></param></params></methodResponse>",
        "<methodCall/>",
        "<methodCall><params/></methodCall>",
        "<methodCall><methodName><b>m</b></methodName></methodCall>",
        "<methodCall><methodName>m</methodName><methodName>m</methodName></methodCall>",
        "<methodCall><methodName>m</methodName>text</methodCall>",
        "<methodCall><methodName>m</methodName><params/><params/></methodCall>",
        "<methodCall><methodName>m</methodName><params><value/></params></methodCall>",
        "<methodCall><methodName>m</methodName><params><param/></params></methodCall>",
    ] {
        assert_eq!(flaw(body), Flaw::Message, "{body}");
    }
}

#[test]
fn values_that_do_not_parse_are_called_that() {
    for xml in [
        "<value><int></int></value>",
        "<value><int>1.5</int></value>",
        "<value><int>0x10</int></value>",
        "<value><i8>9223372036854775808</i8></value>",
        "<value><boolean>2</boolean></value>",
        "<value><boolean>True</boolean></value>",
        "<value><double>1,5</double></value>",
        "<value><double/></value>",
        "<value><dateTime.iso8601>19980230T00:00:00</dateTime.iso8601></value>",
        "<value><base64>****</base64></value>",
        "<value><nil>x</nil></value>",
        "<value><unheard-of>1</unheard-of></value>",
        "<value><int><int>1</int></int></value>",
        "<value>text<int>1</int></value>",
        "<value><int>1</int>text</value>",
        "<value><int>1</int><int>2</int></value>",
        "<value><array/></value>",
        "<value><array><data><int>1</int></data></array></value>",
        "<value><array><data/><data/></array></value>",
        "<value><array><data>text</data></array></value>",
        "<value><struct><member><value/></member></struct></value>",
        "<value><struct><member><name>a</name></member></struct></value>",
        "<value><struct><name>a</name><value/></struct></value>",
        "<value><struct><member><name>a</name><value/><value/></member></struct></value>",
    ] {
        assert_eq!(value(xml).unwrap_err().flaw(), Flaw::Value, "{xml}");
    }
}

#[test]
fn an_error_shows_little_of_what_was_sent() {
    let long = "x".repeat(1 << 20);
    for xml in [
        format!("<value><int>{long}</int></value>"),
        format!("<value><{long}/></value>"),
        format!("<value><int>1</{long}></value>"),
        format!("<value a='1' {long}='2' {long}='3'/>"),
    ] {
        let fault = Fault::from(value(&xml).unwrap_err());
        assert!(fault.message.len() < 400, "{}", fault.message.len());
    }
}

#[test]
fn a_document_cut_anywhere_is_not_well_formed() {
    let body = "<?xml version='1.0' encoding='utf-8'?><!-- c --><methodCall><methodName>m</methodName><params><param><value>\
        <struct><member><name>a</name><value><array><data><value>é&amp;<![CDATA[x]]></value><value><int>1</int></value>\
        </data></array></value></member></struct></value></param></params></methodCall>"
        .as_bytes();
    assert!(decode_call(body, &Limits::default()).is_ok());
    for end in 0..body.len() {
        let error = decode_call(&body[..end], &Limits::default()).unwrap_err();
        assert_eq!(error.flaw(), Flaw::Malformed, "{end}");
    }
}

fn arrays(depth: usize) -> String {
    format!("{}<value/>{}", "<value><array><data>".repeat(depth), "</data></array></value>".repeat(depth))
}

#[test]
fn nesting_ends_at_the_limit_and_never_in_an_overflow() {
    let limit = Limits::default().nesting;
    assert!(value(&arrays(limit)).is_ok());
    assert_eq!(value(&arrays(limit + 1)).unwrap_err().flaw(), Flaw::Value);
    assert_eq!(value(&arrays(200_000)).unwrap_err().flaw(), Flaw::Value);
    assert_eq!(flaw(&"<methodCall>".repeat(1_000_000)), Flaw::Message);
}

#[test]
fn attributes_by_the_thousand_are_refused() {
    let many: String = (0..100_000).map(|i| format!(" a{i}=''")).collect();
    assert_eq!(value(&format!("<value{many}/>")).unwrap_err().flaw(), Flaw::Message);
    assert_eq!(flaw(&format!("<methodCall{many}/>")), Flaw::Message);
}

#[test]
fn a_response_is_a_result_or_a_fault() {
    let read = |inner: &str| {
        let body = format!("<methodResponse>{inner}</methodResponse>");
        decode_response(body.as_bytes(), &Limits::default())
    };
    assert_eq!(read("<params><param><value>x</value></param></params>"), Ok(Ok(Value::from("x"))));
    let fault = "<fault><value><struct><member><name>faultCode</name><value><int>4</int></value></member>\
        <member><name>faultString</name><value>Too many</value></member></struct></value></fault>";
    let expected = Fault { code: 4, message: "Too many".into() };
    assert_eq!(read(fault), Ok(Err(expected)));
    for inner in [
        "",
        "<params/>",
        "<fault/>",
        "<fault><value/></fault>",
        "<params><param><value/></param><param><value/></param></params>",
    ] {
        assert_eq!(read(inner).unwrap_err().flaw(), Flaw::Message, "{inner}");
    }
}
