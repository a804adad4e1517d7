//! Why PhysioNet refuses, and whose account a password opens.
//!
//! A refusal of the file server has no reason in it: the same 403 stands for a program whose
//! passwords it does not read, for an account that is not credentialed, for an agreement that is
//! not signed and for a training that has lapsed; a wrong password is answered like none. The
//! interface takes a password from any program, so it is asked for the checksums of the project,
//! which it gives to entitled accounts alone: that tells the account from the program. What the
//! project asks for is public.
//!
//! Asked only after a refusal, once in a run: the interface bears a hundred requests in an hour.

use serde::Deserialize;

use crate::net::{HttpRequest, NetError};
use crate::values::{ByteSize, Printable};

use super::super::account::Account;
use super::super::identity::Identity;
use super::super::{Hosts, ProviderError};
use super::policy::Policy;
use super::{PhysionetProject, home, interface};
use crate::credentials::CredentialSecret;

/// A refusal with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    exit: u8,
    message: String,
    help: Vec<String>,
}

/// What the interface says of an account and a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It may read the files.
    Entitled,
    /// It may not.
    NotEntitled,
    /// Name or password is wrong.
    WrongPassword,
    /// The interface does not say.
    Unknown,
}

/// Whether programs of the name that was told are asked for a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProgramName {
    Known,
    NotKnown,
}

/// The account that the stored name and password open.
///
/// Asked of the interface, which takes them from any program, for the checksums of an open
/// project: whoever has an account may read those, and nobody else. It says nothing of what the
/// account is entitled to.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let Some(CredentialSecret::Login { user, .. }) = &hosts.secret else {
        return Err(ProviderError::NoCredential { host: home().host().to_owned(), provider: "physionet".into() });
    };
    match standing(hosts, "mimiciii-demo", "1.4").await? {
        Standing::Entitled | Standing::NotEntitled => Ok(Identity { name: Some(user.clone()) }),
        Standing::WrongPassword => Err(wrong_password().into()),
        Standing::Unknown => Err(ProviderError::Answer {
            host: super::HOST,
            reason: "its interface does not say whether name and password are right".into(),
        }),
    }
}

/// Whether an answer begins as a list of checksums does. A sign-in page answers 200 as well.
fn is_sums(bytes: &[u8]) -> bool {
    bytes.len() > 64 && bytes[..64].iter().all(u8::is_ascii_hexdigit) && bytes[64] == b' '
}

/// Asks for the checksums of a project with the stored credential. Their text is not read to its
/// end.
async fn standing(hosts: &Hosts, slug: &str, version: &str) -> Result<Standing, NetError> {
    let url = interface(&["projects", "published", slug, version, "sha256sums", ""]);
    let answer = match hosts.client.call(&hosts.get(url), SMALL).await {
        Err(NetError::TooLarge { .. }) => return Ok(Standing::Entitled),
        answer => answer?,
    };
    let said: Said = answer.refusal().unwrap_or_default();
    Ok(match answer.status {
        200 if is_sums(&answer.page.bytes) => Standing::Entitled,
        // The account was looked at before the file was.
        404 if said.error.is_some() => Standing::Entitled,
        403 if said.error.is_some() => Standing::NotEntitled,
        401 => Standing::WrongPassword,
        403 if said.detail.is_some() => Standing::WrongPassword,
        _ => Standing::Unknown,
    })
}

impl PhysionetProject {
    /// An error, or what is meant by it.
    pub(super) async fn meant(&self, hosts: &Hosts, error: NetError) -> ProviderError {
        self.meaning(hosts, &error).await.unwrap_or_else(|| error.into())
    }

    /// What a refusal means, found out once.
    pub(super) async fn meaning(&self, hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        let is_refused_sign_in = match error {
            NetError::SignInNeeded { .. } => true,
            NetError::NotPermitted { .. } => false,
            _ => return None,
        };
        if error.url().is_none_or(|url| url.origin() != home().origin()) {
            return None;
        }
        let refusal = self.asked.refusal.get_or_init(|| async { self.reason(hosts, is_refused_sign_in).await });
        refusal.await.clone().map(ProviderError::from)
    }

    async fn reason(&self, hosts: &Hosts, is_refused_sign_in: bool) -> Option<Refusal> {
        let version = self.version(hosts).await.ok()?;
        let project = Project { slug: &self.slug, version };
        if self.open {
            // No credential is asked for, and none would be sent.
            return Some(project.open_refused(project.policy(hosts).await));
        }
        if hosts.secret.is_none() {
            return Some(project.sign_in_needed());
        }
        if is_refused_sign_in {
            return Some(wrong_password());
        }
        let told = hosts.choices.physionet_user_agent.as_deref().unwrap_or(&hosts.client.settings().user_agent);
        let (name, told) = (program_name(told), Printable::cut(told, 60).to_string());
        let standing = standing(hosts, &self.slug, version).await.unwrap_or(Standing::Unknown);
        let policy = match standing {
            Standing::NotEntitled | Standing::Unknown => project.policy(hosts).await,
            Standing::Entitled | Standing::WrongPassword => Policy::Unknown,
        };
        Some(project.judge(standing, name, &told, policy))
    }
}

/// A version of a project.
struct Project<'p> {
    slug: &'p str,
    version: &'p str,
}

impl Project<'_> {
    async fn policy(&self, hosts: &Hosts) -> Policy {
        let url = interface(&["projects", self.slug, "versions", self.version, ""]);
        match hosts.client.get_json::<Detail>(&HttpRequest::get(url)).await {
            // Older deployments do not say.
            Ok(detail) => detail.access_policy.unwrap_or(Policy::Unknown),
            Err(_) => Policy::Unknown,
        }
    }

    fn name(&self) -> String {
        format!("`{}` {}", Printable::new(self.slug), Printable::new(self.version))
    }

    fn page(&self, kind: &str) -> String {
        format!("<{}>", home().at(&[kind, self.slug, self.version, ""]))
    }

    /// What a refusal of an open project means.
    fn open_refused(&self, policy: Policy) -> Refusal {
        let message = match policy {
            Policy::Open | Policy::Unknown => {
                format!(
                    "PhysioNet refuses {}, which is open to all: it refuses this network or this program",
                    self.name()
                )
            }
            closed => format!("{} is no longer open: PhysioNet calls its access `{}`", self.name(), closed.word()),
        };
        let help = vec![
            format!("see {} in a browser", self.page("content")),
            "`medsets info ID --sources` names other sources".to_owned(),
        ];
        Refusal { exit: 22, message, help }
    }

    fn sign_in_needed(&self) -> Refusal {
        Refusal {
            exit: 20,
            message: format!("PhysioNet wants to know who asks for {}, and no credential is stored", self.name()),
            help: [
                Account::help("physionet"),
                vec![format!("what else it asks for stands at {}", self.page("content"))],
            ]
            .concat(),
        }
    }

    /// Pure, so that the tests go through all cases.
    fn judge(&self, standing: Standing, program: ProgramName, told: &str, policy: Policy) -> Refusal {
        match (standing, program) {
            (Standing::WrongPassword, _) => wrong_password(),
            (Standing::Entitled, ProgramName::NotKnown) => Refusal {
                exit: 21,
                message: format!(
                    "this account may read {}, but PhysioNet reads no password from a program that calls itself `{told}`",
                    self.name()
                ),
                help: user_agent_help(),
            },
            (Standing::Entitled, ProgramName::Known) => Refusal {
                exit: 22,
                message: format!(
                    "this account may read {}, but PhysioNet refuses its files: it may hand them out by its cloud buckets only, or refuse this network",
                    self.name()
                ),
                help: vec![format!("see {}", self.page("content"))],
            },
            (Standing::NotEntitled, program) => {
                let mut refusal = self.not_entitled(policy);
                if program == ProgramName::NotKnown {
                    refusal.help.extend(user_agent_help());
                }
                refusal
            }
            (Standing::Unknown, ProgramName::Known) => self.not_entitled(policy),
            (Standing::Unknown, ProgramName::NotKnown) => {
                let refusal = self.not_entitled(policy);
                Refusal {
                    exit: 22,
                    message: format!(
                        "PhysioNet refuses {} and does not say why: it reads no password from a program that calls itself `{told}`, or this account is not entitled",
                        self.name()
                    ),
                    help: user_agent_help().into_iter().chain(refusal.help).collect(),
                }
            }
        }
    }

    fn not_entitled(&self, policy: Policy) -> Refusal {
        let sign = format!("sign the agreement of this very version at {}", self.page("sign-dua"));
        let credentialing =
            format!("the account must be credentialed: <{}>", home().at(&["settings", "credentialing", ""]));
        let training =
            format!("every training that it asks for must be valid: <{}>", home().at(&["settings", "training", ""]));
        let name = self.name();
        let (exit, message, help) = match policy {
            Policy::Restricted => (23, format!("the agreement of {name} is not signed by this account"), vec![sign]),
            Policy::Credentialed => (
                22,
                format!(
                    "PhysioNet has not granted {name} to this account: it is not credentialed, has not signed the agreement of this version, or a training is missing or has lapsed"
                ),
                vec![sign, credentialing, training],
            ),
            Policy::ContributorReview => (
                22,
                format!("PhysioNet has not granted {name} to this account: its contributors decide on each request"),
                vec![format!("ask for access at {}", self.page("request-access")), credentialing, training],
            ),
            Policy::Open | Policy::Unknown => (
                22,
                format!("PhysioNet does not let this account read {name}"),
                vec![format!("what it asks for stands at {}", self.page("content"))],
            ),
        };
        Refusal { exit, message, help }
    }
}

/// Whether passwords of a program are read, by the beginning of its name.
fn program_name(told: &str) -> ProgramName {
    let known = ["Wget/", "libwfdb/"].iter().any(|name| told.starts_with(name));
    if known { ProgramName::Known } else { ProgramName::NotKnown }
}

fn user_agent_help() -> Vec<String> {
    vec![
        "PhysioNet reads passwords from programs named `Wget/...` or `libwfdb/...`: choose such a name with \
         `medsets config set physionet.user-agent \"Wget/1.21.3 (medsets)\"`, or get the files with wget and import them"
            .into(),
    ]
}

fn wrong_password() -> Refusal {
    Refusal {
        exit: 21,
        message: "PhysioNet refuses the stored user name or password".into(),
        help: [vec![format!("try them at <{}>", home().at(&["login", ""]))], Account::help("physionet")].concat(),
    }
}

impl From<Refusal> for ProviderError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { exit: refusal.exit, message: refusal.message, help: refusal.help }
    }
}

/// The checksums of a large project are longer, and are not wanted here.
const SMALL: ByteSize = ByteSize(64 << 10);

/// What the interface says with a refusal: `error` is its own word, `detail` that of the
/// framework that looks at the password.
#[derive(Debug, Default, Deserialize)]
struct Said {
    error: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    access_policy: Option<Policy>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: Project<'_> = Project { slug: "mimic-cxr", version: "2.1.0" };

    #[test]
    fn each_reason_has_its_code_and_its_pages() {
        #[track_caller]
        fn check(standing: Standing, program: ProgramName, policy: Policy, exit: u8, help: &[&str]) {
            let refusal = PROJECT.judge(standing, program, "medsets/0.1.0", policy);
            let all = refusal.help.join("\n");
            assert_eq!(refusal.exit, exit, "{refusal:?}");
            for part in help {
                assert!(all.contains(part), "{part} is not in {all}");
            }
        }
        let setting = "physionet.user-agent";
        let sign = "https://physionet.org/sign-dua/mimic-cxr/2.1.0/";
        let (credentialing, training) = ("physionet.org/settings/credentialing/", "physionet.org/settings/training/");
        let review = "https://physionet.org/request-access/mimic-cxr/2.1.0/";
        use {Policy as P, ProgramName as N, Standing as S};
        check(S::WrongPassword, N::NotKnown, P::Unknown, 21, &["https://physionet.org/login/"]);
        check(S::Entitled, N::NotKnown, P::Unknown, 21, &[setting]);
        check(S::Entitled, N::Known, P::Unknown, 22, &["https://physionet.org/content/mimic-cxr/2.1.0/"]);
        check(S::NotEntitled, N::Known, P::Restricted, 23, &[sign]);
        check(S::NotEntitled, N::Known, P::Credentialed, 22, &[sign, credentialing, training]);
        check(S::NotEntitled, N::NotKnown, P::Credentialed, 22, &[sign, setting]);
        check(S::NotEntitled, N::Known, P::ContributorReview, 22, &[review, credentialing]);
        check(S::Unknown, N::NotKnown, P::Credentialed, 22, &[setting, sign]);
        check(S::Unknown, N::Known, P::Open, 22, &["/content/"]);
    }

    #[test]
    fn only_some_programs_are_asked_for_a_password() {
        assert_eq!(program_name("Wget/1.21.3"), ProgramName::Known);
        assert_eq!(program_name("libwfdb/10.7"), ProgramName::Known);
        assert_eq!(program_name("medsets/0.1.0 (like Wget/1.21.3)"), ProgramName::NotKnown);
        assert_eq!(program_name("Wget"), ProgramName::NotKnown);
    }

    #[test]
    fn an_open_project_that_is_refused_wants_no_credential() {
        assert_eq!(PROJECT.open_refused(Policy::Open).exit, 22);
        assert!(PROJECT.open_refused(Policy::Open).message.contains("refuses this network"));
        let closed = PROJECT.open_refused(Policy::Credentialed);
        assert!(closed.message.contains("no longer open") && closed.message.contains("Credentialed"), "{closed:?}");
    }
}
