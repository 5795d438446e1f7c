//! The operations port: is it alive, is it ready, what has it done.

use std::fmt::Write as _;
use std::sync::Arc;

use http::{Method, StatusCode};
use manywire_core::Method as RpcMethod;
use manywire_http::{Handler, Request, Response, method_not_allowed, reply, reply_compressed};

use crate::shared::Shared;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers `/healthz`, `/readyz`, `/metrics` and `/debug/rpc`.
#[derive(Clone)]
pub(crate) struct Ops {
    server: Arc<Shared>,
}

impl Ops {
    pub(crate) fn new(server: Arc<Shared>) -> Self {
        Self { server }
    }
}

impl Handler for Ops {
    async fn handle(&self, request: Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return method_not_allowed("GET, HEAD");
        }
        let headers = request.headers();
        match request.uri().path() {
            "/healthz" => reply(StatusCode::OK, TEXT, "ok\n"),
            "/readyz" if self.server.is_ready() => reply(StatusCode::OK, TEXT, "ready\n"),
            "/readyz" if self.server.is_winding_down() => {
                reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n")
            }
            "/readyz" => reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, "not ready\n"),
            "/metrics" => {
                reply_compressed(headers, StatusCode::OK, METRICS, self.server.settings.metrics.render())
            }
            "/debug/rpc" => reply_compressed(headers, StatusCode::OK, HTML, debug_page(&self.server)),
            "/" => reply(StatusCode::OK, HTML, INDEX),
            _ => reply(
                StatusCode::NOT_FOUND,
                TEXT,
                "404 page not found; try /healthz /readyz /metrics /debug/rpc\n",
            ),
        }
    }
}

const INDEX: &str = "<!doctype html><title>manywire</title><ul>\
    <li><a href=\"/healthz\">/healthz</a><li><a href=\"/readyz\">/readyz</a>\
    <li><a href=\"/metrics\">/metrics</a><li><a href=\"/debug/rpc\">/debug/rpc</a></ul>\n";

/// Services, their methods, and how often each was called, as Go's page has them.
fn debug_page(server: &Shared) -> String {
    let registry = server.methods();
    let mut services: Vec<(&str, Vec<&RpcMethod>)> = Vec::new();
    for method in &*registry {
        let service = method.name().rsplit_once('.').map_or("(no service)", |(service, _)| service);
        match services.iter_mut().find(|(name, _)| *name == service) {
            Some((_, methods)) => methods.push(method),
            None => services.push((service, vec![method])),
        }
    }
    let mut page = String::from(
        "<!doctype html><html><head><meta charset=\"utf-8\"><title>Services</title></head><body>\n",
    );
    for (service, methods) in services {
        // Names are ours; a program that registers others may use characters that HTML does not take.
        let _ = writeln!(
            page,
            "<hr>Service {}<hr>\n<table><tr><th align=left>Method</th><th>Calls</th></tr>",
            escape(service)
        );
        for method in methods {
            let (signature, doc) = (escape(&method.signature()), escape(method.doc()));
            let calls = server.settings.metrics.calls_of(method.name());
            let _ =
                writeln!(page, "<tr><td title=\"{doc}\">{signature}</td><td align=right>{calls}</td></tr>");
        }
        page.push_str("</table>\n");
    }
    page.push_str("</body></html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
