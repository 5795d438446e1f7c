//! Open files that are kept for the operations port, so that it accepts connections when all others are used up.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

/// Files that stand for descriptors; one is closed for each connection that needs its place.
pub(crate) struct Spare(Mutex<Vec<File>>);

impl Spare {
    /// How many connections can be accepted without any descriptor left.
    pub(crate) const COUNT: usize = 16;

    /// Opens them.
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        let files: io::Result<Vec<File>> = (0..Self::COUNT).map(|_| placeholder()).collect();
        Ok(Arc::new(Self(Mutex::new(files?))))
    }

    /// Gives up a descriptor where this error says that there is none left. True when it is worth trying again at once.
    pub(crate) fn help(&self, error: &io::Error) -> bool {
        let is_out = matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE));
        is_out && self.files().pop().is_some()
    }

    /// Takes descriptors back as far as there are any.
    pub(crate) fn refill(&self) {
        let mut files = self.files();
        while files.len() < Self::COUNT
            && let Ok(file) = placeholder()
        {
            files.push(file);
        }
    }

    fn files(&self) -> MutexGuard<'_, Vec<File>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn placeholder() -> io::Result<File> {
    File::open("/dev/null")
}
