//! How far a file is, for whoever watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr; nothing where that is no terminal. It is gone when this is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For a file of so many bytes, where that is known. A trace needs stderr for itself.
    pub(super) fn new(name: &str, total: Option<u64>, is_traced: bool) -> Self {
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        if is_traced {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = match total {
            Some(_) => "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
            None => "{msg} {spinner} {binary_bytes} {binary_bytes_per_sec}",
        };
        // The templates above are known to be right; the plain bar would do, too.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(bar.with_style(style).with_message(name.to_owned()))
    }

    /// Is told of every so many bytes that went by, on whichever thread.
    pub(super) fn counter(&self) -> impl Fn(usize) + Send + use<> {
        let bar = self.0.clone();
        move |bytes| bar.inc(bytes as u64)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
