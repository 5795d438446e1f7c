//! How far a file is, for whoever watches.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr; nothing where that is no terminal. It is gone when this is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For a file of so many bytes, where that is known.
    pub(super) fn new(name: &str, total: Option<u64>) -> Self {
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let template = match total {
            Some(_) => "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
            None => "{msg} {spinner} {binary_bytes} {binary_bytes_per_sec}",
        };
        // The templates above are known to be right; the plain bar would do, too.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(bar.with_style(style).with_message(name.to_owned()))
    }

    /// So many more bytes went by.
    pub(super) fn advance(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    /// What the thread that reads a file tells.
    pub(super) fn handle(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
