//! What Linux says of a process: whether it lives, and the memory it holds.

use std::fs;

/// A process, by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Bytes in memory now.
    pub(crate) fn resident(self) -> u64 {
        self.field("VmRSS:").unwrap_or(0)
    }

    /// The most bytes that were in memory since it began, or since [`forget_peak`](Self::forget_peak); none when it has ended.
    pub(crate) fn peak(self) -> Option<u64> {
        self.field("VmHWM:")
    }

    /// Makes the peak what is in memory now.
    pub(crate) fn forget_peak(self) {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5").unwrap();
    }

    fn field(self, name: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    }
}
