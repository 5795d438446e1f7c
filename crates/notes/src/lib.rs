//! The methods of the notes, and the one list that registers them.
//!
//! Each method is a plain async function of typed arguments; no method knows which wire calls it. To add one: write the
//! function, add a line to [`methods`], and every wire serves it.

use std::time::Duration;

use manywire_core::{Context, Methods};

use files::Files;

pub mod arith;
pub mod auth;
pub mod chat;
pub mod files;
pub mod greeter;
pub mod numbers;
pub mod ranges;
pub mod text;
pub mod time;
pub mod transfer;
pub mod types;
pub mod users;
pub mod values;

/// What the methods need to know from the program's settings.
#[derive(Clone)]
pub struct Settings {
    /// The time between two items of a ticking stream.
    pub tick: Duration,
    /// The data directory; without one there are no methods for files.
    pub files: Option<Files>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tick: Duration::from_secs(1), files: None }
    }
}

/// The `.proto` files of the services among the methods, as `scripts/generate` has compiled them.
pub const PROTOS: &[u8] = include_bytes!("protos.bin");

/// Every method of the service, ready for every wire.
pub fn methods(settings: Settings) -> Methods {
    let (mut m, tick) = (Methods::new(), settings.tick);

    m.add("Arith.Multiply", "The product A*B.", arith::multiply).safe();
    m.add("Arith.Divide", "The quotient and the remainder of A/B, truncated as in Go.", arith::divide).safe();
    m.alias("MathService.Multiply", "Arith.Multiply");
    m.add("h.Hello", "hello, and what was given.", text::hello_go).safe();
    m.add("js.J", "123, and what was given.", text::j).safe();
    m.alias("Js.J", "js.J");
    m.alias("handler/js.J", "js.J");
    m.add("Demo.Sleep", "Waits so many milliseconds (0 to 60000) and returns the number.", time::demo_sleep);

    m.add("add", "The sum of two numbers; one float makes it a float.", numbers::add).safe();
    m.add("subtract", "The distance between two numbers, |x - y|.", numbers::subtract).safe();
    m.add("multiply", "The product of two numbers; one float makes it a float.", numbers::multiply).safe();
    m.add("divide", "True division: always a float.", numbers::divide).safe();
    m.add("pow", "x to the power of y; a negative y makes it a float.", numbers::pow).safe();
    m.add("getpow", "n to the power of m; a negative m makes it a float.", numbers::getpow).safe();

    m.add("ping", "Returns its parameter as it came.", values::echo).safe();
    m.alias("echo", "ping");
    m.add("hello", "Hello, and the name.", text::hello).safe();
    m.add("listinfo", "The message, announced.", text::listinfo).safe();
    m.add("sleep", "Waits so many milliseconds (0 to 60000) and returns the number.", time::sleep);
    m.add("time", "The seconds since 1970, with a fraction.", time::time).safe();
    m.add(
        "strftime",
        "The local time in the given format, as Python's time.strftime writes it.",
        time::strftime,
    )
    .safe();

    m.add_stream(
        "streaming_range",
        "The numbers of Python's range(fr, to, step), one by one.",
        ranges::streaming_range,
    )
    .safe();
    m.add_stream(
        "ticks",
        "The number of the tick and the Unix time, at every tick.",
        move |_: manywire_core::Empty| time::ticks(tick),
    )
    .safe();

    add_services(&mut m, tick);
    if let Some(files) = settings.files {
        add_files(&mut m, files);
    }
    m.bind(PROTOS);
    m
}

/// The methods of the `.proto` files.
fn add_services(m: &mut Methods, tick: Duration) {
    let say_hello =
        "\"hello \" and the name, or \"你好,\" and the name where accept-language prefers Chinese.";
    m.add("Greeter.SayHello", say_hello, greeter::say_hello).safe();
    m.add_stream(
        "Greeter.GetStream",
        "The Unix time in seconds, twelve times, once per tick.",
        move |_: greeter::StreamReqData| greeter::times(tick),
    )
    .safe();
    m.add_client_stream("Greeter.PutStream", "Counts what the client sends.", greeter::count);
    m.add_two_way(
        "Greeter.AllStream",
        "Says \"I is server\" each tick until the client has no more to say.",
        move |said| greeter::speak(said, tick),
    );
    m.add("UserService.GetUser", "The user of this id, which is a positive number.", users::get_user).safe();
    m.add_two_way("ChatService.TextChat", "One answer for each message, numbered from 0.", chat::answers);
    m.add("TypesService.Echo", "The same message, of every type that proto3 has.", types::echo).safe();
}

fn add_files(m: &mut Methods, files: Files) {
    let stored = files.clone();
    m.add_opened_stream(
        "FileService.DownLoad",
        "A file of the data directory in pieces, each with the file's name.",
        move |context: Context, wanted| transfer::download(files.clone(), context, wanted),
    )
    .safe();
    m.add_client_stream(
        "UpFileService.UpLoad",
        "Stores a file that comes in pieces, the first of which names it.",
        move |context: Context, pieces| transfer::upload(stored.clone(), context, pieces),
    );
}
