//! A stream as the body of an answer: one item a line, or one item an event.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream as _;
use http_body::{Body, Frame};
use manywire_core::{CallStream, Charge, Connection, Reply, RpcError};
use manywire_json::{Room, Text, write_erased};
use tokio::time::{Instant, Sleep, sleep};

use crate::error::{shutting_down, write_error};

/// Items that are there at once are sent together, up to about so many bytes.
const TOGETHER: usize = 8 << 10;

/// How often an event stream without events shows that it is alive, and finds out whether its reader is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// In what form the items go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `application/x-ndjson`
    Lines,
    /// `text/event-stream`
    Events,
}

impl Form {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Form::Lines => "application/x-ndjson",
            Form::Events => "text/event-stream",
        }
    }
}

/// The items of a stream on their way to a reader. Nothing of the stream is polled while the reader takes nothing.
pub(crate) struct Lines {
    form: Form,
    /// An item that was there before the answer began.
    first: Option<Box<dyn Reply>>,
    /// None once the last line was written.
    items: Option<CallStream>,
    connection: Connection,
    drain: Pin<Box<dyn Future<Output = ()> + Send>>,
    heartbeat: Option<Pin<Box<Sleep>>>,
    /// What the method holds.
    _held: Charge,
}

impl Lines {
    pub(crate) fn new(
        first: Option<Box<dyn Reply>>,
        items: CallStream,
        connection: &Connection,
        held: Charge,
    ) -> Self {
        let drain = connection.drain.clone();
        Self {
            form: Form::Lines,
            first,
            items: Some(items),
            connection: connection.clone(),
            drain: Box::pin(async move { drain.started().await }),
            heartbeat: None,
            _held: held,
        }
    }

    pub(crate) fn in_form(self, form: Form) -> Self {
        let heartbeat = (form == Form::Events).then(|| Box::pin(sleep(HEARTBEAT)));
        Self { form, heartbeat, ..self }
    }

    /// What comes next: an item, an error, or the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Box<dyn Reply>, RpcError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(items) = &mut self.items else { return Poll::Ready(None) };
        if self.drain.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(shutting_down())));
        }
        Pin::new(items).poll_next(cx)
    }

    fn write(&self, text: &mut Text, item: &dyn Reply) -> Result<(), RpcError> {
        let start = text.len();
        let limit = start.saturating_add(self.connection.limits.message_bytes);
        let room = Room { limit, budget: &self.connection.budget };
        let (before, after): (&[u8], &[u8]) = match self.form {
            Form::Lines => (b"", b"\n"),
            Form::Events => (b"data: ", b"\n\n"),
        };
        text.push_short(before);
        write_erased(text, room, item.as_serde()).inspect_err(|_| text.truncate(start))?;
        text.push_short(after);
        Ok(())
    }

    fn write_failure(&self, text: &mut Text, error: &RpcError) {
        let (before, after): (&[u8], &[u8]) = match self.form {
            Form::Lines => (b"", b"\n"),
            Form::Events => (b"event: error\ndata: ", b"\n\n"),
        };
        text.push_short(before);
        write_error(text, error);
        text.push_short(after);
    }

    fn write_end(&self, text: &mut Text) {
        if self.form == Form::Events {
            // Browsers pass over an event without data.
            text.push_short(b"event: end\ndata: null\n\n");
        }
    }

    /// Puts what is there into a text, until there is nothing more or enough.
    fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Text> {
        let mut text = Text::default();
        while self.items.is_some() && text.len() < TOGETHER {
            let Poll::Ready(next) = self.poll_next(cx) else {
                if text.is_empty() {
                    return Poll::Pending;
                }
                break;
            };
            let written = next.map(|item| item.and_then(|item| self.write(&mut text, &*item)));
            match written {
                Some(Ok(())) => continue,
                Some(Err(error)) => self.write_failure(&mut text, &error),
                None => self.write_end(&mut text),
            }
            self.items = None;
        }
        Poll::Ready(text)
    }

    /// A comment, where no event came for a while.
    fn poll_heartbeat(&mut self, cx: &mut Context<'_>) -> Poll<Text> {
        let Some(heartbeat) = &mut self.heartbeat else { return Poll::Pending };
        ready!(heartbeat.as_mut().poll(cx));
        let mut text = Text::default();
        text.push_short(b":\n\n");
        Poll::Ready(text)
    }
}

impl Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.items.is_none() {
            return Poll::Ready(None);
        }
        let text = match self.poll_text(cx) {
            Poll::Ready(text) => text,
            Poll::Pending => ready!(self.poll_heartbeat(cx)),
        };
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
        }
        // The end of a stream of lines is the end of the body.
        if text.is_empty() {
            return Poll::Ready(None);
        }
        // Charged anew, for as long as it waits to be written.
        let (bytes, _charge) = text.into_parts();
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.items.is_none()
    }
}
