//! A response that is none: the connection is closed before a byte of it is sent.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

/// A body that fails before its first byte. Actix then closes the connection, and the head, which it has not sent yet, goes
/// nowhere.
pub(super) struct ClosedConnection;

impl MessageBody for ClosedConnection {
    type Error = Closed;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Closed>>> {
        Poll::Ready(Some(Err(Closed)))
    }
}

/// The connection is to be closed.
#[derive(Debug)]
pub(super) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server written by hand closes the connection")
    }
}

impl std::error::Error for Closed {}
