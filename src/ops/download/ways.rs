//! The ways to a file, as the transfer asks for them.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::net::NetError;
use crate::ops::failure::Failure;
use crate::plan::Location;
use crate::providers::{AnyProvider, Hosts, ProviderError, Way};
use crate::transfer::{Locate, LocateError};

use super::Wanted;

/// The ways to a file, in the order in which they are tried.
pub(in crate::ops) fn ways(wanted: &Wanted, provider: &Arc<AnyProvider>, hosts: &Arc<Hosts>) -> Vec<Arc<dyn Locate>> {
    let way = |way| {
        let way = Way { provider: provider.clone(), hosts: hosts.clone(), file: wanted.listed.clone(), way };
        Arc::new(Located(way)) as Arc<dyn Locate>
    };
    (0..provider.ways(&wanted.listed)).map(way).collect()
}

/// A provider's way as the transfer asks for it.
struct Located(Way);

impl Locate for Located {
    fn locate(&self) -> BoxFuture<'_, Result<Location, LocateError>> {
        async { self.0.locate().await.map_err(told) }.boxed()
    }

    fn explain<'a>(&'a self, error: &'a NetError) -> BoxFuture<'a, Option<LocateError>> {
        async { self.0.explain(error).await.map(told) }.boxed()
    }

    fn explain_page(&self, title: Option<&str>) -> Option<LocateError> {
        self.0.explain_page(title).map(told)
    }
}

fn told(error: ProviderError) -> LocateError {
    let net = match &error {
        ProviderError::Net(net) => Some(net.clone()),
        _ => None,
    };
    let failure = Failure::from(error);
    LocateError { net, exit: failure.exit.0, message: failure.message, help: failure.help }
}
