//! Why a server cannot be started.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Address;

/// Why a server cannot be started, or stopped serving.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A listener was asked for in words that cannot be read.
    #[error("cannot listen on {text:?}: {why}")]
    Listen {
        /// As it was written.
        text: String,
        /// What is wrong with it, and how to write it.
        why: String,
    },
    /// A wire was asked for that this program was built without.
    #[error("this program is built without the wire {wire}; turn on the feature {wire:?} of manywire")]
    NotBuilt {
        /// The wire, and the feature.
        wire: &'static str,
    },
    /// No listener was asked for.
    #[error("the server has nowhere to listen; call Server::listen before it starts")]
    NoListener,
    /// An address that cannot be bound, such as a port that is taken.
    #[error("cannot listen on {address} for {wires}: {source}{holder}")]
    Bind {
        /// Where.
        address: Address,
        /// For what.
        wires: String,
        /// Why.
        source: io::Error,
        /// Who has the port, as far as can be seen: empty, or a semicolon and a sentence.
        holder: String,
    },
    /// A certificate, a key or an authority that cannot be used.
    #[error("{}: {why}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The methods cannot be served as they are.
    #[error(transparent)]
    Methods(#[from] manywire_core::Conflict),
    /// gRPC cannot describe the methods.
    #[cfg(feature = "grpc")]
    #[error(transparent)]
    Grpc(#[from] manywire_grpc::Undescribable),
    /// The system refused a thread, a file or a signal handler.
    #[error("{what}: {source}")]
    System {
        /// For what.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// As people read it, for this is what a `main` that returns it prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    pub(crate) fn listen(text: &str, why: impl Into<String>) -> Self {
        Self::Listen { text: text.to_owned(), why: why.into() }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(path: &std::path::Path, why: &impl ToString) -> Self {
        Self::Tls { path: path.to_owned(), why: why.to_string() }
    }

    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
