//! Opening a store by the address of a mirror. Nothing is asked of it yet.
//!
//! Each store gets its one way to prove who asks; those that `object_store` would look for by
//! itself, in the environment or at addresses of a cloud's own machines, are never used.
//! Sources: object_store 0.14.2 (`src/aws`, `src/gcp`, `src/azure`), read 2026-11-28.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::azure::{AzureAccessKey, AzureCredential, MicrosoftAzureBuilder, split_sas};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{BackoffConfig, RetryConfig, StaticCredentialProvider};

use crate::credentials::CredentialSecret;
use crate::fs;
use crate::net::connector::Connector;
use crate::net::{Client, NetError, RequestCredential};
use crate::values::{SafeUrl, Secret};

use super::address::{MirrorUrl, Place};
use super::bucket::{Bucket, Kind, Objects, Reading, Store};
use super::error::MirrorError;
use super::folder::Folder;
use super::keys::{Surroundings, Who};

impl Bucket {
    /// The objects of a mirror. Asks nothing of it.
    ///
    /// # Errors
    /// Settings or a credential that cannot be used, no folder where it is one, `--offline`.
    pub fn open(url: &MirrorUrl, surroundings: &Surroundings, client: &Client) -> Result<Self, MirrorError> {
        let (inner, reading, base) = match &url.place {
            Place::File { folder } => {
                if fs::canonical(folder).is_ok() && !fs::is_dir(folder) {
                    return Err(MirrorError::NoFolder { mirror: url.clone() });
                }
                if !fs::is_dir(folder) {
                    return Err(MirrorError::Absent { mirror: url.clone(), what: "folder" });
                }
                return Ok(Self { url: url.clone(), kind: Kind::Folder(Folder::new(folder, url)) });
            }
            Place::S3 { bucket } => {
                let reach = Reach::of(url, &s3_address(bucket, surroundings), client)?;
                let (inner, reading) = s3(url, bucket, surroundings, &reach, client)?;
                (inner, reading, reach.connected)
            }
            Place::Gcs { bucket } => {
                let usual = || SafeUrl::ours("https://storage.googleapis.com");
                let reach = Reach::of(url, &surroundings.endpoint.clone().unwrap_or_else(usual), client)?;
                let (inner, reading) = gcs(url, bucket, surroundings, &reach, client)?;
                (inner, reading, reach.connected.at(&[bucket]))
            }
            Place::Azure { account, container } => {
                let usual = || address(url, &format!("https://{account}.blob.core.windows.net"));
                let endpoint = surroundings.endpoint.clone().map_or_else(usual, Ok)?;
                let reach = Reach::of(url, &endpoint, client)?;
                let (inner, reading) = azure(url, account, container, surroundings, &reach, client)?;
                (inner, reading, reach.connected.at(&[container]))
            }
        };
        let (prefix, clock) = (Path::from(url.prefix.as_str()), client.settings().clock.clone());
        let objects = Objects { inner, prefix, reading, base, clock };
        Ok(Self { url: url.clone(), kind: Kind::Objects(objects) })
    }
}

/// How a store is reached.
struct Reach {
    /// The address that is connected to, after rewriting: a signature is over what the server
    /// sees.
    connected: SafeUrl,
    connector: Connector,
}

impl Reach {
    fn of(mirror: &MirrorUrl, asked: &SafeUrl, client: &Client) -> Result<Self, MirrorError> {
        let failed = |source| MirrorError::Net { mirror: mirror.clone(), source };
        if client.settings().offline && !asked.is_loopback() {
            return Err(failed(NetError::Offline { needed: vec![asked.clone()] }));
        }
        if !asked.is_https() && !asked.is_loopback() {
            let reason = "nothing is sent to another machine over plain http";
            return Err(failed(NetError::Forbidden { url: asked.clone(), reason }));
        }
        let connected = client.settings().rewrites.apply(asked).map_err(failed)?;
        let is_open = !connected.is_https() && !connected.is_loopback();
        let connector = Connector::new(client.clone(), is_open.then(|| connected.origin()));
        Ok(Self { connected, connector })
    }

    /// Without a `/` at its end.
    fn text(&self) -> String {
        self.connected.expose().as_str().trim_end_matches('/').to_owned()
    }
}

/// With the bucket in the host's name where Amazon has a certificate for it.
fn s3_address(bucket: &str, surroundings: &Surroundings) -> SafeUrl {
    match &surroundings.endpoint {
        Some(endpoint) => endpoint.at(&[bucket]),
        None => {
            let region = region(surroundings);
            let own = SafeUrl::parse(&format!("https://{bucket}.s3.{region}.amazonaws.com")).ok();
            let own = own.filter(|_| !bucket.contains('.'));
            own.unwrap_or_else(|| SafeUrl::ours("https://s3.amazonaws.com").at(&[bucket]))
        }
    }
}

fn region(surroundings: &Surroundings) -> &str {
    surroundings.region.as_deref().unwrap_or("us-east-1")
}

type Opened = (Arc<dyn Store>, Reading);

fn s3(
    url: &MirrorUrl,
    bucket: &str,
    surroundings: &Surroundings,
    reach: &Reach,
    client: &Client,
) -> Result<Opened, MirrorError> {
    let builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region(surroundings))
        .with_endpoint(reach.text())
        // The endpoint is that of the bucket already.
        .with_virtual_hosted_style_request(true)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_retry(retry(client))
        .with_http_connector(reach.connector.clone());
    let (builder, is_open) = match &surroundings.who {
        Who::Known(CredentialSecret::Keys { access_key, secret_key, session_token }) => {
            let builder = builder.with_access_key_id(access_key).with_secret_access_key(secret_key.expose());
            let with_token = |builder: AmazonS3Builder, token: &Secret| builder.with_token(token.expose());
            (session_token.iter().fold(builder, with_token), false)
        }
        _ => (builder.with_skip_signature(true), true),
    };
    let store = Arc::new(builder.build().map_err(|error| settings(url, &error))?);
    let reading = if is_open { Reading::Open } else { Reading::Signed(store.clone() as Arc<dyn Signer>) };
    Ok((store, reading))
}

fn gcs(
    url: &MirrorUrl,
    bucket: &str,
    surroundings: &Surroundings,
    reach: &Reach,
    client: &Client,
) -> Result<Opened, MirrorError> {
    let builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_base_url(&reach.text())
        .with_retry(retry(client))
        .with_http_connector(reach.connector.clone());
    let bearer = |text: &str| Arc::new(StaticCredentialProvider::new(GcpCredential { bearer: text.to_owned() }));
    let built =
        |builder: GoogleCloudStorageBuilder| builder.build().map(Arc::new).map_err(|error| settings(url, &error));
    Ok(match &surroundings.who {
        // The key of a service account is a JSON document, a token is not.
        Who::Known(CredentialSecret::Token(key)) if key.expose().trim_start().starts_with('{') => {
            let store = built(builder.with_service_account_key(key.expose()))?;
            (store.clone(), Reading::Signed(store))
        }
        Who::Known(CredentialSecret::Token(token)) => {
            let store = built(builder.with_credentials(bearer(token.expose())))?;
            (store, Reading::With(RequestCredential::Bearer(token.clone())))
        }
        _ => (built(builder.with_credentials(bearer("")).with_skip_signature(true))?, Reading::Open),
    })
}

fn azure(
    url: &MirrorUrl,
    account: &str,
    container: &str,
    surroundings: &Surroundings,
    reach: &Reach,
    client: &Client,
) -> Result<Opened, MirrorError> {
    let builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(container)
        .with_endpoint(reach.text())
        .with_retry(retry(client))
        .with_http_connector(reach.connector.clone());
    let provider = |credential| Arc::new(StaticCredentialProvider::new(credential));
    let built = |builder: MicrosoftAzureBuilder| builder.build().map(Arc::new).map_err(|error| settings(url, &error));
    Ok(match &surroundings.who {
        Who::Known(CredentialSecret::Token(token)) if token.expose().contains("sig=") => {
            let query = token.expose().trim().trim_start_matches('?').to_owned();
            let pairs = split_sas(&query).map_err(|_| unusable(url, "the shared access signature cannot be read"))?;
            let store = built(builder.with_credentials(provider(AzureCredential::SASToken(pairs))))?;
            (store, Reading::With(RequestCredential::Query(Secret::new(query))))
        }
        Who::Known(CredentialSecret::Token(key)) => {
            let key = AzureAccessKey::try_new(key.expose().trim());
            let key = key.map_err(|_| unusable(url, "the credential is neither an access key nor a signature"))?;
            let store = built(builder.with_credentials(provider(AzureCredential::AccessKey(key))))?;
            (store.clone(), Reading::Signed(store))
        }
        _ => {
            let nobody = provider(AzureCredential::SASToken(Vec::new()));
            (built(builder.with_credentials(nobody).with_skip_signature(true))?, Reading::Open)
        }
    })
}

fn address(url: &MirrorUrl, text: &str) -> Result<SafeUrl, MirrorError> {
    SafeUrl::parse(text).map_err(|error| unusable(url, &error.reason))
}

fn unusable(url: &MirrorUrl, reason: &str) -> MirrorError {
    MirrorError::Settings { mirror: url.clone(), reason: reason.to_owned() }
}

/// What the builders say of settings. A key that cannot be read is not repeated.
fn settings(url: &MirrorUrl, error: &object_store::Error) -> MirrorError {
    let text = error.to_string();
    let reason = if text.contains("key") { "its key cannot be read".to_owned() } else { text };
    MirrorError::Settings { mirror: url.clone(), reason }
}

/// As often as for other hosts.
fn retry(client: &Client) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(200), ..BackoffConfig::default() };
    let max_retries = usize::try_from(client.settings().retries).unwrap_or(5);
    RetryConfig { backoff, max_retries, retry_timeout: Duration::from_secs(180) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Clock, NetSettings};
    use crate::values::ByteSize;

    /// A store that takes the connection and says nothing is given up by the patience for any answer.
    #[tokio::test]
    async fn a_store_that_never_answers_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let patience = Duration::from_millis(50);
        let usual = NetSettings::new(Clock::new(|| jiff::Timestamp::UNIX_EPOCH));
        let client = Client::new(NetSettings { header_timeout: patience, retries: 1, ..usual });
        let surroundings =
            Surroundings { endpoint: Some(SafeUrl::parse(&endpoint).unwrap()), ..Surroundings::default() };
        let bucket = Bucket::open(&MirrorUrl::parse("s3://team/lab").unwrap(), &surroundings, &client).unwrap();
        let outcomes = [
            bucket.size_of("objects/a").await.map(drop),
            bucket.read("objects/a", ByteSize(10)).await.map(drop),
            bucket.read_range("objects/a", 0..4).await.map(drop),
            bucket.below("datasets").await.map(drop),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert!(error.exit() == 32 && error.to_string().contains("no answer"), "{error}");
        }
    }
}
