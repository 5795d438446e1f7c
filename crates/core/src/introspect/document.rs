//! What a wire tells of all methods at once: made a single time, answered as often as it is asked for.

use std::sync::{Arc, OnceLock};

use crate::{Methods, Reply, ReplyType, Value};

/// A value that all answers share.
#[derive(Clone)]
pub struct Document(Arc<Value>);

/// Where a wire keeps its document.
#[derive(Default)]
pub(crate) struct Slot(OnceLock<Document>);

impl Slot {
    pub(crate) fn get(&self, methods: &Methods, make: impl FnOnce(&Methods) -> Value) -> Document {
        self.0.get_or_init(|| Document(Arc::new(make(methods)))).clone()
    }
}

impl Reply for Document {
    fn as_serde(&self) -> &dyn erased_serde::Serialize {
        &*self.0
    }
    fn type_key(&self) -> ReplyType {
        ReplyType::of::<Value>()
    }
    fn ask(&self, deserializer: &mut dyn erased_serde::Deserializer<'_>) {
        self.0.as_ref().ask(deserializer);
    }
}
