//! How full the data directory may get. Files that are not finished count, and what others put there counts too.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use manywire_core::{ErrorKind, RpcError};

/// A file takes whole blocks of the disk, and an empty one its entry in the directory.
const CLUSTER: u64 = 4 << 10;
/// The directory is counted anew when it seems full, but not more often than this.
const RECOUNT: Duration = Duration::from_secs(1);

/// The space of one directory.
pub(super) struct Space {
    dir: &'static Dir,
    limit: u64,
    used: Mutex<Used>,
}

/// Held for short, but while the directory is counted; only threads that may wait take it.
#[derive(Default)]
struct Used {
    /// Bytes of the files that have names.
    stored: u64,
    /// Bytes of those that are on their way.
    unfinished: u64,
    /// When the directory was last counted, and how long that took.
    counted: Option<(Instant, Duration)>,
}

impl Space {
    pub(super) fn new(dir: &'static Dir, limit: u64) -> Self {
        Self { dir, limit, used: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the directory where it never was, or where it seems full: files may have been removed by others.
    fn count(&self, used: &mut Used) -> io::Result<()> {
        let is_due = used.counted.is_none_or(|(at, took)| at.elapsed() > RECOUNT.max(10 * took));
        if !is_due {
            return Ok(());
        }
        let began = Instant::now();
        used.stored = 0;
        for entry in self.dir.entries()? {
            // One that is gone by now takes no space.
            if let Ok(metadata) = entry?.metadata() {
                used.stored += space_of(metadata.len());
            }
        }
        used.counted = Some((Instant::now(), began.elapsed()));
        Ok(())
    }

    fn size(&self, name: &str) -> u64 {
        self.dir.symlink_metadata(name).map_or(0, |metadata| space_of(metadata.len()))
    }
}

fn space_of(length: u64) -> u64 {
    length.max(1).div_ceil(CLUSTER).saturating_mul(CLUSTER)
}

/// What one unfinished file takes. Dropping it gives the space back.
pub(super) struct Room {
    space: Arc<Space>,
    length: u64,
    /// The space of so many bytes, once there are any.
    taken: u64,
}

impl Room {
    /// No space yet.
    pub(super) fn of(space: Arc<Space>) -> Self {
        Self { space, length: 0, taken: 0 }
    }

    /// Takes space for so many bytes more, if there is any. It may wait.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), RpcError> {
        let length = self.length.saturating_add(bytes);
        let more = space_of(length) - self.taken;
        let mut used = self.space.lock();
        let is_full =
            |used: &Used| used.stored.saturating_add(used.unfinished).saturating_add(more) > self.space.limit;
        if used.counted.is_none() || is_full(&used) {
            let counted = self.space.count(&mut used);
            counted.map_err(|e| super::disk("the data directory cannot be read", &e))?;
        }
        if is_full(&used) {
            let message = format!("the server stores at most {} bytes of files", self.space.limit);
            return Err(RpcError::new(ErrorKind::ResourceExhausted, message));
        }
        used.unfinished += more;
        drop(used);
        (self.length, self.taken) = (length, self.taken + more);
        Ok(())
    }

    /// The file gets its name, and maybe takes the place of another.
    pub(super) fn keep(mut self, name: &str, publish: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let space = self.space.clone();
        // Whoever counts the directory meanwhile would count it twice, or not at all.
        let mut used = space.lock();
        let replaced = space.size(name);
        publish()?;
        used.unfinished -= self.taken;
        used.stored = used.stored.saturating_sub(replaced) + std::mem::take(&mut self.taken);
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.taken > 0 {
            self.space.lock().unfinished -= self.taken;
        }
    }
}
