//! What `#[service]` makes of a trait: the trait for who serves it, `register`, and a typed client where one is named.
//!
//! Reading order: `Options` and `Call` are what is read of the attribute and of each method; `expand` writes the trait,
//! `registration` one method of the server, `client_method` one of the client.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericArgument, Ident, ItemTrait, Lit, LitStr, Meta, Pat,
    PathArguments, ReceiverKind, Result, ReturnType, Token, TraitItem, TraitItemFn, Type,
};

use crate::case::Case;

/// `name = "…", rename_all = "…", client = …`.
#[derive(Default)]
struct Options {
    name: Option<String>,
    case: Option<Case>,
    client: Option<Ident>,
}

/// One method as it is declared.
struct Call<'t> {
    method: &'t TraitItemFn,
    /// What callers call it.
    wire_name: String,
    doc: String,
    is_safe: bool,
    /// The context, where it asks for one.
    context: Option<&'t Ident>,
    takes: Takes<'t>,
    answers: Answers<'t>,
}

/// What callers give.
enum Takes<'t> {
    Parameters(Vec<(&'t Ident, &'t Type)>),
    /// `Requests<T>`, with `T`.
    Requests(&'t Ident, &'t Type),
}

/// What callers get.
enum Answers<'t> {
    /// `Result<T, RpcError>`, with `T`.
    Once(&'t Type),
    /// `Answers<T>`, with `T`.
    Stream(&'t Type),
    /// `Result<Answers<T>, RpcError>`, with `T`.
    OpenedStream(&'t Type),
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::read(attribute)?;
    let mut item: ItemTrait = syn::parse2(item)?;
    if let Some(generic) = item.generics.params.first() {
        return Err(Error::new_spanned(generic, "a service has no generic parameters"));
    }
    let service = options.name.clone().unwrap_or_else(|| unraw(&item.ident));
    let methods = item.items.iter().map(declared).collect::<Result<Vec<_>>>()?;
    let calls = methods
        .iter()
        .map(|method| Call::read(method, &service, options.case))
        .collect::<Result<Vec<_>>>()?;
    let registrations: Vec<_> = calls.iter().map(registration).collect();
    let client = options.client.as_ref().map(|client| {
        let methods = calls.iter().map(client_method);
        let (vis, about) = (&item.vis, format!("Calls the methods of [`{}`] on any wire.", item.ident));
        quote! {
            #[doc = #about]
            #[derive(Debug, Clone)]
            #vis struct #client(
                /// The connection.
                pub ::manywire::Client,
            );

            impl #client {
                #(#methods)*
            }
        }
    });
    let serving: Vec<TraitItem> = methods.iter().map(serving).collect();
    item.items = serving;
    item.supertraits = syn::parse_quote!(Sized + ::core::marker::Send + ::core::marker::Sync + 'static);
    item.items.push(syn::parse_quote! {
        /// Adds every method to those that a server has.
        fn register(self, methods: &mut ::manywire::Methods) {
            let service = ::std::sync::Arc::new(self);
            #(#registrations)*
        }
    });
    Ok(quote!(#item #client))
}

impl Options {
    fn read(attribute: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        for meta in Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attribute)? {
            let Meta::NameValue(pair) = &meta else { return Err(unknown_option(&meta)) };
            match pair.path.get_ident().map(ToString::to_string).as_deref() {
                Some("name") => options.name = Some(text(&pair.value)?.value()),
                Some("rename_all") => options.case = Some(Case::read(&text(&pair.value)?)?),
                Some("client") => options.client = Some(identifier(&pair.value)?),
                _ => return Err(unknown_option(&meta)),
            }
        }
        Ok(options)
    }
}

fn unknown_option(meta: &Meta) -> Error {
    Error::new_spanned(meta, "here may be name = \"…\", rename_all = \"…\" and client = Name")
}

fn text(value: &Expr) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(Error::new_spanned(other, "a name is written in quotes")),
    }
}

fn identifier(value: &Expr) -> Result<Ident> {
    match value {
        Expr::Path(path) => path.path.require_ident().cloned(),
        other => Err(Error::new_spanned(other, "write the name of the client's type, without quotes")),
    }
}

fn declared(item: &TraitItem) -> Result<TraitItemFn> {
    match item {
        TraitItem::Fn(method) if method.default.is_none() => Ok(method.clone()),
        TraitItem::Fn(method) => {
            Err(Error::new_spanned(&method.sig, "a service's methods have their bodies in its impl"))
        }
        other => Err(Error::new_spanned(other, "a service has methods and nothing else")),
    }
}

impl<'t> Call<'t> {
    fn read(method: &'t TraitItemFn, service: &str, case: Option<Case>) -> Result<Self> {
        let (mut name, mut is_safe) = (None, false);
        for attribute in method.attrs.iter().filter(|attribute| is_ours(attribute)) {
            for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
                match &meta {
                    Meta::NameValue(pair) if pair.path.is_ident("name") => {
                        name = Some(text(&pair.value)?.value());
                    }
                    Meta::Path(path) if path.is_ident("safe") => is_safe = true,
                    other => {
                        return Err(Error::new_spanned(other, "here may be name = \"…\" and safe"));
                    }
                }
            }
        }
        let own = unraw(&method.sig.ident);
        let own = case.map_or_else(|| own.clone(), |case| case.apply(&own));
        let (context, takes) = parameters(method)?;
        Ok(Self {
            wire_name: name.unwrap_or_else(|| format!("{service}.{own}")),
            doc: doc(&method.attrs),
            is_safe,
            context,
            takes,
            answers: answers(method)?,
            method,
        })
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("manywire")
}

fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => text(&pair.value).ok(),
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.value().trim().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

/// The context and what the callers give. `&self` comes first, then the context, then the rest.
fn parameters(method: &TraitItemFn) -> Result<(Option<&Ident>, Takes<'_>)> {
    let mut inputs = method.sig.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver)) if matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) => {}
        other => {
            let message = "a service's method takes &self first";
            return Err(other.map_or_else(
                || Error::new_spanned(&method.sig, message),
                |o| Error::new_spanned(o, message),
            ));
        }
    }
    let mut typed = inputs.map(named).collect::<Result<Vec<_>>>()?;
    let has_context = typed.first().is_some_and(|(_, given)| is_named(given, "Context"));
    let context = has_context.then(|| typed.remove(0).0);
    if let [(name, given)] = typed[..]
        && let Some(request) = inside(given, "Requests")
    {
        return Ok((context, Takes::Requests(name, request)));
    }
    if let Some((_, stream)) = typed.iter().find(|(_, given)| is_named(given, "Requests")) {
        return Err(Error::new_spanned(
            stream,
            "a stream of requests stands alone: nothing is given beside it",
        ));
    }
    Ok((context, Takes::Parameters(typed)))
}

fn named(input: &FnArg) -> Result<(&Ident, &Type)> {
    match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(name) => Ok((&name.ident, &typed.ty)),
            other => Err(Error::new_spanned(other, "a parameter has a name, by which callers give it")),
        },
        FnArg::Receiver(receiver) => Err(Error::new_spanned(receiver, "self comes first")),
    }
}

fn answers(method: &TraitItemFn) -> Result<Answers<'_>> {
    let message =
        "a service's method is `async fn … -> Result<T, RpcError>`, or `fn … -> Answers<T>` for a stream";
    let ReturnType::Type(_, given) = &method.sig.output else {
        return Err(Error::new_spanned(&method.sig, message));
    };
    match (method.sig.asyncness.is_some(), inside(given, "Result"), inside(given, "Answers")) {
        (true, Some(once), _) => Ok(match inside(once, "Answers") {
            Some(item) => Answers::OpenedStream(item),
            None => Answers::Once(once),
        }),
        (false, _, Some(item)) => Ok(Answers::Stream(item)),
        _ => Err(Error::new_spanned(given, message)),
    }
}

fn is_named(given: &Type, name: &str) -> bool {
    matches!(given, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// `T` of `Name<T, …>`.
fn inside<'t>(given: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = given else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(given) => Some(given),
        _ => None,
    }
}

fn unraw(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// The method for who serves it: its future can move between threads.
fn serving(method: &TraitItemFn) -> TraitItem {
    let mut method = method.clone();
    method.attrs.retain(|attribute| !is_ours(attribute));
    if method.sig.asyncness.take().is_some()
        && let ReturnType::Type(_, output) = &method.sig.output
    {
        let future = quote!(impl ::core::future::Future<Output = #output> + ::core::marker::Send);
        method.sig.output = syn::parse_quote!(-> #future);
    }
    TraitItem::Fn(method)
}

fn registration(call: &Call<'_>) -> TokenStream {
    let Call { wire_name, doc, .. } = call;
    let add = match (&call.takes, &call.answers) {
        (Takes::Parameters(_), Answers::Once(_)) => quote!(add),
        (Takes::Parameters(_), Answers::Stream(_)) => quote!(add_stream),
        (Takes::Parameters(_), Answers::OpenedStream(_)) => quote!(add_opened_stream),
        (Takes::Requests(..), Answers::Once(_)) => quote!(add_client_stream),
        (Takes::Requests(..), Answers::Stream(_)) => quote!(add_two_way),
        (Takes::Requests(..), Answers::OpenedStream(item)) => {
            let message = "a method with streams both ways answers with Answers<T>";
            return Error::new_spanned(item, message).into_compile_error();
        }
    };
    let safe = call.is_safe.then(|| quote!(.safe()));
    let adding = |closure: TokenStream| {
        quote! {{
            let service = ::std::sync::Arc::clone(&service);
            methods.#add(#wire_name, #doc, #closure)#safe;
        }}
    };
    match &call.takes {
        Takes::Requests(name, request) => {
            adding(closure(call, &quote!(#name: ::manywire::Requests<#request>), &quote!(#name)))
        }
        Takes::Parameters(parameters) => match &parameters[..] {
            [] => adding(closure(call, &quote!(_: ::manywire::Empty), &TokenStream::new())),
            [(name, given)] => {
                // A record's fields are the parameters; anything else is one, by its name.
                let whole = adding(closure(call, &quote!(#name: #given), &quote!(#name)));
                let by_name = with_parameters(call, parameters, &adding);
                quote! {
                    if ::manywire::Shape::of::<#given>().is_record() { #whole } else { #by_name }
                }
            }
            several => with_parameters(call, several, &adding),
        },
    }
}

/// The registration of a method whose parameters are the fields of a struct.
fn with_parameters(
    call: &Call<'_>,
    parameters: &[(&Ident, &Type)],
    adding: &impl Fn(TokenStream) -> TokenStream,
) -> TokenStream {
    let (names, types): (Vec<_>, Vec<_>) = parameters.iter().copied().unzip();
    let given = quote!(#(parameters.#names),*);
    let add = adding(closure(call, &quote!(parameters: Parameters), &given));
    // As the messages of most .proto files are called.
    let request = format!("{}Request", Case::Pascal.apply(&unraw(&call.method.sig.ident)));
    quote! {{
        #[derive(::manywire::serde::Deserialize)]
        #[serde(crate = "::manywire::serde", rename = #request)]
        struct Parameters { #(#names: #types),* }
        #add
    }}
}

/// What the registry runs: the service's method with what was given.
fn closure(call: &Call<'_>, taken: &TokenStream, given: &TokenStream) -> TokenStream {
    let method = &call.method.sig.ident;
    let (context_taken, context) = match call.context {
        Some(name) => (quote!(#name: ::manywire::Context,), quote!(#name,)),
        None => (TokenStream::new(), TokenStream::new()),
    };
    let run = quote!(service.#method(#context #given));
    match call.method.sig.asyncness {
        Some(_) => quote! {
            move |#context_taken #taken| {
                let service = ::std::sync::Arc::clone(&service);
                async move { #run.await }
            }
        },
        None => quote!(move |#context_taken #taken| #run),
    }
}

fn client_method(call: &Call<'_>) -> TokenStream {
    let Call { method, wire_name, .. } = call;
    let name = &method.sig.ident;
    let docs = method.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let result = |given: TokenStream| quote!(::core::result::Result<#given, ::manywire::RpcError>);
    let (parameters, arguments) = match &call.takes {
        Takes::Requests(requests, given) => {
            let stream = quote!(impl ::manywire::Stream<Item = #given> + ::core::marker::Send + 'static);
            (quote!(#requests: #stream), quote!(#requests))
        }
        Takes::Parameters(parameters) => {
            let (names, types): (Vec<_>, Vec<_>) = parameters.iter().copied().unzip();
            (quote!(#(#names: #types),*), arguments(parameters))
        }
    };
    let (answer, run) = match (&call.takes, &call.answers) {
        (Takes::Parameters(_), Answers::Once(given)) => (result(quote!(#given)), format_ident!("call_as")),
        (Takes::Requests(..), Answers::Once(given)) => (result(quote!(#given)), format_ident!("send_as")),
        (Takes::Parameters(_), Answers::Stream(item) | Answers::OpenedStream(item)) => {
            (result(quote!(::manywire::Answers<#item>)), format_ident!("stream_as"))
        }
        (Takes::Requests(..), Answers::Stream(item) | Answers::OpenedStream(item)) => {
            (result(quote!(::manywire::Answers<#item>)), format_ident!("exchange_as"))
        }
    };
    quote! {
        #(#docs)*
        pub async fn #name(&self, #parameters) -> #answer {
            self.0.#run(#wire_name, #arguments).await
        }
    }
}

/// What a client sends, as `registration` has it taken.
fn arguments(parameters: &[(&Ident, &Type)]) -> TokenStream {
    let named = parameters.iter().map(|(name, _)| {
        let key = unraw(name);
        quote!((#key.to_owned(), ::manywire::Arguments::value(#key, &#name)?))
    });
    let record = quote!(::manywire::Arguments::Record(::std::vec![#(#named),*]));
    match parameters {
        [] => quote!(::manywire::Arguments::Positional(::std::vec::Vec::new())),
        [(name, given)] => quote! {{
            static IS_RECORD: ::std::sync::LazyLock<bool> =
                ::std::sync::LazyLock::new(|| ::manywire::Shape::of::<#given>().is_record());
            if *IS_RECORD { ::manywire::Arguments::of(&#name)? } else { #record }
        }},
        _ => record,
    }
}
