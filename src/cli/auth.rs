//! `medsets auth`: login, status, logout.

use serde_json::json;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::credentials::Form;
use crate::ops::auth::{self, Check, Door, StandingState};
use crate::ops::{Exit, Failure};
use crate::values::Printable;

use super::args::{AuthCommand, AuthStatusArgs, LoginArgs};
use super::hidden;
use super::output::{Answer, Output};
use super::table::Table;

/// Runs one of the commands about accounts.
pub async fn run(context: &Context, command: &AuthCommand, output: &Output) -> Result<Answer, Failure> {
    match command {
        AuthCommand::Login(args) => login(context, args, output).await,
        AuthCommand::Status(args) => status(context, args).await,
        AuthCommand::Logout { provider } => logout(context, provider),
    }
}

async fn login(context: &Context, args: &LoginArgs, output: &Output) -> Result<Answer, Failure> {
    let door = auth::door(context, &args.provider)?;
    let form = form(&door, args)?;
    let interactive = context.interactive();
    if !args.token_stdin && !interactive {
        let failure = Failure::new(Exit::USAGE, format!("nobody is here to type the {}", door.word));
        return Err(failure
            .help(format!("send it through standard input: `medsets auth login {} --token-stdin`", door.provider)));
    }
    if !args.token_stdin
        && let Some(from) = &door.from
    {
        output.say(&format!("{}: {} from {from}", door.title, door.word));
    }
    let user = user(&door, form, args, interactive && !args.token_stdin, output)?;
    let text = Zeroizing::new(match args.token_stdin {
        true => Output::read_input(MOST)?,
        false => hidden::ask(&format!("{} (not shown):", door.word))?,
    });
    let secret = auth::secret(&door, form, user.as_deref(), &text)?;
    let check = if args.no_check { Check::No } else { Check::Host };
    let logged = auth::login(context, &door, secret, check).await?;
    let account = logged.account.as_ref().map_or(String::new(), |name| format!(" as `{}`", Printable::new(name)));
    let done = if logged.checked { "signed in to" } else { "stored for" };
    let text = format!("{done} {}{account}: {}\n", door.title, logged.stored_in);
    let mut answer = Answer::done("medsets/auth-login/1", json!(logged), text);
    answer.warnings = logged.warnings;
    Ok(answer)
}

/// A login where a user name is given or nothing else will do, else the first choice.
fn form(door: &Door, args: &LoginArgs) -> Result<Form, Failure> {
    let named = |form: &&Form| **form != Form::Token;
    match (&args.user, door.forms.iter().find(named)) {
        (Some(_), Some(form)) => Ok(*form),
        (Some(_), None) => {
            let message = format!("{} wants a {} and no user name", door.title, door.word);
            Err(Failure::new(Exit::USAGE, message).help("leave `--user` out"))
        }
        (None, _) => Ok(door.forms.first().copied().unwrap_or(Form::Token)),
    }
}

fn user(door: &Door, form: Form, args: &LoginArgs, may_ask: bool, output: &Output) -> Result<Option<String>, Failure> {
    if form == Form::Token || args.user.is_some() {
        return Ok(args.user.clone());
    }
    let question = if form == Form::Keys { "id of the access key:" } else { "user name:" };
    let answer = if may_ask { output.ask(question) } else { None };
    match answer.filter(|name| !name.is_empty()) {
        Some(name) => Ok(Some(name)),
        None => {
            let message = format!("{} wants a user name beside the {}", door.title, door.word);
            Err(Failure::new(Exit::USAGE, message).help("give it with `--user NAME`; it is no secret"))
        }
    }
}

async fn status(context: &Context, args: &AuthStatusArgs) -> Result<Answer, Failure> {
    let check = if args.check { Check::Host } else { Check::No };
    let standings = auth::status(context, &args.providers, check).await?;
    let mut table = Table::new(&["ACCOUNT", "STATE", "FROM", ""]);
    for one in &standings {
        let account = one.account.as_ref().map(|name| format!("as `{name}`"));
        let expires = one.expires.map(|end| format!("until {}", end.strftime("%Y-%m-%d %H:%M UTC")));
        let about: Vec<String> = account.into_iter().chain(expires).chain(one.detail.clone()).collect();
        let from = one.from.clone().unwrap_or_default();
        table.row([one.name.clone(), one.state.as_str().to_owned(), from, about.join("; ")]);
    }
    let mut answer = Answer::done("medsets/auth-status/1", json!({ "providers": standings }), table.to_string());
    for one in standings.iter().filter(|one| one.state == StandingState::Refused) {
        answer.exit = Exit::REFUSED;
        let message = one.detail.clone().unwrap_or_default();
        let failure = Failure::new(Exit::REFUSED, message);
        answer.failures.push(failure.help(format!("give a new one to `medsets auth login {}`", one.name)));
    }
    Ok(answer)
}

fn logout(context: &Context, provider: &str) -> Result<Answer, Failure> {
    let done = auth::logout(context, provider)?;
    let text = match done.removed_from.as_slice() {
        [] => String::new(),
        places => format!("removed from {}\n", places.join(" and ")),
    };
    let mut answer = Answer::done("medsets/auth-logout/1", json!(done), text);
    if done.removed_from.is_empty() {
        answer.notes.push(format!("nothing was stored for `{}`", Printable::new(provider)));
    }
    answer.notes.extend(done.still_in.iter().map(|place| format!("still found, and used: {place}")));
    answer.warnings = done.warnings;
    Ok(answer)
}

/// Tokens are short; signed links and certificates in them have a few kilobytes.
const MOST: u64 = 64 << 10;
