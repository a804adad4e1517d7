//! `auth` and what stands below it.

use clap::{Args, Subcommand};

/// `medsets auth`
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Store the credential of an account, after asking the host whether it is good
    Login(LoginArgs),
    /// Show where each credential comes from; never the credential
    Status(AuthStatusArgs),
    /// Remove what was stored for an account
    Logout {
        /// The provider, such as `kaggle`
        provider: String,
    },
}

/// `medsets auth login`
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The provider, such as `kaggle`, or `azure-<dataset>` for a link
    pub provider: String,
    /// Read the secret from standard input instead of asking for it
    #[arg(long)]
    pub token_stdin: bool,
    /// Your user name at the host, where it wants one; for `s3` the id of the access key
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Store it without asking the host
    #[arg(long)]
    pub no_check: bool,
}

/// `medsets auth status`
#[derive(Debug, Args)]
pub struct AuthStatusArgs {
    /// Only these providers
    #[arg(value_name = "PROVIDER")]
    pub providers: Vec<String>,
    /// Ask the hosts whether what is found is good
    #[arg(long)]
    pub check: bool,
}
