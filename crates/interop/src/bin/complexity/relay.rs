//! A cable between client and server that cuts what passes into pieces.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How the bytes of a conversation are cut, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// As they come.
    Whole,
    /// Into pieces of so many bytes.
    Into(usize),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cut::Whole => f.write_str("whole"),
            Cut::Into(bytes) => write!(f, "in pieces of {bytes}"),
        }
    }
}

pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
}

impl Relay {
    pub(crate) async fn start(server: SocketAddr, cut: Cut) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(relay(near, server, cut));
            }
        });
        Ok(Self { address })
    }
}

async fn relay(mut near: TcpStream, server: SocketAddr, cut: Cut) -> io::Result<()> {
    let mut far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut from_near, mut to_near) = near.split();
    let (mut from_far, mut to_far) = far.split();
    tokio::try_join!(pass_on(&mut from_near, &mut to_far, cut), pass_on(&mut from_far, &mut to_near, cut))?;
    Ok(())
}

async fn pass_on(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    cut: Cut,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let size = match cut {
        Cut::Whole => buffer.len(),
        Cut::Into(bytes) => bytes,
    };
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        for piece in buffer[..count].chunks(size) {
            to.write_all(piece).await?;
            // Whoever reads has its turn before the next piece.
            tokio::task::yield_now().await;
        }
    }
}
