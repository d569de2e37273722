//! The socket under a connection, and the fresh look at it before the connection is used again.
//!
//! A receiver may close a kept connection, or push bytes into it, at any time. What the kernel
//! already has is not yet known to the runtime: it hears of it at its next poll, and until then
//! reports "nothing to read". In that gap a request would be written to a closed connection (and
//! may not be sent again, since something was written), or a smuggled response would be taken for
//! the request's answer. hyper reads before it writes a request; so it is enough that this read
//! asks the kernel itself, once for each reuse.

use std::{
    io::{self, Read},
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Asks for a fresh look at the socket: the pool's end of it.
#[derive(Clone, Debug, Default)]
pub(super) struct FreshLook(Arc<AtomicBool>);

impl FreshLook {
    /// The next read asks the kernel.
    pub(super) fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn asked(&self) -> bool {
        // The plain load is for the many reads that were not asked.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Acquire)
    }
}

/// A TCP stream that can be asked for a fresh look.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    look: FreshLook,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, look: FreshLook::default() }
    }

    pub(super) fn fresh_look(&self) -> FreshLook {
        self.look.clone()
    }

    /// Reads past the runtime's idea of readiness; `WouldBlock` if there is nothing.
    fn read_now(&self, buf: &mut ReadBuf<'_>) -> io::Result<()> {
        let socket = SockRef::from(&self.stream);
        // The socket is non-blocking. Peeking first spares the common case the clearing of `buf`.
        socket.peek(&mut [MaybeUninit::uninit()])?;
        let count = (&*socket).read(buf.initialize_unfilled())?;
        buf.advance(count);
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.look.asked() {
            match self.read_now(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
