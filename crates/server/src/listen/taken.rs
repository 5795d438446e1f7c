//! Which program has a port that is taken, as far as this user may know.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// How `/proc/net/tcp` writes that a socket listens.
const LISTENS: &str = "0A";

/// The program that keeps others from listening at an address: `nginx (process 4711)`. Other users' programs cannot be seen, nor any where there is no `/proc`.
pub(crate) fn by_whom(address: SocketAddr) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.iter().filter_map(|table| std::fs::read_to_string(table).ok());
    let sockets: Vec<String> = tables.flat_map(|table| in_the_way(&table, address)).collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut processes = processes.filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit());
    let process = processes.find(|entry| holds(&entry.path(), &sockets))?;
    let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
    Some(format!("{} (process {})", name.trim_end(), process.file_name().to_string_lossy()))
}

/// What `/proc/PID/fd` calls the sockets of a table that listen at an address, or at all addresses of its port.
fn in_the_way(table: &str, address: SocketAddr) -> Vec<String> {
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let (host, port) = local.split_once(':')?;
        let is_port = u16::from_str_radix(port, 16).ok()? == address.port();
        let host = host_of(host)?;
        let is_host =
            host == address.ip().to_canonical() || host.is_unspecified() || address.ip().is_unspecified();
        (*state == LISTENS && is_port && is_host).then(|| format!("socket:[{inode}]"))
    };
    table.lines().filter_map(socket).collect()
}

/// `0100007F` is 127.0.0.1: words of 32 bits, each as this machine has it in memory.
fn host_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    if hex.len() == 8 {
        return word(0).map(|bytes| Ipv4Addr::from(bytes).into());
    }
    let words = [word(0)?, word(1)?, word(2)?, word(3)?];
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(words.as_flattened()).for_each(|(to, from)| *to = *from);
    Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
}

fn holds(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = std::fs::read_dir(process.join("fd")) else { return false };
    let mut targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
    targets.any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_who_listens_there_and_who_does_not() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:04D2 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0\n\
             1: 00000000:04D2 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12 1 0\n\
             2: 0200007F:04D2 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 13 1 0\n\
             3: 0100007F:04D2 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 14 1 0\n\
             4: 0000000000000000FFFF00000100007F:04D2 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 15 1\n\
             5: 00000000000000000000000001000000:04D2 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 16 1\n";
        let found = |address: &str| in_the_way(table, address.parse().unwrap());
        assert_eq!(found("127.0.0.1:1234"), ["socket:[11]", "socket:[12]", "socket:[15]"]);
        assert_eq!(found("[::1]:1234"), ["socket:[12]", "socket:[16]"]);
        assert_eq!(found("127.0.0.1:1235"), [""; 0]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_listener_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = by_whom(listener.local_addr().unwrap()).unwrap();
        assert!(found.ends_with(&format!("(process {})", std::process::id())), "{found}");
    }
}
