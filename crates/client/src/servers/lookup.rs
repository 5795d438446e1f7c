//! Finding the servers by their names: at first, and again when one is lost, since it may have moved.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use futures_util::future::join_all;
use manywire_core::{Origin, RpcError};
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Server, Servers};
use crate::Options;
use crate::dial::{Dialer, Place};
use crate::url::{LOCALHOST, split, unix_path};

/// Names are looked up again when a server is lost, but not more often than this.
pub(super) const LOOKUP_PAUSE: Duration = Duration::from_secs(5);

impl Servers {
    /// Looks names up again, since a server was lost: it may have moved.
    pub(crate) async fn refresh(&self) {
        {
            let mut looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
            if looked_up.elapsed() < LOOKUP_PAUSE {
                return;
            }
            *looked_up = Instant::now();
        }
        // Without an answer the old addresses stay.
        let _ = self.look_up().await;
    }

    /// Looks names up again while whoever asks goes on.
    pub(crate) fn refresh_aside(self: &Arc<Self>) {
        let servers = self.clone();
        tokio::spawn(async move { servers.refresh().await });
    }

    /// Finds the servers' addresses of today.
    pub(super) async fn look_up(&self) -> Result<(), RpcError> {
        let find = async |authority: &String| match unix_path(authority) {
            Some(path) => Ok(vec![Place::Unix(path.into())]),
            None => Ok(tokio::net::lookup_host(authority).await?.map(Place::Tcp).collect()),
        };
        let found = join_all(self.url.authorities.iter().map(find)).await;
        self.list.store(Arc::new(self.merged(found)?));
        Ok(())
    }

    /// The servers at these addresses, of each name in the URL; those that were known stay as they are, and so do those
    /// whose name could not be found this time.
    pub(super) fn merged(&self, found: Vec<io::Result<Vec<Place>>>) -> Result<Vec<Arc<Server>>, RpcError> {
        let known = self.list.load();
        let count = found.iter().flatten().map(Vec::len).sum();
        let mut list: Vec<Arc<Server>> = Vec::new();
        let mut why = None;
        for (authority, places) in self.url.authorities.iter().zip(found) {
            let places = places.unwrap_or_else(|error| {
                why = Some(no_address(authority, &error));
                known
                    .iter()
                    .filter(|server| server.authority == *authority)
                    .map(|server| server.place().clone())
                    .collect()
            });
            for place in places {
                if list.iter().any(|server| *server.place() == place) {
                    continue;
                }
                let same = |server: &&Arc<Server>| *server.place() == place;
                list.push(match known.iter().find(same) {
                    Some(server) => server.clone(),
                    None => Arc::new(self.server(authority, place, count)?),
                });
            }
        }
        match why {
            Some(error) if list.is_empty() => Err(error),
            _ => Ok(list),
        }
    }

    /// What connecting to one server of so many may take, so that the last has its turn, too.
    fn share(&self, count: usize) -> Option<Duration> {
        let Options { timeout, connect_timeout, limits, .. } = &self.options;
        let whole = connect_timeout.or(*timeout);
        match u32::try_from(count) {
            Ok(0 | 1) => *connect_timeout,
            Ok(count) => Some(whole.map_or(limits.handshake, |whole| whole / count)),
            Err(_) => whole,
        }
    }

    /// One of so many.
    pub(super) fn server(&self, authority: &str, place: Place, count: usize) -> Result<Server, RpcError> {
        let tls = match &self.tls {
            None => None,
            Some(config) => {
                let host = split(authority).map_or(LOCALHOST, |(host, _)| host);
                let name = self.options.tls.server_name.as_deref().unwrap_or(host);
                let name = ServerName::try_from(name.to_owned()).map_err(|_| {
                    RpcError::arose(Origin::Usage, format!("TLS: {name:?} is no name of a server"))
                })?;
                Some((config.clone(), name))
            }
        };
        let (tap, heard) = (self.options.tap.clone(), Arc::default());
        let dialer = Dialer { place, tls, limit: self.share(count), tap, heard };
        Ok(Server {
            authority: authority.to_owned(),
            dialer: Arc::new(dialer),
            in_flight: AtomicUsize::new(0),
            connection: ArcSwapOption::empty(),
            state: Mutex::default(),
            has_failed: AtomicBool::new(false),
            connecting: tokio::sync::Mutex::default(),
        })
    }
}

fn no_address(authority: &str, error: &io::Error) -> RpcError {
    RpcError::arose(Origin::Connect, format!("cannot find the address of {authority}: {error}"))
}
