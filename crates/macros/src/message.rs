//! What `#[message]` makes of a type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr, Result, Token};

/// How serde can rename the fields or the variants of a type.
const CASES: [&str; 8] = [
    "lowercase",
    "UPPERCASE",
    "PascalCase",
    "camelCase",
    "snake_case",
    "SCREAMING_SNAKE_CASE",
    "kebab-case",
    "SCREAMING-KEBAB-CASE",
];

/// The type with serde's derives, which are at the path `serde`.
pub(crate) fn expand(serde: &TokenStream, attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let renamed = read_names(attribute, &["rename", "rename_all"])?;
    let mut item: DeriveInput = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), "a message is a struct with named fields, or an enum of names alone")
    })?;
    let attributes = match &mut item.data {
        Data::Struct(data) => named_fields(&data.fields, &item.ident)
            .map(|()| data.fields.iter_mut().map(|field| &mut field.attrs[..]).collect::<Vec<_>>())?,
        Data::Enum(data) => {
            data.variants.iter().try_for_each(|variant| bare_variant(&variant.fields, &variant.ident))?;
            data.variants.iter_mut().map(|variant| &mut variant.attrs[..]).collect()
        }
        Data::Union(data) => {
            return Err(Error::new(data.union_token.span, "a union cannot be a message: write a struct"));
        }
    };
    attributes.into_iter().try_for_each(rename)?;
    let path = serde.to_string().replace(' ', "");
    Ok(quote! {
        #[derive(#serde::Serialize, #serde::Deserialize)]
        #[serde(crate = #path #(, #renamed)*)]
        #item
    })
}

fn named_fields(fields: &Fields, name: &syn::Ident) -> Result<()> {
    match fields {
        Fields::Named(_) => Ok(()),
        Fields::Unit => {
            Err(Error::new_spanned(name, format!("a message has named fields; write `struct {name} {{}}`")))
        }
        Fields::Unnamed(fields) => {
            let message = "a message has named fields, and callers on most wires give them by their names; write `{ name: Type }`";
            Err(Error::new_spanned(fields, message))
        }
    }
}

fn bare_variant(fields: &Fields, name: &syn::Ident) -> Result<()> {
    match fields {
        Fields::Unit => Ok(()),
        _ => {
            let message = format!(
                "the variant {name} has fields, which most wires cannot say; write a struct with an optional field for each variant"
            );
            Err(Error::new_spanned(fields, message))
        }
    }
}

/// Says `#[manywire(rename = "…")]` to serde.
fn rename(attributes: &mut [Attribute]) -> Result<()> {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("manywire")) {
        let renamed = read_names(attribute.meta.require_list()?.tokens.clone(), &["rename"])?;
        *attribute = syn::parse_quote!(#[serde(#(#renamed),*)]);
    }
    Ok(())
}

/// A name and what it is to be called.
struct Renamed {
    key: syn::Ident,
    name: LitStr,
}

impl quote::ToTokens for Renamed {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { key, name } = self;
        tokens.extend(quote!(#key = #name));
    }
}

/// Reads `rename = "…", rename_all = "…"`, of which these may be there.
fn read_names(attribute: TokenStream, known: &[&str]) -> Result<Vec<Renamed>> {
    let metas = Punctuated::<syn::MetaNameValue, Token![,]>::parse_terminated.parse2(attribute)?;
    metas.into_iter().map(|meta| read_name(&meta, known)).collect()
}

fn read_name(meta: &syn::MetaNameValue, known: &[&str]) -> Result<Renamed> {
    let key = meta.path.get_ident().filter(|key| known.iter().any(|known| key == known));
    let key = key.ok_or_else(|| {
        Error::new_spanned(&meta.path, format!("here may be {}", known.join(" = \"…\" and ") + " = \"…\""))
    })?;
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) = &meta.value else {
        return Err(Error::new_spanned(&meta.value, "a name is written in quotes"));
    };
    if key == "rename_all" && !CASES.contains(&&*name.value()) {
        return Err(Error::new_spanned(name, format!("no such case; there are {}", CASES.join(", "))));
    }
    Ok(Renamed { key: key.clone(), name: name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(attribute: TokenStream, item: TokenStream) -> String {
        expand(&quote!(::serde), attribute, item).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_is_no_message_is_told_why() {
        for (attribute, item, why) in [
            (
                quote!(),
                quote!(
                    struct Pair(i64, i64);
                ),
                "a message has named fields, and callers",
            ),
            (
                quote!(),
                quote!(
                    struct Nothing;
                ),
                "write `struct Nothing {}`",
            ),
            (
                quote!(),
                quote!(
                    enum Figure {
                        Point,
                        Circle { radius: f64 },
                    }
                ),
                "the variant Circle has fields",
            ),
            (quote!(), quote!(union Either { a: i64, b: f64 }), "a union cannot be a message"),
            (
                quote!(),
                quote!(
                    fn add() {}
                ),
                "a message is a struct with named fields, or an enum",
            ),
            (
                quote!(rename_all = "Pascal"),
                quote!(
                    struct A {}
                ),
                "no such case; there are lowercase, ",
            ),
            (
                quote!(renamed = "B"),
                quote!(
                    struct A {}
                ),
                "here may be rename = \"…\" and rename_all = \"…\"",
            ),
            (
                quote!(rename = B),
                quote!(
                    struct A {}
                ),
                "a name is written in quotes",
            ),
            (
                quote!(),
                quote!(
                    struct A {
                        #[manywire(optional = "")]
                        a: i64,
                    }
                ),
                "here may be rename = \"…\"",
            ),
        ] {
            let said = refusal(attribute, item.clone());
            assert!(said.contains(why), "{item}: {said:?}");
        }
    }
}
