//! `manywire export`: what a server serves, in the forms that other tools read.

use manywire_client::Client;
use manywire_core::introspect::Schema;
use serde::Serialize;

use super::{Failure, Session, print};
use crate::cli::{ExportOptions, Format};

/// `manywire export`.
pub(crate) async fn export(options: ExportOptions) -> Result<(), Failure> {
    let session = Session::plan(&options.server)?;
    let text = session.run(async |client: &Client| {
        let schema = client.schema().await?;
        Ok(match options.format {
            Format::Json => pretty(&schema)?,
            Format::Openrpc => openrpc(&schema)?,
        })
    });
    print::lines([text.await?])
}

fn openrpc(schema: &Schema) -> Result<String, Failure> {
    pretty(&manywire_jsonrpc::openrpc::document(schema))
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Local(format!("what the server said cannot be written as JSON: {error}")))
}
