//! What Python's `xmlrpc.client` wrote, recorded by `tests/vectors/record.py`; and the forms of other writers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use manywire_core::{Limits, Timestamp, Value};
use manywire_xmlrpc::decode_call;
use serde_json::Value as Json;

use crate::value;

fn untagged(tagged: &Json) -> Value {
    let (kind, content) = tagged.as_object().unwrap().iter().next().unwrap();
    let list = || content.as_array().unwrap().iter();
    match kind.as_str() {
        "nil" => Value::Null,
        "boolean" => content.as_bool().unwrap().into(),
        "int" => content.as_i64().unwrap().into(),
        "double" => Value::Float(content.as_str().unwrap().parse().unwrap()),
        "string" => content.as_str().unwrap().into(),
        "base64" => Value::Bytes(BASE64.decode(content.as_str().unwrap()).unwrap()),
        "dateTime" => Value::Timestamp(Timestamp {
            seconds: content[0].as_i64().unwrap(),
            nanos: 0,
            offset: content[1].as_i64().map(|offset| offset.try_into().unwrap()),
        }),
        "array" => Value::Array(list().map(untagged).collect()),
        "struct" => Value::map(list().map(|member| (member[0].as_str().unwrap(), untagged(&member[1])))),
        other => panic!("an unknown tag {other}"),
    }
}

#[test]
fn what_python_wrote_is_read() {
    let lines = include_str!("../vectors/python-3.11.jsonl").lines();
    let mut read = 0;
    for line in lines {
        let vector: Json = serde_json::from_str(line).unwrap();
        let xml = vector["xml"].as_str().unwrap();
        let call = decode_call(xml.as_bytes(), &Limits::default()).unwrap();
        let expected: Vec<Value> = vector["params"].as_array().unwrap().iter().map(untagged).collect();
        assert_eq!(call.name, "some.method");
        assert_eq!(call.params, expected, "{}", vector["name"]);
        read += 1;
    }
    assert_eq!(read, 12);
}

#[test]
fn what_others_write_is_read() {
    let time = |text| Value::Timestamp(Timestamp::parse(text).unwrap());
    for (xml, expected) in [
        ("<value><i1>-128</i1></value>", Value::Int(-128)),
        ("<value><i2>+32767</i2></value>", Value::Int(32_767)),
        ("<value><i4> 7 </i4></value>", Value::Int(7)),
        ("<value><i8>-9223372036854775808</i8></value>", Value::Int(i64::MIN)),
        (
            "<value><ex:i8 xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions'>5</ex:i8></value>",
            Value::Int(5),
        ),
        ("<value><ex:nil/></value>", Value::Null),
        ("<value><biginteger>-9223372036854775808</biginteger></value>", Value::Int(i64::MIN)),
        ("<value><ex:biginteger>18446744073709551615</ex:biginteger></value>", Value::Uint(u64::MAX)),
        ("<value><bigdecimal>0.10</bigdecimal></value>", Value::Float(0.1)),
        ("<value><ex:float>1.5</ex:float></value>", Value::Float(1.5)),
        ("<value><nil></nil></value>", Value::Null),
        ("<value><boolean>true</boolean></value>", Value::Bool(true)),
        ("<value><boolean> 0\n</boolean></value>", Value::Bool(false)),
        ("<value><double>+1.</double></value>", Value::Float(1.0)),
        ("<value><double>inf</double></value>", Value::Float(f64::INFINITY)),
        ("<value>bare &amp; text</value>", "bare & text".into()),
        ("<value> </value>", " ".into()),
        ("<value/>", "".into()),
        ("<value></value>", "".into()),
        ("<value><string/></value>", "".into()),
        ("<value>\n  <string> kept </string>\n</value>", " kept ".into()),
        ("<value><string><![CDATA[<a>&amp;]]>&#x41;&#13;&quot;</string></value>", "<a>&amp;A\r\"".into()),
        ("<value><string>a<!-- no -->b<?pi no?>c</string></value>", "abc".into()),
        ("<value><base64>\n AQ\r\n\tID \n</base64></value>", Value::Bytes(vec![1, 2, 3])),
        ("<value><base64>AQI</base64></value>", Value::Bytes(vec![1, 2])),
        ("<value><base64/></value>", Value::Bytes(vec![])),
        (
            "<value><dateTime.iso8601>19980717T14:08:55</dateTime.iso8601></value>",
            time("1998-07-17T14:08:55"),
        ),
        (
            "<value><dateTime.iso8601>1998-07-17T14:08:55.5+02:00</dateTime.iso8601></value>",
            time("1998-07-17T14:08:55.5+02:00"),
        ),
        ("<value><array><data/></array></value>", Value::Array(vec![])),
        ("<value><struct/></value>", Value::Map(vec![])),
        (
            "<value> <struct> <member> <name/> <value/> </member> <member><name> n </name><value><nil/></value></member></struct> </value>",
            Value::map([("", "".into()), (" n ", Value::Null)]),
        ),
    ] {
        assert_eq!(value(xml).as_ref(), Ok(&expected), "{xml}");
    }
    let Ok(Value::Float(nan)) = value("<value><double>nan</double></value>") else {
        panic!("nan is a double")
    };
    assert!(nan.is_nan());
}

#[test]
fn a_call_may_leave_out_what_is_empty() {
    for xml in [
        "<methodCall><methodName>a.b/c:d_1</methodName></methodCall>",
        "<?xml version='1.0'?><!-- hello -->\n<methodCall>\n<methodName> a.b/c:d_1 </methodName><params/></methodCall>\n<!-- bye -->\n",
        "<methodCall version='1'><methodName>a.b/c:d_1</methodName><params> </params></methodCall>",
    ] {
        let call = decode_call(xml.as_bytes(), &Limits::default()).unwrap();
        assert_eq!((call.name.as_str(), call.params.len()), ("a.b/c:d_1", 0), "{xml}");
    }
}
