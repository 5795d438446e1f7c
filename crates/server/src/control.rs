//! What may be changed while a server answers.

use std::sync::Arc;

use manywire_core::Methods;

use crate::Error;
use crate::shared::Shared;

/// A hold on a server that runs, to change what it serves. Clones hold the same one.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl Control {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: shared.clone() }
    }

    /// Has all calls from now on go to these methods, those of open connections too. Calls under way go on as they began.
    /// Methods that cannot be served leave all as it was.
    pub fn replace(&self, methods: Methods) -> Result<(), Error> {
        self.shared.replace(methods)
    }

    /// What `/readyz` and gRPC's health service say from now on; once the server winds down, they say that it does.
    pub fn set_ready(&self, is_ready: bool) {
        self.shared.set_ready(is_ready && !self.shared.is_winding_down());
    }

    /// Waits until the server winds down.
    pub async fn winding_down(&self) {
        self.shared.shutdown.drain().started().await;
    }
}
