//! The name that was probably meant.

use manywire_client::{Client, Wire, nearest};
use manywire_core::{ErrorKind, Origin, RpcError};

/// Adds the nearest name that the server does have, where it can be asked, to an error that may be for want of such a method.
pub(super) async fn hinted(client: &Client, method: &str, error: RpcError) -> RpcError {
    if error.origin() != Origin::Server && error.kind() != ErrorKind::UnknownMethod {
        return error;
    }
    let Ok(names) = client.methods().await else { return error };
    if names.iter().any(|name| name == method) {
        return error;
    }
    // Servers name methods with a dot or a slash, and people use the other.
    let spelled = method.trim_start_matches('/').replace('/', ".");
    let dotted: Vec<String> = names.iter().map(|name| name.replace('/', ".")).collect();
    let near = nearest(&spelled, dotted.iter().map(String::as_str))
        .or_else(|| same_ending(&spelled, &dotted))
        .and_then(|near| names.iter().find(|name| name.replace('/', ".") == near));
    let Some(near) = near else { return error };
    // gRPC's schema has listed all of its services, which is of no use beside the right one.
    let error = match client.url().wire {
        Wire::Grpc => {
            RpcError::answered(error.kind(), format!("no method {method}")).with_origin(error.origin())
        }
        _ => error,
    };
    error.with_hint(format_args!("did you mean {near}?"))
}

/// `SayHello` for `Greeter.SayHello`: the one name that ends so.
fn same_ending<'n>(method: &str, names: &'n [String]) -> Option<&'n str> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let mut found = names.iter().filter(|name| last(name) == last(method));
    found.next().filter(|_| found.next().is_none()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_without_its_service_is_found_where_only_one_has_it() {
        let names = ["Greeter.SayHello".to_owned(), "A.Echo".to_owned(), "B.Echo".to_owned()];
        assert_eq!(same_ending("sayhello", &names), Some("Greeter.SayHello"));
        assert_eq!(same_ending("Echo", &names), None);
    }
}
