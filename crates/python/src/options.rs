//! What a client is told when it connects.

use std::time::Duration;

use manywire_client::{Client, MethodKind, Options, ProtoFiles, Protos, Tls, Url, Wire};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;

/// Reads the wire out of a URL, and the options that the Python package has put together; it has given every one its
/// plainest form.
pub(crate) fn read(url: &str, options: &Bound<'_, PyDict>) -> PyResult<(Wire, Options)> {
    let py = options.py();
    let mut read = Options::default();
    let url: Url = url.parse().map_err(|error| errors::to_exception(py, &error, None))?;
    // One that says nothing asks for TLS, too.
    if options.contains("tls")? && !url.tls {
        return Err(errors::to_exception(py, &url.not_in_tls(), None));
    }
    for (name, value) in options.iter() {
        match &*name.extract::<String>()? {
            "timeout" => read.timeout = seconds(&value)?,
            "connect_timeout" => read.connect_timeout = seconds(&value)?,
            "metadata" => read.metadata = value.extract()?,
            "max_message" => read.limits.message_bytes = value.extract()?,
            "attempts" => read.retry.attempts = value.extract()?,
            "idempotent" => read.idempotent = value.extract()?,
            "tls" => read.tls = tls(&value)?,
            "protos" => read.protos = Some(protos(&value)?),
            other => return Err(errors::usage(&format!("no option {other:?}"))),
        }
    }
    Ok((url.wire, read))
}

/// The same client with some options changed, and what they all are then.
pub(crate) fn change(
    before: &Options,
    client: &Client,
    changes: &Bound<'_, PyDict>,
) -> PyResult<(Options, Client)> {
    let (mut options, mut client) = (before.clone(), client.clone());
    if let Some(timeout) = changes.get_item("timeout")? {
        options.timeout = seconds(&timeout)?;
        client = client.with_timeout(options.timeout);
    }
    if changes.contains("idempotent")? {
        options.idempotent = true;
        client = client.idempotent();
    }
    Ok((options, client))
}

/// A time in seconds; None is no limit.
fn seconds(value: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    let Some(seconds) = value.extract::<Option<f64>>()? else { return Ok(None) };
    let valid = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
    valid.map(Some).ok_or_else(|| {
        errors::usage(&format!("a timeout of {seconds} s is none; give a positive number, or None"))
    })
}

/// The paths of proto files, and of descriptor sets.
fn protos(value: &Bound<'_, PyAny>) -> PyResult<Protos> {
    let (protos, sets) = value.extract()?;
    let files = ProtoFiles { protos, sets, ..ProtoFiles::default() };
    Protos::read(&files).map_err(|error| errors::to_exception(value.py(), &error, Wire::Grpc))
}

fn tls(value: &Bound<'_, PyAny>) -> PyResult<Tls> {
    Ok(Tls {
        authorities: value.getattr("ca")?.extract()?,
        identity: value.getattr("identity")?.extract()?,
        server_name: value.getattr("server_name")?.extract()?,
        insecure: value.getattr("insecure")?.extract()?,
    })
}

pub(crate) fn kind_name(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Unary => "unary",
        MethodKind::ServerStream => "server_stream",
        MethodKind::ClientStream => "client_stream",
        MethodKind::TwoWay => "two_way",
    }
}
