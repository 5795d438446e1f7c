//! A service that is a trait: served on every wire, and called by the client that comes with it.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use manywire::{Answers, Client, Context, Methods, Requests, RpcError, Server};

#[manywire::message]
#[derive(Debug, PartialEq)]
struct Pair {
    left: i64,
    right: i64,
}

#[manywire::service(name = "Sums", rename_all = "PascalCase", client = SumsClient)]
trait Sums {
    /// The sum of a pair.
    async fn of_pair(&self, pair: Pair) -> Result<i64, RpcError>;
    /// The sum of two numbers.
    #[manywire(name = "plus", safe)]
    async fn of_two(&self, left: i64, right: Option<i64>) -> Result<i64, RpcError>;
    /// A greeting that tells the wire.
    async fn greet(&self, context: Context, name: String) -> Result<String, RpcError>;
    /// Where the sums begin.
    async fn start(&self) -> Result<i64, RpcError>;
    /// The sums from here on.
    fn count(&self, from: i64) -> Answers<i64>;
    /// The same, and refused where it would begin below zero.
    async fn count_up(&self, from: i64) -> Result<Answers<i64>, RpcError>;
    /// The sum of all that comes.
    async fn total(&self, steps: Requests<Pair>) -> Result<i64, RpcError>;
    /// The sum after each pair.
    fn running(&self, steps: Requests<Pair>) -> Answers<i64>;
}

struct From(i64);

impl Sums for From {
    async fn of_pair(&self, Pair { left, right }: Pair) -> Result<i64, RpcError> {
        Ok(self.0 + left + right)
    }

    async fn of_two(&self, left: i64, right: Option<i64>) -> Result<i64, RpcError> {
        Ok(self.0 + left + right.unwrap_or(1))
    }

    async fn greet(&self, context: Context, name: String) -> Result<String, RpcError> {
        Ok(format!("{name} by {}", context.wire()))
    }

    async fn start(&self) -> Result<i64, RpcError> {
        Ok(self.0)
    }

    fn count(&self, from: i64) -> Answers<i64> {
        Box::pin(stream::iter(self.0 + from..).map(Ok))
    }

    async fn count_up(&self, from: i64) -> Result<Answers<i64>, RpcError> {
        if from < 0 { Err(RpcError::failed("below zero")) } else { Ok(self.count(from)) }
    }

    async fn total(&self, steps: Requests<Pair>) -> Result<i64, RpcError> {
        let start = self.0;
        steps.try_fold(start, async |sum, pair| Ok(sum + pair.left + pair.right)).await
    }

    fn running(&self, steps: Requests<Pair>) -> Answers<i64> {
        let mut sum = self.0;
        Box::pin(steps.map_ok(move |pair| {
            sum += pair.left + pair.right;
            sum
        }))
    }
}

async fn client(wire: &str, address: &str) -> SumsClient {
    SumsClient(Client::connect(&format!("{wire}://{address}"), Default::default()).await.unwrap())
}

fn pairs() -> impl stream::Stream<Item = Pair> + Send + 'static {
    stream::iter((1..=3).map(|left| Pair { left, right: 10 }))
}

#[tokio::test]
async fn a_trait_is_served_and_called_on_every_wire() {
    let mut methods = Methods::new();
    From(100).register(&mut methods);
    assert_eq!(methods.get("plus").unwrap().doc(), "The sum of two numbers.");
    assert!(methods.get("plus").unwrap().is_safe() && !methods.get("Sums.OfPair").unwrap().is_safe());
    let running = Server::new(methods).listen("any=127.0.0.1:0").unwrap().start().await.unwrap();
    let address = running.addresses().next().unwrap().to_string();
    for (wire, name) in [
        ("gob", "gob"),
        ("gob+http", "gob"),
        ("jsonrpc1+tcp", "jsonrpc1"),
        ("jsonrpc", "jsonrpc"),
        ("jsonrpc+ws", "jsonrpc"),
        ("xmlrpc", "xmlrpc"),
        ("zerorpc", "zerorpc"),
    ] {
        let sums = client(wire, &address).await;
        assert_eq!(sums.of_pair(Pair { left: 1, right: 2 }).await, Ok(103), "{wire}");
        assert_eq!(sums.of_two(3, Some(4)).await, Ok(107), "{wire}");
        assert_eq!(sums.of_two(3, None).await, Ok(104), "{wire}");
        assert_eq!(sums.greet("you".to_owned()).await, Ok(format!("you by {name}")), "{wire}");
        assert_eq!(sums.start().await, Ok(100), "{wire}");
    }
    for wire in ["zerorpc", "grpc", "jsonrpc+ws"] {
        let sums = client(wire, &address).await;
        let counted: Vec<i64> = sums.count(5).await.unwrap().take(3).try_collect().await.unwrap();
        assert_eq!(counted, [105, 106, 107], "{wire}");
        let counted: Vec<i64> = sums.count_up(5).await.unwrap().take(2).try_collect().await.unwrap();
        assert_eq!(counted, [105, 106], "{wire}");
        let refused = match sums.count_up(-1).await {
            Ok(mut items) => items.next().await.unwrap().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(refused.message(), "below zero", "{wire}");
    }
    let sums = client("grpc", &address).await;
    assert_eq!(sums.total(pairs()).await, Ok(136));
    let each: Vec<i64> = sums.running(pairs()).await.unwrap().try_collect().await.unwrap();
    assert_eq!(each, [111, 123, 136]);
}
