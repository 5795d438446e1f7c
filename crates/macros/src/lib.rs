//! `#[message]`, one attribute for the types that methods take and give; `#[service]`, one for a trait of methods.
//!
//! It writes the derives of serde, by the path where the crate that hands the attribute on has serde: `manywire` for
//! programs, `manywire-core` for our own crates. What no wire could carry is refused here, with words, rather than later by
//! each wire with its own.
//!
//! Reading order: this file, who calls; `message.rs` and `service.rs`, what is written; `case.rs`, how names are put together.

mod case;
mod message;
mod service;

use proc_macro::TokenStream;
use quote::quote;

/// As `manywire` hands it on: see [`macro@core_message`].
#[proc_macro_attribute]
pub fn message(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand(&quote!(::manywire::serde), attribute, item)
}

/// Makes a struct, or an enum of names alone, something that methods can take and give on every wire. As `manywire-core` hands
/// it on; programs have `manywire::message`.
///
/// ```
/// #[manywire_core::message(rename_all = "PascalCase")]
/// pub struct Shipment {
///     /// `Crates` to callers.
///     crates: i64,
///     /// What may be left out is an option.
///     note: Option<String>,
///     #[manywire(rename = "By")]
///     carrier: Carrier,
/// }
///
/// /// A text to callers: `Ship` or `Train`.
/// #[manywire_core::message]
/// pub enum Carrier {
///     Ship,
///     Train,
/// }
/// ```
///
/// gob finds a field `a` as `A` by itself; the other wires have the names as they are here. Nothing but serde's traits is
/// derived, so that types which have these from elsewhere do as well, and serde's own attributes work here.
///
/// What most wires cannot say is refused:
///
/// ```compile_fail
/// #[manywire_core::message] // The variant Circle has fields, which most wires cannot say.
/// enum Figure { Point, Circle { radius: f64 } }
/// ```
///
/// ```compile_fail
/// #[manywire_core::message] // A message has named fields.
/// struct Pair(i64, i64);
/// ```
///
/// ```compile_fail
/// #[manywire_core::message(rename_all = "Pascal")] // No such case.
/// struct Args { a: i64 }
/// ```
///
/// ```compile_fail
/// #[manywire_core::message]
/// struct Args {
///     #[manywire(optional)] // Here may be rename = "…".
///     a: i64,
/// }
/// ```
#[proc_macro_attribute]
pub fn core_message(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand(&quote!(::manywire_core::serde), attribute, item)
}

/// Makes a service of a trait: whoever implements it calls `register`, and every method is one of the server's. See
/// `manywire::service`, as which programs know it.
#[proc_macro_attribute]
pub fn service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    service::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(serde: &proc_macro2::TokenStream, attribute: TokenStream, item: TokenStream) -> TokenStream {
    message::expand(serde, attribute.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
