//! Published events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manywire_core::{Connection, Dispatch, Limits, Methods, Metrics, Shutdown, Value};
use manywire_zerorpc::{Publisher, Subscriber};
use tokio::net::TcpListener;

use crate::peers::{run_python, start_python};

async fn publish(publisher: &Publisher) -> (SocketAddr, Shutdown) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
    let (publisher, stop) = (publisher.clone(), shutdown.clone());
    tokio::spawn(async move {
        let limits = Arc::new(Limits::default());
        let dispatch = Dispatch::new("zerorpc-pub", Arc::new(Methods::new()), &Metrics::new());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = Connection::new(dispatch.session(&limits), limits.clone(), stop.drain());
            let open = stop.track();
            let serving = manywire_zerorpc::serve_events(stream, connection, publisher.clone());
            tokio::spawn(async move {
                serving.await;
                drop(open);
            });
        }
    });
    (address, shutdown)
}

fn ticking() -> Publisher {
    let publisher = Publisher::new();
    let ticker = publisher.clone();
    tokio::spawn(async move { ticker.tick(Duration::from_millis(10)).await });
    publisher
}

#[tokio::test]
async fn python_subscribers_hear_every_tick() {
    let (address, _shutdown) = publish(&ticking()).await;
    let script = r#"
class Listener(zerorpc.Subscriber):
    def __init__(self):
        super(Listener, self).__init__()
        self.heard = []
    def tick(self, n, unix_seconds):
        assert isinstance(n, int) and abs(unix_seconds - time.time()) < 5
        self.heard.append(n)
        if len(self.heard) == 50:
            self.stop()

listeners = [Listener(), Listener()]
for listener in listeners:
    listener.connect(sys.argv[1])
for task in [gevent.spawn(listener.run) for listener in listeners]:
    try:
        task.get(timeout=20)
    except gevent.GreenletExit:
        pass
for listener in listeners:
    first = listener.heard[0]
    assert listener.heard[:50] == list(range(first, first + 50)), listener.heard
"#;
    run_python(script, &format!("tcp://{address}")).await;
}

#[tokio::test]
async fn a_prefix_selects_events() {
    let publisher = Publisher::new();
    let (address, _shutdown) = publish(&publisher).await;
    let noise = publisher.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(Duration::from_millis(5));
        for n in 0.. {
            interval.tick().await;
            noise.publish(if n % 2 == 0 { "even" } else { "odd" }, &[Value::Int(n)]).unwrap();
        }
    });
    // Events begin with their headers, so a prefix that tells events apart would have to contain an id.
    let script = r#"
import zmq
context = zmq.Context()
nothing, everything = context.socket(zmq.SUB), context.socket(zmq.SUB)
nothing.subscribe(b"\x93\x83")
everything.subscribe(b"\x93\x82\xaamessage_id")
for socket in (nothing, everything):
    socket.rcvtimeo = 10000
    socket.connect(sys.argv[1])
heard = [msgpack.unpackb(everything.recv()) for _ in range(20)]
assert [event[1] for event in heard[:2]] in (["even", "odd"], ["odd", "even"])
assert all(event[0]["v"] == 3 and len(event[0]["message_id"]) == 32 for event in heard)
nothing.rcvtimeo = 100
try:
    assert not nothing.recv()
except zmq.Again:
    pass
everything.unsubscribe(b"\x93\x82\xaamessage_id")
everything.rcvtimeo = 300
deadline = time.time() + 10
while True:
    assert time.time() < deadline
    try:
        everything.recv()
    except zmq.Again:
        break
context.destroy(linger=0)
"#;
    run_python(script, &format!("tcp://{address}")).await;
}

#[tokio::test]
async fn our_subscriber_hears_a_python_publisher() {
    let script = r#"
publisher = zerorpc.Publisher()
publisher.bind("tcp://127.0.0.1:0")
print(publisher._events._socket.getsockopt(zerorpc.zmq.LAST_ENDPOINT).decode().rstrip("\0"), flush=True)
while True:
    publisher.news("text", 5)
    gevent.sleep(0.01)
"#;
    let Some(mut python) = start_python(script, "") else {
        return;
    };
    let mut lines = {
        use tokio::io::AsyncBufReadExt as _;
        tokio::io::BufReader::new(python.stdout.take().unwrap()).lines()
    };
    let address = lines.next_line().await.unwrap().unwrap();
    let mut subscriber = Subscriber::connect(&address, &Limits::default()).await.unwrap();
    for _ in 0..5 {
        let event = subscriber.next().await.unwrap();
        assert_eq!((event.name.as_str(), event.args), ("news", vec!["text".into(), 5.into()]));
    }
    python.kill().await.unwrap();
    while subscriber.next().await.is_ok() {}
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_misses_events_and_disturbs_nobody() {
    let publisher = Publisher::new();
    let (address, _shutdown) = publish(&publisher).await;
    let limits = Limits::default();
    let connect = async || {
        let mut subscriber = Subscriber::connect(&address.to_string(), &limits).await.unwrap();
        // Subscriptions take effect when they arrive.
        loop {
            publisher.publish("probe", &[]).unwrap();
            let probe = tokio::time::timeout(Duration::from_millis(50), subscriber.next());
            if probe.await.is_ok() {
                return subscriber;
            }
        }
    };
    let (mut lazy, mut eager) = (connect().await, connect().await);
    let bulk = Value::Bytes(vec![0; 10_000]);
    let count = 5000;
    let mut heard = 0;
    for n in 0..count {
        publisher.publish("bulk", &[Value::Int(n), bulk.clone()]).unwrap();
        while heard <= n {
            let event = eager.next().await.unwrap();
            if event.name == "bulk" {
                assert_eq!(event.args[0], Value::Int(heard));
                heard += 1;
            }
        }
    }
    publisher.publish("end", &[]).unwrap();
    let mut late = 0;
    while lazy.next().await.unwrap().name != "end" {
        late += 1;
    }
    assert!(late < count, "nothing was missed: {late}");
}

#[tokio::test]
async fn subscribers_do_not_hold_up_a_shutdown() {
    let (address, shutdown) = publish(&ticking()).await;
    let mut subscriber = Subscriber::connect(&address.to_string(), &Limits::default()).await.unwrap();
    assert_eq!(subscriber.next().await.unwrap().name, "tick");
    assert_eq!(shutdown.finish(Duration::from_secs(10)).await, 0);
}
