//! How long a client may let a connection stand still.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long is waited for a client.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For the whole head of a request, from its first byte on; and for the first byte of a new connection.
    pub head: Duration,
    /// For the next request of a connection that has had one.
    pub idle: Duration,
    /// For the client to take 16 KiB more of an answer.
    pub write: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            write: Duration::from_secs(30),
        }
    }
}

/// What a client has to take of an answer in the time of [`Waits::write`], in bytes.
const ENOUGH: usize = 16 * 1024;

/// What goes on on a connection: shared by what reads and writes it and what answers its requests.
#[derive(Debug, Default)]
pub struct Pace {
    begun: AtomicUsize,
    running: AtomicUsize,
    is_patient: AtomicBool,
}

impl Pace {
    /// A request has come; it goes on until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.is_patient.store(false, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// The answer is a stream: it takes as long as it takes.
    pub fn be_patient(&self) {
        self.is_patient.store(true, Ordering::Relaxed);
    }

    fn is_patient(&self) -> bool {
        self.is_patient.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }
}

/// A request that goes on.
#[derive(Debug)]
pub(super) struct Busy(Arc<Pace>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The bytes of a connection, read and written in time.
#[derive(Debug)]
pub(super) struct Paced<Io> {
    io: Io,
    pace: Arc<Pace>,
    waits: Waits,
    /// The number of requests when the timers were set.
    begun: usize,
    has_head_begun: bool,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
    written: usize,
}

impl<Io> Paced<Io> {
    pub(super) const fn new(io: Io, pace: Arc<Pace>, waits: Waits) -> Self {
        Self {
            io,
            pace,
            waits,
            begun: 0,
            has_head_begun: false,
            reading: None,
            writing: None,
            written: 0,
        }
    }

    /// Forgets the timers of the request before.
    fn catch_up(&mut self) {
        let begun = self.pace.begun.load(Ordering::Relaxed);
        if self.begun != begun {
            self.begun = begun;
            self.has_head_begun = false;
            self.reading = None;
            self.writing = None;
        }
    }

    fn has_read(&mut self) {
        self.catch_up();
        if !self.pace.is_busy() && !self.has_head_begun {
            self.has_head_begun = true;
            self.reading = Some(Box::pin(sleep(self.waits.head)));
        }
    }

    fn awaits_bytes(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.catch_up();
        if self.pace.is_patient() || self.pace.is_busy() {
            self.reading = None;
            return Poll::Pending;
        }
        let wait = if self.begun == 0 {
            self.waits.head
        } else {
            self.waits.idle
        };
        let timer = self.reading.get_or_insert_with(|| Box::pin(sleep(wait)));
        timer.as_mut().poll(cx).map(|()| Err(late()))
    }

    fn has_written(&mut self, count: usize) {
        self.written += count;
        if self.written >= ENOUGH {
            self.writing = None;
        }
    }

    fn awaits_room<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.catch_up();
        if self.pace.is_patient() {
            self.writing = None;
            return Poll::Pending;
        }
        if self.writing.is_none() {
            self.written = 0;
        }
        let wait = self.waits.write;
        let timer = self.writing.get_or_insert_with(|| Box::pin(sleep(wait)));
        timer.as_mut().poll(cx).map(|()| Err(late()))
    }
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl<Io: AsyncRead + Unpin> AsyncRead for Paced<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.io).poll_read(cx, buf) {
            Poll::Ready(done) => {
                if buf.filled().len() > before {
                    self.has_read();
                }
                Poll::Ready(done)
            }
            Poll::Pending => self.awaits_bytes(cx),
        }
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Paced<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Ready(done) => {
                self.has_written(*done.as_ref().unwrap_or(&0));
                Poll::Ready(done)
            }
            Poll::Pending => self.awaits_room(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write_vectored(cx, bytes) {
            Poll::Ready(done) => {
                self.has_written(*done.as_ref().unwrap_or(&0));
                Poll::Ready(done)
            }
            Poll::Pending => self.awaits_room(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_flush(cx) {
            Poll::Pending => self.awaits_room(cx),
            done @ Poll::Ready(_) => {
                // The answer is out. Who reads asked while it was not, and asks again when bytes come or time is up.
                let _ = self.awaits_bytes(cx);
                done
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_shutdown(cx) {
            Poll::Pending => self.awaits_room(cx),
            done @ Poll::Ready(_) => done,
        }
    }
}
