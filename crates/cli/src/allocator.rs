//! How the C library gives memory back.
//!
//! glibc maps large blocks by themselves and unmaps them when they are freed. But it calls ever larger blocks small, up to
//! 32 MiB, as it sees them freed, and keeps small ones in pools that shrink only at their ends: a few long messages, and a
//! server keeps hundreds of megabytes that no one uses. With fixed numbers it does not. glibc reads them once, from the
//! environment of a process that starts; to call `mallopt` would be `unsafe`.

/// Blocks of this size are mapped by themselves; a pool that has so much free at its end is cut; and there are so many pools.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const NUMBERS: [(&str, &str); 3] =
    [("MALLOC_MMAP_THRESHOLD_", "262144"), ("MALLOC_TRIM_THRESHOLD_", "1048576"), ("MALLOC_ARENA_MAX", "4")];

/// Starts this program anew, in the same process, with the numbers in its environment. Whoever has set one of them knows better.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back_early() {
    use std::os::unix::process::CommandExt as _;

    if NUMBERS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else { return };
    // It returns where it fails, and then the server runs as it is.
    let error = std::process::Command::new(program).arg0(name).args(arguments).envs(NUMBERS).exec();
    tracing::debug!(%error, "the allocator keeps its own numbers");
}

/// Other C libraries have no such numbers.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back_early() {}
