//! One connection, in one task: it reads while there is room for calls, polls the calls and streams in place, and writes
//! when nothing else is left to do. While a peer does not read, nothing is read from it, and no call or stream of its is
//! polled, so that no more than one answer waits beside the buffer.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{FuturesUnordered, SelectAll};
use manywire_core::{Drain, Limits};
use tokio::io::{AsyncRead, AsyncWrite};

use super::decoder::Event;
use super::reader::{Reader, Stop};
use super::writer::Writer;
use super::{CloseCode, Opening};
use crate::answer::{Answer, Wire, Work};
use crate::subscription::{Notifications, Subscriptions};

/// How long the goodbyes may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves until either side says goodbye, or the drain limit is over.
pub(crate) async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(
    io: IO,
    wire: &Wire,
    opening: &Opening,
    drain: &Drain,
) {
    let (read, write) = tokio::io::split(io);
    let mut reader = Reader::new(read, &wire.limits, &wire.budget);
    let mut writer = Writer::new(write, &wire.limits, &wire.budget);
    let ended = async {
        let farewell = talk(&mut reader, &mut writer, wire, opening, drain).await?;
        say_goodbye(&mut reader, &mut writer, farewell, &wire.limits).await
    };
    tokio::select! {
        () = drain.cut() => {}
        ended = ended => if let Err(error) = ended {
            tracing::debug!(%error, "a WebSocket broke");
        }
    }
}

/// How a connection is to end.
enum Farewell {
    /// We go, and wait for the peer's close.
    Leave,
    /// The peer has gone, with this code.
    Follow(Option<CloseCode>),
    /// The peer broke the rules.
    Complain(CloseCode, String),
}

/// Long, because it is one choice among the five things that may happen next.
async fn talk<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    wire: &Wire,
    opening: &Opening,
    drain: &Drain,
) -> Result<Farewell, Stop> {
    let subscriptions = Subscriptions::new(wire);
    let mut calls = FuturesUnordered::new();
    let mut streams = SelectAll::new();
    let mut in_flight = 0;
    let mut started = std::pin::pin!(drain.started());
    let mut is_draining = false;

    // In this order: answers make room, requests may end subscriptions, and one write carries as much as it can.
    loop {
        // A peer that reads none of its streams must not hold the shutdown up.
        if is_draining && calls.is_empty() && writer.has_sent_answers() {
            return Ok(Farewell::Leave);
        }
        let has_room = !writer.is_full();
        let is_read = has_room && !is_draining && in_flight < wire.limits.in_flight;
        if !is_read {
            reader.pause();
        }
        tokio::select! {
            biased;
            () = &mut started, if !is_draining => {
                is_draining = true;
                streams.clear();
            }
            Some((width, answer)) = calls.next(), if has_room && !calls.is_empty() => {
                in_flight -= width;
                send(writer, &mut streams, answer, is_draining);
            }
            event = reader.next(), if is_read => match event {
                Ok(Event::Message) => match wire.begin(reader.message(), opening.beside(), Some(&subscriptions)).await {
                    Work::Done(answer) => send(writer, &mut streams, answer, is_draining),
                    Work::Waiting(width, answer) => {
                        in_flight += width;
                        calls.push(async move { (width, answer.await) });
                    }
                },
                Ok(Event::Ping) => writer.pong(reader.control()),
                Ok(Event::Pong) => {}
                Ok(Event::Close(code)) => return Ok(Farewell::Follow(code.map(CloseCode))),
                Err(Stop::Flaw(flaw)) => return Ok(Farewell::Complain(flaw.code(), flaw.to_string())),
                Err(stop) => return Err(stop),
            },
            Some(notification) = streams.next(), if has_room && !streams.is_empty() => {
                writer.send(&notification);
            }
            flushed = writer.flush(), if !writer.is_idle() => flushed?,
        }
    }
}

fn send<W: AsyncWrite + Unpin>(
    writer: &mut Writer<W>,
    streams: &mut SelectAll<Notifications>,
    Answer { text, started }: Answer,
    is_draining: bool,
) {
    writer.send(&text);
    writer.mark_answered();
    streams.extend(started.into_iter().filter(|_| !is_draining));
}

/// The closing handshake. The peer may be gone, or not reading; neither is ours to wait for.
async fn say_goodbye<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    farewell: Farewell,
    limits: &Limits,
) -> Result<(), Stop> {
    let closes = async {
        match farewell {
            Farewell::Leave => {
                writer.close(Some(CloseCode::AWAY), "the server is shutting down");
                writer.flush().await?;
                while !matches!(reader.next().await?, Event::Close(_)) {}
            }
            Farewell::Follow(code) => writer.close(code, ""),
            Farewell::Complain(code, reason) => writer.close(Some(code), &reason),
        }
        writer.flush().await?;
        writer.shut_down(limits).await?;
        Ok::<(), Stop>(())
    };
    if let Ok(closed) = tokio::time::timeout(GOODBYE, closes).await {
        closed?;
        // To end on bytes that were not read would reset the connection, and take our goodbye with it. A peer that has a
        // long message to send needs a while until it reads.
        let _ = tokio::time::timeout(limits.handshake, reader.discard()).await;
    }
    Ok(())
}
