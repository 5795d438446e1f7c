//! `system.*`, as Python's servers have it: net/rpc itself cannot be asked what it serves.

use std::future::ready;
use std::sync::Arc;

use manywire_core::introspect::{Told, View};
use manywire_core::{DESCRIBE, Description, Empty, Kind, Methods, RpcError};

/// The same methods, and four that tell about them all, themselves included.
pub fn with_introspection(methods: &Methods) -> Methods {
    let told = with_system(methods, &Arc::default());
    with_system(methods, &Arc::new(told))
}

/// The same methods, and four that tell about `told`.
fn with_system(methods: &Methods, told: &Arc<Methods>) -> Methods {
    let mut all = methods.clone();
    let names: Vec<String> = view(told).names().into_iter().map(str::to_owned).collect();
    all.add("system.listMethods", "The names of all methods.", move |_: Empty| ready(Ok(names.clone())));
    let known = told.clone();
    all.add("system.methodHelp", "What a method does.", move |name: String| {
        ready(find(&known, &name).map(|told| told.doc().to_owned()))
    });
    let known = told.clone();
    all.add("system.methodSignature", "What a method takes and returns.", move |name: String| {
        ready(find(&known, &name).map(Told::signature))
    });
    let known = told.clone();
    all.add(DESCRIBE, "What a method takes and returns, for programs.", move |name: String| {
        ready(find(&known, &name).and_then(|told| match told {
            Told::Method(method) => Ok(Description::of(&name, method)),
            Told::Own(own) => Err(RpcError::failed(format!("{} is the wire's own", own.name))),
        }))
    });
    all
}

fn view(methods: &Methods) -> View<'_> {
    View::new(methods, |kind| kind == Kind::Unary, &[])
}

fn find<'m>(methods: &'m Methods, name: &str) -> Result<Told<'m>, RpcError> {
    view(methods).find(name).map_err(|untold| RpcError::failed(untold.to_string()))
}
