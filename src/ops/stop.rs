//! Waiting for others only as long as the person does.

use crate::context::Context;

use super::exit::Exit;
use super::failure::Failure;

/// Waits for an answer, or until the run is to stop: a host or a store may answer slowly, or never.
/// What was asked is let go of, so that it must not be in the middle of changing anything here.
pub(super) async fn unless_stopped<T>(context: &Context, asked: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::select! {
        answer = asked => Ok(answer),
        () = context.cancel.cancelled() => {
            let exit = context.cancel.code().map_or(Exit::INTERRUPTED, Exit);
            Err(Failure::new(exit, "the run was stopped").help("run the same command again to go on"))
        }
    }
}
