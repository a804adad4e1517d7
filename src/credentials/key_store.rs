//! The key store of the operating system, held at arm's length.
//!
//! A locked Secret Service waits for a person for ever, so every question is asked on a
//! thread of its own and given up after a time; the thread is left to itself. A store that
//! failed once is not asked again by the same [`Guard`].
//!
//! Stored under the service `medsets` with the provider as user, as one JSON object with the
//! keys of `credentials.toml`: a name and its password come and go together.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::values::Secret;

use super::{Answer, Credential, CredentialOrigin, CredentialSecret, Form, Wanted};

/// A store that is asked by name.
pub(super) trait KeyStore: Send + Sync {
    /// The secret under a name; `None` when there is none.
    fn get(&self, name: &str) -> Result<Option<Secret>, KeyStoreFault>;
    /// Puts a secret under a name, in place of another.
    fn set(&self, name: &str, secret: &Secret) -> Result<(), KeyStoreFault>;
    /// Takes the secret under a name away; says whether there was one.
    fn delete(&self, name: &str) -> Result<bool, KeyStoreFault>;
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

    /// The credential in the store. What is no object of ours, or half a login, counts as none.
    pub(super) fn find(&self, wanted: &Wanted<'_>) -> Answer {
        let name = wanted.provider.to_owned();
        match self.in_time(move |store| store.get(&name)) {
            Err(KeyStoreFault::None(reason)) => Answer::NotThere(reason),
            Err(KeyStoreFault::Failed(reason)) => Answer::Failed(reason),
            Ok(held) => match held.and_then(|held| understood(&held, wanted.form)) {
                Some((secret, expires)) => {
                    Answer::Found(Credential { secret, origin: CredentialOrigin::KeyStore, expires })
                }
                None => Answer::Nothing,
            },
        }
    }

    /// Stores a credential under its provider, in place of another.
    pub(super) fn set(
        &self,
        provider: &str,
        secret: &CredentialSecret,
        expires: Option<Timestamp>,
    ) -> Result<(), KeyStoreFault> {
        let mut object: Map<String, Value> =
            secret.texts().into_iter().map(|(part, text)| (part.key().to_owned(), Value::from(text))).collect();
        object.extend(expires.map(|end| ("expires".to_owned(), Value::from(end.to_string()))));
        let (name, secret) = (provider.to_owned(), Secret::new(Value::from(object).to_string()));
        self.in_time(move |store| store.set(&name, &secret))
    }

    /// Takes the credential of a provider away; says whether there was one.
    pub(super) fn delete(&self, provider: &str) -> Result<bool, KeyStoreFault> {
        let name = provider.to_owned();
        self.in_time(move |store| store.delete(&name))
    }

    fn in_time<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn KeyStore) -> Result<T, KeyStoreFault> + Send + 'static,
    ) -> Result<T, KeyStoreFault> {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = &*fault {
            return Err(fault.clone());
        }
        let answer = self.on_a_thread(ask);
        if let Err(reason) = &answer {
            *fault = Some(reason.clone());
        }
        answer
    }

    fn on_a_thread<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn KeyStore) -> Result<T, KeyStoreFault> + Send + 'static,
    ) -> Result<T, KeyStoreFault> {
        let Some(store) = self.store.clone() else {
            return Err(KeyStoreFault::None("this program was built without a key store".to_owned()));
        };
        let (answer, answered) = mpsc::channel();
        let asking = std::thread::Builder::new().name("key store".to_owned());
        // Nobody listens any more when the time is over: then the answer is dropped.
        let asked = asking.spawn(move || drop(answer.send(ask(&*store))));
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

/// What stands in the store.
fn understood(held: &Secret, form: Form) -> Option<(CredentialSecret, Option<Timestamp>)> {
    let object: Map<String, Value> = serde_json::from_str(held.expose()).ok()?;
    let text = |key: &str| object.get(key)?.as_str();
    let secret = form.assemble(|part| text(part.key()).map(Secret::new)).ok().flatten()?;
    Some((secret, text("expires").and_then(|end| end.parse().ok())))
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
        let held = present(entry(name).and_then(|entry| entry.get_password()))?;
        Ok(held.filter(|text| !text.is_empty()).map(Secret::new))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), KeyStoreFault> {
        present(entry(name).and_then(|entry| entry.set_password(secret.expose()))).map(|_| ())
    }

    fn delete(&self, name: &str) -> Result<bool, KeyStoreFault> {
        present(entry(name).and_then(|entry| entry.delete_credential())).map(|gone| gone.is_some())
    }
}

#[cfg(feature = "os-keyring")]
fn entry(name: &str) -> keyring::Result<keyring::Entry> {
    keyring::Entry::new("medsets", name)
}

/// An answer of the store, with `None` where nothing is stored.
#[cfg(feature = "os-keyring")]
fn present<T>(answer: keyring::Result<T>) -> Result<Option<T>, KeyStoreFault> {
    use keyring::Error;
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        Err(Error::NoDefaultStore) => Err(KeyStoreFault::None("this system has no key store".to_owned())),
        Err(Error::NoStorageAccess(_)) => {
            Err(KeyStoreFault::Failed("the key store of the system is locked".to_owned()))
        }
        // The other messages may quote what is stored.
        Err(_) => Err(KeyStoreFault::Failed("the key store of the system answered with an error".to_owned())),
    }
}

/// Long enough for a store on a slow machine, short enough for a person.
const PATIENCE: Duration = Duration::from_secs(5);
