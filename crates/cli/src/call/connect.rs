//! From options to a connected client, watched when that is asked for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use manywire_client::{Client, Options, ProtoFiles, Protos, Retry, Tap, Tls, Url, Wire};
use manywire_notes::auth::Token;

use super::{Failure, url};
use crate::cli::{SchemaOptions, ServerOptions, TlsOptions};
use crate::trace::Printer;

/// How long a call that was given up may take to tell the server so.
const FAREWELL: Duration = Duration::from_millis(50);

/// What a command needs of the client: everything that was typed is known to make sense before anything is sent.
pub(crate) struct Session {
    url: Url,
    options: Options,
    printer: Option<Arc<Printer>>,
}

impl Session {
    /// Reads the options.
    pub(crate) fn plan(given: &ServerOptions) -> Result<Self, Failure> {
        let url = url::parse(&given.url)?;
        let printer = (given.verbose > 0).then(|| Arc::new(Printer::new(url.clone(), given.verbose > 1)));
        let retry = &given.retry;
        let options = Options {
            timeout: Some(given.timeout.0),
            connect_timeout: given.connect_timeout.map(|limit| limit.0),
            metadata: metadata(&given.header, given.token.as_ref(), &url)?,
            tls: tls(&given.tls, &url)?,
            retry: Retry {
                attempts: retry.retries.saturating_add(1),
                budget: retry.retries,
                ..Retry::default()
            },
            idempotent: retry.idempotent,
            protos: protos(&given.schema, &url)?,
            tap: printer.clone().map(|printer| printer as Arc<dyn Tap>),
            ..Options::default()
        };
        Ok(Self { url, options, printer })
    }

    /// Where it goes.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Connects, does the work, and ends the trace.
    pub(crate) async fn run<T>(
        self,
        work: impl AsyncFnOnce(&Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Self { url, options, printer } = self;
        let outcome = async {
            let client = Client::connect(&url.to_string(), options).await?;
            work(&client).await
        };
        let outcome = outcome.await;
        if let Err(Failure::Signal(_)) = outcome {
            // Streams end by a message of their wire, which the connection's task has yet to send.
            tokio::time::sleep(FAREWELL).await;
        }
        if let Some(printer) = printer {
            printer.finish();
        }
        outcome
    }
}

/// What every call carries beside its arguments.
pub(crate) fn metadata(
    headers: &[String],
    token: Option<&Token>,
    url: &Url,
) -> Result<Vec<(String, String)>, Failure> {
    let mut metadata = Vec::new();
    for header in headers {
        let pair = header.split_once(':').filter(|(key, _)| !key.trim().is_empty());
        let (key, value) =
            pair.ok_or_else(|| Failure::Usage(format!("--header {header:?}: write it as KEY:VALUE")))?;
        metadata.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    if let Some(token) = token.filter(|_| url.wire == Wire::Grpc) {
        let (id, key) = token.pair();
        metadata.extend([("appid".to_owned(), id.to_owned()), ("appkey".to_owned(), key.to_owned())]);
    }
    Ok(metadata)
}

/// What a gRPC server serves, where it is not to be asked.
pub(crate) fn protos(given: &SchemaOptions, url: &Url) -> Result<Option<Protos>, Failure> {
    let SchemaOptions { proto, proto_path, protoset } = given;
    if proto.is_empty() && protoset.is_empty() {
        return Ok(None);
    }
    if url.wire != Wire::Grpc {
        return Err(Failure::Usage(format!("--proto and --protoset are for grpc://, and not for {url}")));
    }
    let files = ProtoFiles { protos: proto.clone(), folders: proto_path.clone(), sets: protoset.clone() };
    Ok(Some(Protos::read(&files)?))
}

/// Whom to trust, and who we are.
pub(crate) fn tls(given: &TlsOptions, url: &Url) -> Result<Tls, Failure> {
    let read = |file: &Path| {
        std::fs::read(file)
            .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", file.display())))
    };
    let is_asked =
        given.insecure || given.cacert.is_some() || given.cert.is_some() || given.server_name.is_some();
    // Before the files are read.
    if is_asked && !url.tls {
        return Err(url.not_in_tls().into());
    }
    let identity = given.cert.as_deref().zip(given.key.as_deref());
    Ok(Tls {
        authorities: given.cacert.as_deref().map(read).transpose()?,
        identity: identity.map(|(cert, key)| Ok::<_, Failure>((read(cert)?, read(key)?))).transpose()?,
        server_name: given.server_name.clone(),
        insecure: given.insecure,
    })
}
