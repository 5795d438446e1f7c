//! `manywire gateway`: the methods of other servers, on the listeners of `serve`.

use std::path::Path;

use anyhow::Context as _;
use manywire_client::{Options, Retry, Url, Wire};
use manywire_core::{Methods, Metrics, RpcError, Written};
use manywire_gateway::{Gateway, Looked, Source};
use manywire_notes::auth::Token;
use manywire_server::{Control, Running};
use tokio::signal::unix::{SignalKind, signal};

use crate::call::connect::{metadata, protos, tls};
use crate::cli::GatewayOptions;
use crate::serve;

/// Serves until a signal comes.
pub(crate) fn run(options: GatewayOptions) -> anyhow::Result<()> {
    let sources = sources(&options)?;
    serve::until_signalled(options.serve, async |settings| {
        let gateway = Gateway::connect(sources).await?;
        let (metrics, token) = (Metrics::new(), settings.token.clone());
        gateway.count_in(&metrics);
        let server = serve::server(methods(&gateway, token.as_ref())?, settings)?.metrics(metrics);
        let runtime = tokio::runtime::Handle::current();
        let started = move |running: &Running| {
            serve::announce(running);
            runtime.spawn(follow(running.control(), gateway, token));
        };
        server.run_with(started).await.map_err(serve::advise)
    })
}

/// The methods of the servers, behind the token.
fn methods(gateway: &Gateway, token: Option<&Token>) -> Result<Methods, RpcError> {
    let mut methods = Methods::new();
    gateway.add_to(&mut methods)?;
    if let Some(token) = token {
        methods.guard("", token.clone().guard());
    }
    Ok(methods)
}

/// The servers, each with what of the options is for it.
fn sources(given: &GatewayOptions) -> anyhow::Result<Vec<Source>> {
    let mut written = written(given)?;
    let mut sources = Vec::with_capacity(given.servers.len());
    let several = given.servers.len() > 1;
    for server in &given.servers {
        let source = Source::read(server)?;
        let url: Url = source.url.parse()?;
        let prefix = source.prefix.as_ref().map(|prefix| format!("{prefix}."));
        let is_its = |name: &str| match &prefix {
            Some(prefix) => name.starts_with(prefix.as_str()),
            None => !several,
        };
        let mut methods: Vec<Written> = written.extract_if(.., |method| is_its(&method.name)).collect();
        for method in &mut methods {
            let bare = prefix.as_ref().and_then(|prefix| method.name.strip_prefix(prefix.as_str()));
            method.name = bare.unwrap_or(&method.name).to_owned();
        }
        let options = options(given, &url)?;
        let mut source = Source { options, methods, pass_through: given.pass_through, ..source };
        given.forward_header.iter().try_for_each(|name| source.forward_header(name))?;
        sources.push(source);
    }
    match written.first() {
        None => Ok(sources),
        Some(Written { name, .. }) => anyhow::bail!(
            "--method {name} is of no server: with several, its name begins with the prefix of one, as in users.{name} for users=URL"
        ),
    }
}

/// How a server is connected to: of the options, those that are for its wire.
fn options(given: &GatewayOptions, url: &Url) -> anyhow::Result<Options> {
    let headers = if url.has_headers() { &given.header[..] } else { &[] };
    let retry = &given.retry;
    Ok(Options {
        timeout: given.timeout.map(|timeout| timeout.0),
        connect_timeout: Some(given.connect_timeout.0),
        metadata: metadata(headers, None, url)?,
        tls: if url.tls { tls(&given.tls, url)? } else { Default::default() },
        protos: if url.wire == Wire::Grpc { protos(&given.schema, url)? } else { None },
        retry: Retry { attempts: retry.retries.saturating_add(1), ..Retry::default() },
        idempotent: retry.idempotent,
        ..Options::default()
    })
}

/// The methods that were written down.
fn written(given: &GatewayOptions) -> anyhow::Result<Vec<Written>> {
    let mut methods = Vec::new();
    for text in &given.method {
        methods.push(text.parse().context("--method")?);
    }
    for file in &given.methods {
        read_methods(file, &mut methods)?;
    }
    Ok(methods)
}

fn read_methods(file: &Path, methods: &mut Vec<Written>) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("--methods cannot be read: {}", file.display()))?;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            methods.push(line.parse().with_context(|| format!("{}, line {number}", file.display()))?);
        }
    }
    Ok(())
}

/// Follows the servers until ours winds down: whether they are there, and what they have.
async fn follow(control: Control, gateway: Gateway, token: Option<Token>) {
    let take_over = || match methods(&gateway, token.as_ref()).map_err(anyhow::Error::from) {
        Ok(methods) => match control.replace(methods) {
            Ok(()) => tracing::info!("the methods are those that the servers have now"),
            Err(error) => tracing::error!("the methods stay as they were: {error}"),
        },
        Err(error) => tracing::error!("the methods stay as they were: {error}"),
    };
    let watched = gateway.watch(|looked| {
        control.set_ready(gateway.is_up());
        if has_changed(&looked) {
            take_over();
        }
    });
    tokio::select! {
        () = control.winding_down() => {}
        () = watched => {}
        () = on_hangup(&gateway, take_over) => {}
    }
}

/// Asks all servers again on SIGHUP.
async fn on_hangup(gateway: &Gateway, take_over: impl Fn()) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::warn!("cannot listen for SIGHUP");
        return std::future::pending().await;
    };
    while hangup.recv().await.is_some() {
        let looked = gateway.learn_again().await;
        if looked.iter().filter(|looked| has_changed(looked)).count() > 0 {
            take_over();
        }
    }
}

/// Logs what was found, and says whether the server has other methods.
fn has_changed(Looked { server, outcome }: &Looked) -> bool {
    match outcome {
        Ok(true) => tracing::info!(server, "it has other methods than before"),
        Ok(false) => tracing::info!(server, "it is there"),
        Err(error) => tracing::warn!(server, "{error}"),
    }
    matches!(outcome, Ok(true))
}
