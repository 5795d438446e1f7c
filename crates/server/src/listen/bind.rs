//! Binding a listener, and who has the port when it is taken.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

use super::socket::Listening;
use super::taken;
use crate::listener::{Address, Bound, Listen, Place};
use crate::{Error, Wires};

/// A listener that is bound.
pub(crate) struct Opened {
    pub(crate) listening: Listening,
    pub(crate) address: Address,
    /// Removes the file of a Unix socket in the end.
    pub(crate) file: Option<SocketFile>,
}

/// The file of a Unix socket, removed when this is dropped.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Binds a listener.
pub(crate) async fn bind(listen: &Listen) -> Result<Opened, Error> {
    let (opened, holder) = match &listen.place {
        Place::Tcp(address) => match tcp(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => (Err(error), holder(address).await),
            opened => (opened, String::new()),
        },
        Place::Unix(path) => (unix(path), String::new()),
    };
    opened.map_err(|source| Error::Bind {
        address: Address::from(&listen.place),
        wires: listen.wires.to_string(),
        source,
        holder,
    })
}

async fn tcp(address: &str) -> io::Result<Opened> {
    let listener = TcpListener::bind(address).await?;
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Opened { listening: Listening::Tcp(listener), address, file: None })
}

/// A socket that an earlier process left behind is replaced; one that somebody listens on is not.
fn unix(path: &Path) -> io::Result<Opened> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    let address = Address::Unix(path.to_owned());
    Ok(Opened { listening: Listening::Unix(listener), address, file: Some(SocketFile(path.to_owned())) })
}

fn is_abandoned(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && std::os::unix::net::UnixStream::connect(path).is_err_and(refused)
}

/// Takes over a socket that the program has bound.
pub(crate) fn take_over(bound: Bound, wires: &Wires) -> Result<Opened, Error> {
    let opened = match bound {
        Bound::Tcp(listener) => adopt_tcp(listener),
        Bound::Unix(listener) => adopt_unix(listener),
    };
    opened.map_err(|source| Error::Bind {
        address: Address::Name("a socket of the program's".to_owned()),
        wires: wires.to_string(),
        source,
        holder: String::new(),
    })
}

fn adopt_tcp(listener: std::net::TcpListener) -> io::Result<Opened> {
    listener.set_nonblocking(true)?;
    let address = Address::Tcp(listener.local_addr()?);
    Ok(Opened { listening: Listening::Tcp(TcpListener::from_std(listener)?), address, file: None })
}

fn adopt_unix(listener: std::os::unix::net::UnixListener) -> io::Result<Opened> {
    listener.set_nonblocking(true)?;
    let path = listener.local_addr()?.as_pathname().map(Path::to_owned).unwrap_or_default();
    let listening = Listening::Unix(UnixListener::from_std(listener)?);
    Ok(Opened { listening, address: Address::Unix(path), file: None })
}

/// Who listens at an address already, to follow the reason.
async fn holder(address: &str) -> String {
    let addresses = tokio::net::lookup_host(address).await.ok();
    let who = addresses.and_then(|mut addresses| addresses.find_map(taken::by_whom));
    who.map(|who| format!("; {who} listens there")).unwrap_or_default()
}
