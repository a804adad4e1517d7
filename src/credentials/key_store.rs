//! The key store of the operating system, held at arm's length.
//!
//! A locked Secret Service waits for a person for ever, so every question is asked on a
//! thread of its own and given up after a time; the thread is left to itself. A store that
//! failed once is not asked again by the same [`Guard`].
//!
//! Stored under the service `medsets` as `<provider>/token`, `<provider>/user` and
//! `<provider>/password`.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::values::Secret;

use super::{Answer, Credential, CredentialOrigin, Wanted};

/// A store that is asked by name.
pub(super) trait KeyStore: Send + Sync {
    /// The secret under a name; `None` when there is none.
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyStoreFault>;
}

/// Why a store does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyStoreFault {
    /// This machine or this build has none: nothing to tell.
    None(String),
    /// It is there and cannot be asked: locked, or broken.
    Failed(String),
}

/// Asks a store with a time limit.
pub(super) struct Guard {
    store: Option<Arc<dyn KeyStore>>,
    patience: Duration,
    fault: Mutex<Option<KeyStoreFault>>,
}

impl Guard {
    /// Around a store, or around none.
    pub(super) fn new(store: Option<Arc<dyn KeyStore>>) -> Self {
        Self { store, patience: PATIENCE, fault: Mutex::new(None) }
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The credential in the store. Half a login counts as none.
    pub(super) fn find(&self, wanted: &Wanted<'_>) -> Answer {
        let mut fault = None;
        let assembled = wanted.form.assemble(|part| {
            let name = format!("{}/{}", wanted.provider, part.key());
            self.get(name).unwrap_or_else(|reason| {
                fault = Some(reason);
                None
            })
        });
        match (fault, assembled) {
            (Some(KeyStoreFault::None(reason)), _) => Answer::NotThere(reason),
            (Some(KeyStoreFault::Failed(reason)), _) => Answer::Failed(reason),
            (None, Ok(Some(secret))) => Answer::Found(Credential { secret, origin: CredentialOrigin::KeyStore }),
            (None, _) => Answer::Nothing,
        }
    }

    fn get(&self, name: String) -> Result<Option<Secret>, KeyStoreFault> {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = &*fault {
            return Err(fault.clone());
        }
        let answer = self.get_in_time(name);
        if let Err(reason) = &answer {
            *fault = Some(reason.clone());
        }
        answer
    }

    fn get_in_time(&self, name: String) -> Result<Option<Secret>, KeyStoreFault> {
        let Some(store) = self.store.clone() else {
            return Err(KeyStoreFault::None("this program was built without a key store".to_owned()));
        };
        let (answer, answered) = mpsc::channel();
        let asking = std::thread::Builder::new().name("key store".to_owned());
        // Nobody listens any more when the time is over: then the answer is dropped.
        let asked = asking.spawn(move || drop(answer.send(store.get(&name))));
        let failed = |what: &str| KeyStoreFault::Failed(format!("the key store of the system {what}"));
        asked.map_err(|_| failed("could not be asked, no thread could be started"))?;
        match answered.recv_timeout(self.patience) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(failed(&format!("did not answer within {} s; it may be locked", self.patience.as_secs())))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(failed("broke off")),
        }
    }
}

/// The key store of this system, where the build has one.
#[cfg(feature = "os-keyring")]
pub(super) fn of_system() -> Option<Arc<dyn KeyStore>> {
    Some(Arc::new(SystemStore))
}

/// The key store of this system, where the build has one.
#[cfg(not(feature = "os-keyring"))]
pub(super) fn of_system() -> Option<Arc<dyn KeyStore>> {
    None
}

#[cfg(feature = "os-keyring")]
struct SystemStore;

#[cfg(feature = "os-keyring")]
impl KeyStore for SystemStore {
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyStoreFault> {
        use keyring::Error;
        match keyring::Entry::new("medsets", name).and_then(|entry| entry.get_password()) {
            Ok(text) => Ok((!text.is_empty()).then(|| Secret::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(Error::NoDefaultStore) => Err(KeyStoreFault::None("this system has no key store".to_owned())),
            Err(Error::NoStorageAccess(_)) => {
                Err(KeyStoreFault::Failed("the key store of the system is locked".to_owned()))
            }
            // The other messages may quote what is stored.
            Err(_) => Err(KeyStoreFault::Failed("the key store of the system answered with an error".to_owned())),
        }
    }
}

/// Long enough for a store on a slow machine, short enough for a person.
const PATIENCE: Duration = Duration::from_secs(5);
