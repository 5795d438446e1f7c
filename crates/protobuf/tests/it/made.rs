//! Messages made from types.

use std::collections::BTreeMap;

use manywire_core::{Empty, Number, Shape, Timestamp, Value};
use manywire_protobuf::{Described, Wanted};
use serde::{Deserialize, Serialize};

use crate::Both;

#[derive(Debug, Serialize, Deserialize)]
struct All {
    flag: bool,
    count: u32,
    small: i8,
    big: u64,
    ratio: f64,
    name: String,
    data: Value,
    number: Number,
    when: Timestamp,
    maybe: Option<i64>,
    maybe_text: Option<String>,
    ints: Vec<i64>,
    texts: Vec<String>,
    table: Vec<Vec<i64>>,
    holes: Vec<Option<i64>>,
    by_name: BTreeMap<String, Inner>,
    by_number: BTreeMap<i64, Vec<f64>>,
    inner: Inner,
    no_inner: Option<Inner>,
    inners: Vec<Inner>,
    choice: Choice,
    tree: Tree,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    a: i64,
    b: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum Choice {
    First,
    Second,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    leaf: i64,
}

fn all() -> All {
    let leaf = |leaf| Some(Box::new(Tree { leaf, ..Tree::default() }));
    All {
        flag: true,
        count: 7,
        small: -3,
        big: 1 << 62,
        ratio: -0.5,
        name: "Zoë".into(),
        data: Value::map([("k", Value::Array(vec![Value::Null, 1.into(), Value::Bytes(vec![0, 255])]))]),
        number: Number::Float(2.0),
        when: Timestamp::utc(-1, 250_000_000),
        maybe: Some(0),
        maybe_text: None,
        ints: vec![0, -1, i64::MAX],
        texts: vec![String::new(), "x".into()],
        table: vec![vec![1, 2], vec![], vec![0]],
        holes: vec![Some(1), None, Some(0)],
        by_name: [("one".to_owned(), Inner { a: 1, b: false })].into(),
        by_number: [(-5, vec![0.5, 0.0])].into(),
        inner: Inner { a: 3, b: true },
        no_inner: None,
        inners: vec![Inner::default(), Inner { a: 0, b: true }],
        choice: Choice::Second,
        tree: Tree { left: leaf(1), right: leaf(2), leaf: 0 },
    }
}

#[test]
fn a_record_of_everything_is_the_same_message_to_prost_reflect() {
    let text = concat!(
        r#"flag:true,count:7,small:-3,big:4611686018427387904,ratio:-0.5,name:"Zo\303\253","#,
        r#"data{map{fields:[{key:"k",value{list{values:[{},{int:1},{bytes:"\000\377"}]}}}]}},"#,
        r#"number{float:2.0},when{seconds:-1,nanos:250000000},maybe:0,"#,
        r#"ints:[0,-1,9223372036854775807],texts:["","x"],table:[{value:[1,2]},{},{value:[0]}],"#,
        r#"holes:[{value:1},{},{value:0}],"#,
        r#"by_name:[{key:"one",value{A:1}}],"#,
        r#"by_number:[{key:-5,value{value:[0.5,0.0]}}],"#,
        r#"inner{A:3,B:true},inners:[{},{B:true}],choice:"Second",tree{left{leaf:1},right{leaf:2}}"#
    );
    let both = Both::made::<All>();
    let told = both.told(&both.write(&all()));
    assert_eq!(told, text);
    both.check(&all(), &told);
}

#[test]
fn a_zero_with_a_sign_keeps_it() {
    let both = Both::made::<f64>();
    let bytes = both.write(&-0.0);
    assert!(both.read::<f64>(&bytes).unwrap().is_sign_negative() && both.write(&0.0).is_empty());
}

#[test]
fn what_is_no_record_is_the_one_field_of_its_message() {
    Both::made::<i64>().check(&7_i64, "value:7");
    Both::made::<i64>().check(&0_i64, "");
    Both::made::<String>().check(&"hello".to_owned(), r#"value:"hello""#);
    Both::made::<Vec<f64>>().check(&vec![0.0, 1.5], "value:[0.0,1.5]");
    Both::made::<Vec<Vec<i64>>>().check(&vec![vec![1], vec![]], "value:[{value:[1]},{}]");
    Both::made::<Option<i64>>().check(&Some(0_i64), "value:0");
    Both::made::<Option<i64>>().check(&None::<i64>, "");
    Both::made::<Number>().check(&Number::Int(0), "value{int:0}");
    Both::made::<Value>().check(&Value::Uint(u64::MAX), "value{uint:18446744073709551615}");
    Both::made::<Value>().check(&Value::Null, "value{}");
    Both::made::<Timestamp>().check(&Timestamp::utc(1, 5), "value{seconds:1,nanos:5}");
    Both::made::<()>().check(&(), "");
    Both::made::<Empty>().check(&Empty {}, "");
}

#[test]
fn maps_with_keys_that_are_no_texts_are_pairs_of_any_values() {
    let map = Value::Map(vec![
        (1.into(), "one".into()),
        ("two".into(), 2.into()),
        (Value::Timestamp(Timestamp::utc(5, 0)), Value::Map(vec![])),
        (Value::Bytes(vec![7]), Value::Null),
        (Value::Bool(true), Value::Float(f64::INFINITY)),
    ]);
    let both = Both::made::<Value>();
    assert_eq!(both.read::<Value>(&both.write(&map)).unwrap(), map);
}

#[test]
fn values_of_every_size_inside_each_other_come_back() {
    let both = Both::made::<Value>();
    let mut value = Value::from("x".repeat(100));
    for depth in 0..60 {
        value = match depth % 3 {
            0 => Value::Array(vec![value, depth.into()]),
            1 => Value::map([("k", value), ("other", "y".repeat(depth as usize * 7).into())]),
            _ => Value::Map(vec![(depth.into(), value)]),
        };
        assert_eq!(both.read::<Value>(&both.write(&value)).unwrap(), value, "{depth} deep");
    }
}

fn described(arguments: &Shape, returns: &Shape) -> Result<String, String> {
    let mut described = Described::new("shop.v1", ["Taken"]);
    let (doc, takes_stream, answers_stream) = ("", false, false);
    described
        .add(Wanted { service: "S", name: "m", doc, arguments, returns, takes_stream, answers_stream })
        .map_err(|misfit| misfit.to_string())?;
    let file = described.file("s.proto");
    Ok(file.message_type.iter().map(prost_types::DescriptorProto::name).collect::<Vec<_>>().join(" "))
}

#[test]
fn messages_have_names_of_their_own() {
    mod other {
        #[derive(serde::Deserialize)]
        pub(super) struct Inner {
            #[expect(dead_code, reason = "only its shape is looked at")]
            c: String,
        }
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Taken {
        x: Inner,
        y: other::Inner,
        z: Inner,
    }
    assert_eq!(described(&Shape::of::<Taken>(), &Shape::of::<Inner>()).unwrap(), "Inner Inner2 Taken2");
}

#[test]
fn a_map_that_protobuf_cannot_say_is_refused_with_its_place() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Odd {
        good: BTreeMap<String, i64>,
        bad: std::collections::HashMap<Choice2, BTreeMap<Timestamp, i64>>,
    }
    #[derive(Deserialize, PartialEq, Eq, Hash)]
    struct Choice2(String);
    assert_eq!(
        described(&Shape::of::<Odd>(), &Shape::Unit).unwrap_err(),
        "field `value` of TimestampMap: the keys of the map are of type timestamp; gRPC has maps with keys that are texts, integers or bools"
            .replace("TimestampMap", "IntMap")
    );
}
