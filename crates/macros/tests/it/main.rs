//! Types made by `#[message]`, as wires read and write them.

use manywire_core::{Shape, Value, from_value, message, to_value};

#[message(rename_all = "PascalCase")]
#[derive(Debug, PartialEq)]
struct Shipment {
    crates_on_board: i64,
    note: Option<String>,
    #[manywire(rename = "By")]
    carrier: Carrier,
    #[serde(default)]
    weight: f64,
}

#[message(rename_all = "lowercase")]
#[derive(Debug, PartialEq)]
enum Carrier {
    Ship,
    #[manywire(rename = "rail")]
    Train,
}

#[message]
#[derive(Debug, PartialEq)]
struct Page<T> {
    items: Vec<T>,
}

#[test]
fn fields_and_variants_have_the_names_that_were_asked_for() {
    let shipment = Shipment { crates_on_board: 3, note: None, carrier: Carrier::Train, weight: 0.5 };
    let value = to_value(&shipment).unwrap();
    assert_eq!(value.get("CratesOnBoard"), Some(&3.into()));
    assert_eq!(value.get("By"), Some(&"rail".into()));
    assert_eq!(from_value::<Shipment>(value).unwrap(), shipment);
}

#[test]
fn what_is_optional_may_be_left_out() {
    let value = Value::map([("CratesOnBoard", 1.into()), ("By", "ship".into())]);
    let expected = Shipment { crates_on_board: 1, note: None, carrier: Carrier::Ship, weight: 0.0 };
    assert_eq!(from_value::<Shipment>(value).unwrap(), expected);
}

#[test]
fn a_message_tells_its_shape() {
    let shape = Shape::of::<Page<Shipment>>().to_string();
    assert_eq!(shape, "{items: [{CratesOnBoard: int, Note: string?, By: string, Weight: float}]}");
}
