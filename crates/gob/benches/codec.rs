//! How long a call of `Arith.Multiply` and larger values take to write and to read, beside gobwire in the same run:
//! `cargo bench -p manywire-gob`.

#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::any::TypeId;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use gobwire::Gob;
use manywire_gob::{Decoder, Encoder, Limits};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Gob)]
#[serde(rename_all = "PascalCase")]
struct Request {
    service_method: String,
    seq: u64,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Gob)]
#[serde(rename_all = "PascalCase")]
struct Response {
    service_method: String,
    seq: u64,
    error: String,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Gob)]
#[serde(rename_all = "PascalCase")]
struct Args {
    a: i64,
    b: i64,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Gob)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: i64,
    name: String,
    share: f64,
    active: bool,
}

/// What both codecs can carry.
trait Both: Serialize + DeserializeOwned + gobwire::Encode + gobwire::Decode + Default + 'static {}

impl<T: Serialize + DeserializeOwned + gobwire::Encode + gobwire::Decode + Default + 'static> Both for T {}

/// The best time for one of many, over runs of a thousand.
fn best(mut run: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    const EACH: u32 = 1_000;
    let mut best = Duration::MAX;
    for _ in 0..300 {
        let start = Instant::now();
        for _ in 0..EACH {
            run()?;
        }
        best = best.min(start.elapsed() / EACH);
    }
    Ok(best)
}

/// A header and a body, as each codec writes them the second time on a stream: the types are known by then.
fn pair<H: Both, B: Both>(name: &str, header: &H, body: &B) -> Outcome<()> {
    let limits = Limits::default();
    let (mut encoder, mut out) = (Encoder::new(&limits), Vec::new());
    encoder.encode(header, &mut out)?;
    encoder.encode(body, &mut out)?;
    let definitions = std::mem::take(&mut out);

    let typed = best(|| {
        out.clear();
        encoder.encode(black_box(header), &mut out)?;
        encoder.encode(black_box(body), &mut out)?;
        Ok(())
    })?;
    let erased = best(|| {
        out.clear();
        encoder.encode(black_box(header), &mut out)?;
        let body: &dyn erased_serde::Serialize = black_box(body);
        encoder.encode_as(manywire_gob::TypeKey::Rust(TypeId::of::<B>()), &mut |_| {}, body, &mut out)?;
        Ok(())
    })?;
    let (mut theirs, mut written) = (gobwire::Encoder::new(), Vec::new());
    theirs.encode_into(header, &mut written)?;
    theirs.encode_into(body, &mut written)?;
    let floor = best(|| {
        written.clear();
        theirs.encode_into(black_box(header), &mut written)?;
        theirs.encode_into(black_box(body), &mut written)?;
        Ok(())
    })?;
    println!(
        "{name:<20} {:>6} bytes  write: typed {typed:>9.1?}  erased {erased:>9.1?}  gobwire {floor:>9.1?}",
        out.len()
    );

    let mut decoder = Decoder::new(&limits);
    let mut input = &definitions[..];
    while decoder.next(&mut input)?.is_some() {}
    let typed = best(|| {
        let mut input = black_box(&out[..]);
        let header: H = decoder.next(&mut input)?.ok_or("no header")?.read()?;
        let body: B = decoder.next(&mut input)?.ok_or("no body")?.read()?;
        black_box((header, body));
        Ok(())
    })?;
    let erased = best(|| {
        let mut input = black_box(&out[..]);
        let header: H = decoder.next(&mut input)?.ok_or("no header")?.read()?;
        let mut value = decoder.next(&mut input)?.ok_or("no body")?;
        let body: B =
            erased_serde::deserialize(&mut <dyn erased_serde::Deserializer<'_>>::erase(&mut value))?;
        black_box((header, body));
        Ok(())
    })?;
    let mut theirs = gobwire::Decoder::new();
    let mut read = |mut stream: &[u8]| -> Outcome<Option<(H, B)>> {
        let mut header = None;
        while let Some((width, length)) = gobwire::parse_length_prefix(stream)? {
            let (body, rest) = stream[width..].split_at(length);
            stream = rest;
            if theirs.push_message(body)? == gobwire::Progress::Ready {
                match header.take() {
                    None => header = Some(theirs.decode::<H>()?),
                    Some(header) => return Ok(Some((header, theirs.decode::<B>()?))),
                }
            }
        }
        Ok(None)
    };
    read(&definitions)?;
    let floor = best(|| {
        black_box(read(black_box(&out))?);
        Ok(())
    })?;
    println!(
        "{:<20} {:>6}        read:  typed {typed:>9.1?}  erased {erased:>9.1?}  gobwire {floor:>9.1?}",
        "", ""
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let request = Request { service_method: "Arith.Multiply".into(), seq: 7 };
    let response = Response { service_method: "Arith.Multiply".into(), seq: 7, error: String::new() };
    pair("request, Args", &request, &Args { a: 17, b: 8 })?;
    pair("response, int", &response, &136_i64)?;
    pair("response, text", &response, &"x".repeat(1_000))?;
    let row = |id: i64| Row {
        id,
        name: format!("record & number {id}"),
        share: 0.1 * id as f64,
        active: id % 2 == 0,
    };
    pair("response, 100 rows", &response, &(0..100).map(row).collect::<Vec<_>>())?;
    pair("response, 1000 ints", &response, &(0..1_000_i64).collect::<Vec<_>>())
}
