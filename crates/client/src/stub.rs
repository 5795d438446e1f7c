//! Typed stubs: a trait that is written once gives the client and registers the server.

/// Declares a service: a trait for those who serve it, which registers its methods by their names on the wire, and a
/// client that calls them on any wire.
///
/// ```
/// use manywire_core::RpcError;
///
/// #[manywire_core::message(rename_all = "PascalCase")]
/// pub struct Args {
///     a: i64,
///     b: i64,
/// }
///
/// manywire_client::service! {
///     /// Arithmetic of whole numbers.
///     pub trait Arith as ArithClient {
///         /// The product of A and B.
///         async fn multiply(args: Args) -> i64 = "Arith.Multiply";
///         /// The sum of two numbers.
///         async fn add(a: i64, b: i64) -> i64 = "add";
///     }
/// }
///
/// struct Calculator;
///
/// impl Arith for Calculator {
///     async fn multiply(&self, args: Args) -> Result<i64, RpcError> {
///         args.a.checked_mul(args.b).ok_or_else(|| RpcError::overflow("the product does not fit"))
///     }
///     async fn add(&self, a: i64, b: i64) -> Result<i64, RpcError> {
///         a.checked_add(b).ok_or_else(|| RpcError::overflow("the sum does not fit"))
///     }
/// }
///
/// let mut methods = manywire_core::Methods::new();
/// Calculator.register(&mut methods);
/// assert_eq!(methods.get("add").unwrap().signature(), "add(a: int, b: int) -> int");
///
/// async fn calls(client: manywire_client::Client) -> Result<(), RpcError> {
///     let arith = ArithClient(client);
///     assert_eq!(arith.add(2, 3).await?, 5);
///     Ok(())
/// }
/// ```
///
/// A method of several parameters has them by name on net/rpc (the fields of its one struct) and by position elsewhere. The
/// crate that declares the service needs `serde` among its dependencies.
#[macro_export]
macro_rules! service {
    (
        $(#[$about:meta])*
        $vis:vis trait $Service:ident as $Client:ident {
            $(
                $(#[doc = $doc:literal])*
                async fn $method:ident($($parameter:ident : $Type:ty),* $(,)?) -> $Answer:ty = $name:literal;
            )*
        }
    ) => {
        $(#[$about])*
        $vis trait $Service: Sized + Send + Sync + 'static {
            $(
                $(#[doc = $doc])*
                fn $method(&self, $($parameter: $Type),*)
                    -> impl ::std::future::Future<Output = Result<$Answer, $crate::core::RpcError>> + Send;
            )*

            /// Adds every method to those that a server has.
            fn register(self, methods: &mut $crate::core::Methods) {
                let service = ::std::sync::Arc::new(self);
                $(
                    let serving = service.clone();
                    let doc = concat!($($doc, "\n"),*).trim();
                    $crate::service!(@add methods, serving, $name, doc, $method($($parameter: $Type),*));
                )*
            }
        }

        #[doc = concat!("Calls the methods of [`", stringify!($Service), "`] on any wire.")]
        #[derive(Debug, Clone)]
        $vis struct $Client(
            /// The connection.
            pub $crate::Client,
        );

        impl $Client {
            $(
                $(#[doc = $doc])*
                pub async fn $method(&self, $($parameter: $Type),*) -> Result<$Answer, $crate::core::RpcError> {
                    let arguments = $crate::service!(@arguments $($parameter),*);
                    self.0.call_as($name, arguments).await
                }
            )*
        }
    };

    (@add $methods:ident, $service:ident, $name:literal, $doc:ident, $method:ident()) => {
        $methods.add($name, $doc, move |_: $crate::core::Empty| {
            let service = $service.clone();
            async move { service.$method().await }
        });
    };
    (@add $methods:ident, $service:ident, $name:literal, $doc:ident, $method:ident($argument:ident : $Type:ty)) => {
        $methods.add($name, $doc, move |argument: $Type| {
            let service = $service.clone();
            async move { service.$method(argument).await }
        });
    };
    (@add $methods:ident, $service:ident, $name:literal, $doc:ident, $method:ident($($parameter:ident : $Type:ty),*)) => {
        #[derive(Default, ::serde::Deserialize)]
        struct Parameters {
            $($parameter: $Type),*
        }
        $methods.add($name, $doc, move |parameters: Parameters| {
            let service = $service.clone();
            async move { service.$method($(parameters.$parameter),*).await }
        });
    };

    (@arguments) => { $crate::Arguments::Positional(Vec::new()) };
    (@arguments $argument:ident) => { $crate::Arguments::of(&$argument)? };
    (@arguments $($parameter:ident),*) => {
        $crate::Arguments::Record(vec![
            $((stringify!($parameter).to_owned(), $crate::Arguments::value(stringify!($parameter), &$parameter)?)),*
        ])
    };
}
