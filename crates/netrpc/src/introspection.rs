//! `system.*`, as Python's servers have it: net/rpc itself cannot be asked what it serves.

use std::future::ready;
use std::sync::Arc;

use manywire_core::{DESCRIBE, Description, Empty, Kind, Method, Methods, RpcError};

/// The same methods, and four that tell about them all, themselves included.
pub fn with_introspection(methods: &Methods) -> Methods {
    let told = with_system(methods, &Arc::default());
    with_system(methods, &Arc::new(told))
}

/// The same methods, and four that tell about `told`.
fn with_system(methods: &Methods, told: &Arc<Methods>) -> Methods {
    let mut all = methods.clone();
    let mut names: Vec<String> = told
        .iter()
        .filter(|method| method.kind() == Kind::Unary)
        .map(|method| method.name().to_owned())
        .collect();
    names.sort_unstable();
    all.add("system.listMethods", "The names of all methods.", move |_: Empty| ready(Ok(names.clone())));
    let known = told.clone();
    all.add("system.methodHelp", "What a method does.", move |name: String| {
        ready(find(&known, &name).map(|method| method.doc().to_owned()))
    });
    let known = told.clone();
    all.add("system.methodSignature", "What a method takes and returns.", move |name: String| {
        ready(find(&known, &name).map(Method::signature))
    });
    let known = told.clone();
    all.add(DESCRIBE, "What a method takes and returns, for programs.", move |name: String| {
        ready(find(&known, &name).map(|method| Description::of(&name, method)))
    });
    all
}

fn find<'m>(methods: &'m Methods, name: &str) -> Result<&'m Method, RpcError> {
    let unknown =
        || RpcError::failed(format!("no method {name}; system.listMethods lists all that there are"));
    methods.get(name).ok_or_else(unknown)
}
