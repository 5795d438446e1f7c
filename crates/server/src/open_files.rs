//! How many files the process may have open, and how many connections that is.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::listen::Spare;

/// Files beside the connections: those that are up- and downloaded above all.
const BESIDE: u64 = 256;

/// What a server that does nothing has open: listeners, event queues, the log.
const AT_REST: u64 = 64;

/// Asks the system for as many open files as so many connections need; the shell's usual limit is 1,024.
pub fn raise(connections: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = connections as u64 + BESIDE;
    if current.is_some_and(|now| now < wanted) {
        let allowed = maximum.map_or(wanted, |maximum| wanted.min(maximum));
        // Where that is refused, there are fewer connections.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
    }
}

/// As many of the connections as the open files allow; where these are few, a quarter is left to what is not a connection.
pub(crate) fn room_for(connections: usize) -> usize {
    let Some(allowed) = getrlimit(Resource::Nofile).current else { return connections };
    let room = room_in(allowed, connections);
    if room < connections {
        tracing::warn!(
            open_files = allowed,
            connections = room,
            wanted = connections,
            "few open files are allowed, so there is room for fewer connections; raise `ulimit -n`"
        );
    }
    room
}

fn room_in(allowed: u64, connections: usize) -> usize {
    if allowed >= connections as u64 + BESIDE {
        return connections;
    }
    let left = allowed.saturating_sub(AT_REST + Spare::COUNT as u64);
    usize::try_from(left - left / 4).unwrap_or(usize::MAX).clamp(1, connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_others() {
        assert_eq!(room_in(65_536, 16_384), 16_384);
        assert_eq!(room_in(1_024, 16_384), 708);
        assert_eq!(room_in(64, 16_384), 1);
        assert_eq!(room_in(120, 3), 3);
    }
}
