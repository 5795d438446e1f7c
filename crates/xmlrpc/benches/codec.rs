//! How long a call takes to parse and a result to write, by its size: `cargo bench -p manywire-xmlrpc`.

#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use manywire_core::{Limits, Value};
use manywire_xmlrpc::{decode_call, encode_call, encode_result};

/// The best of many runs, which noise cannot make too small.
fn best(mut run: impl FnMut()) -> Duration {
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let runs = std::iter::repeat_with(once).take(300);
    runs.min().unwrap_or_default()
}

/// A list of records, as a table would be sent.
fn table(bytes: usize) -> Value {
    let record = |i: i64| {
        Value::map([
            ("id", Value::Int(i)),
            ("name", format!("record & number {i}").into()),
            ("share", Value::Float(0.1 * i as f64)),
            ("active", Value::Bool(i % 2 == 0)),
        ])
    };
    let length = |records: i64| {
        encode_result(&Value::Array((0..records).map(record).collect())).map_or(0, |out| out.len())
    };
    let each = length(100) / 100;
    Value::Array((0..(bytes / each) as i64).map(record).collect())
}

fn report(name: &str, param: Value) {
    let params = [param];
    let Ok(body) = encode_call("method", &params) else {
        return println!("{name}: cannot be written");
    };
    let limits = Limits::default();
    let decode = best(|| drop(black_box(decode_call(black_box(&body), &limits))));
    let encode = best(|| drop(black_box(encode_result(black_box(&params[0])))));
    println!("{name:<28} {:>8} bytes   parse {decode:>10.2?}   write {encode:>10.2?}", body.len());
}

/// As `xmlrpc.client` writes it, each element on a line.
fn python_call() -> Vec<u8> {
    let param = |i: i64| format!("<param>\n<value><int>{i}</int></value>\n</param>\n");
    let params = param(2) + &param(3);
    let call = "<?xml version='1.0'?>\n<methodCall>\n<methodName>add</methodName>\n<params>\n";
    format!("{call}{params}</params>\n</methodCall>\n").into_bytes()
}

fn main() {
    report("one integer", 17.into());
    let call = python_call();
    let decode =
        best(|| (0..100).for_each(|_| drop(black_box(decode_call(black_box(&call), &Limits::default())))));
    println!("Python's call of add(2, 3)   {:>8} bytes   parse {:>10.2?}", call.len(), decode / 100);
    for kilobytes in [50, 100, 200, 400] {
        report(&format!("table of {kilobytes} KB"), table(kilobytes * 1000));
    }
    for kilobytes in [100, 200] {
        report(&format!("text of {kilobytes} KB"), "x".repeat(kilobytes * 1000).into());
        report(&format!("text of {kilobytes} KB, escaped"), "a & ".repeat(kilobytes * 125).into());
        report(
            &format!("integers, {kilobytes} KB"),
            Value::Array(vec![Value::Int(12345); kilobytes * 1000 / 31]),
        );
    }
}
