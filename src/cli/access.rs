//! `medsets access`: checklist, plan, probe, open, accept, withdraw, grant.

use serde_json::{Value, json};

use crate::access::{self, Gate, Purpose};
use crate::agreements::Means;
use crate::agreements::host_answers::HostWord;
use crate::catalog::Selection;
use crate::context::Context;
use crate::ops::accept::{self, Offer, Statement};
use crate::ops::gate::{self, Compare};
use crate::ops::grant::{self, GrantOptions};
use crate::ops::outside::{MARK, Outside};
use crate::ops::probe;
use crate::ops::recorded::Recorded;
use crate::ops::step;
use crate::ops::{Exit, Failure};
use crate::values::{Digest, Printable};

use super::args::{
    AcceptArgs, AccessArgs, AccessCommand, GrantArgs, OpenArgs, PlanArgs, PlanFormat, ProbeArgs, WithdrawArgs,
};
use super::output::{Answer, Output, add};

/// Runs one of the access commands.
pub async fn run(context: &Context, args: &AccessArgs, output: &Output) -> Result<Answer, Failure> {
    match &args.command {
        None => checklist(context, &args.datasets, args.source.as_deref()).await,
        Some(AccessCommand::Plan(args)) => plan(context, args).await,
        Some(AccessCommand::Probe(args)) => probe_hosts(context, args).await,
        Some(AccessCommand::Open(args)) => open(context, args).await,
        Some(AccessCommand::Accept(args)) => accept(context, args, output).await,
        Some(AccessCommand::Withdraw(args)) => withdraw(context, args),
        Some(AccessCommand::Grant(args)) => grant(context, args),
    }
}

/// Every dataset's gate; all datasets that ask for something when none is named.
async fn gates(context: &Context, names: &[String], source: Option<&str>) -> Result<Vec<(Selection, Gate)>, Failure> {
    let catalog = context.catalog()?;
    let mut selections = Vec::new();
    for name in names {
        selections.extend(catalog.resolve(name)?);
    }
    if names.is_empty() {
        for dataset in catalog.datasets() {
            let selection = catalog.resolve(dataset.id.as_str())?.remove(0);
            if !dataset.entry.requires.is_empty() || dataset.entry.distribution.is_some() {
                selections.push(selection);
            }
        }
    }
    if let Some(source) = source
        && !selections.iter().any(|selection| selection.source(Some(source)).is_some())
    {
        let message = format!("none of these datasets has a source `{}`", Printable::new(source));
        return Err(Failure::new(Exit::USAGE, message).help("`medsets info ID --sources` lists them"));
    }
    let mut gates = Vec::new();
    for selection in selections {
        let channel = selection.source(source).map(|source| source.channel.clone());
        let gate = gate::gate(context, &selection, channel.as_deref(), Purpose::Fetch, Compare::AtHand).await?;
        gates.push((selection, gate));
    }
    Ok(gates)
}

async fn checklist(context: &Context, names: &[String], source: Option<&str>) -> Result<Answer, Failure> {
    let gates = gates(context, names, source).await?;
    let mut text = String::new();
    let mut datasets = Vec::new();
    let mut notes = Vec::new();
    for (selection, gate) in &gates {
        let state = if gate.is_open() { "ready" } else { "not ready" };
        let outside = Outside::of(context, selection);
        let mark = outside.as_ref().map_or("", |_| MARK);
        text.push_str(&format!("{selection}{mark}: {state}\n"));
        for (line, step) in gate.checklist().iter().zip(&gate.steps) {
            let page = step.step.page.as_ref().map_or(String::new(), |page| format!("  <{page}>"));
            text.push_str(&format!("  {line}{page}\n"));
        }
        let said = probe::last(context, selection, source)?;
        if let Some(said) = &said {
            let message =
                said.message.as_ref().map_or(String::new(), |message| format!(": {}", Printable::new(message)));
            let day = said.at.strftime("%Y-%m-%d");
            text.push_str(&format!("  {:<8} {} on {day}{message}\n", "host", said.answer.as_str()));
        }
        if gates.len() == 1 {
            notes.extend(gate.help().iter().map(|line| format!("help: {line}")));
        }
        notes.extend(outside.iter().flat_map(Outside::sentences));
        let mut dataset = data(selection, gate, outside.as_ref());
        if let Some(said) = &said {
            dataset["host_answer"] = probe::as_json(said);
        }
        datasets.push(dataset);
    }
    let mut answer = Answer::done("medsets/access/1", json!({ "datasets": datasets }), text);
    answer.notes = notes;
    Ok(answer)
}

/// A gate as `docs/cli.md` section 6 has it.
fn data(selection: &Selection, gate: &Gate, outside: Option<&Outside>) -> Value {
    let steps: Vec<Value> = gate
        .steps
        .iter()
        .map(|state| {
            let mut step = json!({
                "kind": state.step.kind.as_str(),
                "id": state.step.id,
                "title": state.step.title,
                "state": state.state,
            });
            let optional = [
                ("url", state.step.page.as_ref().map(|page| json!(page.expose().as_str()))),
                ("license", state.step.license.as_ref().map(|license| json!(license))),
                ("text_digest", state.text_digest.map(|digest| json!(digest))),
                ("expires", state.expires.map(|expires| json!(expires))),
                ("known_from", state.known_from.as_ref().map(|from| json!(from))),
                ("usual_wait", state.step.usual_wait.as_ref().map(|wait| json!(wait))),
                ("detail", state.detail.as_ref().map(|detail| json!(detail))),
            ];
            for (key, value) in optional {
                if let Some(value) = value {
                    step[key] = value;
                }
            }
            step
        })
        .collect();
    let mut data = json!({
        "id": selection.id(),
        "version": selection.release().version,
        "ready": gate.is_open(),
        "license": selection.license(None),
        "steps": steps,
    });
    add(&mut data, outside);
    data
}

async fn plan(context: &Context, args: &PlanArgs) -> Result<Answer, Failure> {
    let gates: Vec<Gate> = gates(context, &args.datasets, None).await?.into_iter().map(|(_, gate)| gate).collect();
    let plan = access::plan(&gates, context.now());
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|one| {
            json!({
                "kind": one.step.kind.as_str(),
                "title": one.step.title,
                "state": one.state,
                "url": one.step.page.as_ref().map(|page| page.expose().as_str()),
                "datasets": one.datasets.iter().map(|(id, step)| json!({ "id": id, "step": step })).collect::<Vec<_>>(),
                "begins_day": one.begins.as_hours() / 24,
                "usual_wait": one.step.usual_wait,
            })
        })
        .collect();
    let text = match (args.ics, args.format) {
        (true, _) => plan.ics(),
        (false, PlanFormat::Md) => plan.markdown(),
        (false, PlanFormat::Text) => {
            let line = |(number, one): (usize, &access::PlannedStep)| {
                let names: Vec<String> = one.datasets.iter().map(|(id, _)| id.to_string()).collect();
                let page = one.step.page.as_ref().map_or(String::new(), |page| format!("  <{page}>"));
                let wait = one
                    .step
                    .usual_wait
                    .as_ref()
                    .map_or(String::new(), |wait| format!(" (usually {})", Printable::new(wait)));
                let title = Printable::new(&one.step.title);
                format!(
                    "{:>2}. day {:>3}  {title}{wait}  for {}{page}\n",
                    number + 1,
                    one.begins.as_hours() / 24,
                    names.join(", ")
                )
            };
            plan.steps.iter().enumerate().map(line).collect()
        }
    };
    let mut answer = Answer::done("medsets/access-plan/1", json!({ "steps": steps }), text);
    if plan.steps.is_empty() && !args.ics {
        answer.notes.push("nothing is left to do".to_owned());
    }
    Ok(answer)
}

async fn probe_hosts(context: &Context, args: &ProbeArgs) -> Result<Answer, Failure> {
    let all = probe::probe(context, &args.datasets, args.source.as_deref()).await?;
    let mut text = String::new();
    let mut datasets = Vec::new();
    let mut exit = Exit::DONE;
    let mut failures = Vec::new();
    for one in all {
        let what = match one.answer {
            Some(HostWord::Granted) => "the host serves it to your account",
            Some(HostWord::Open) => "the host serves it to anybody",
            Some(HostWord::Refused) => "the host does not serve it",
            None => "the host could not be asked",
        };
        text.push_str(&format!("{} by `{}`: {what}\n", one.selection, one.channel));
        datasets.push(json!({
            "id": one.selection.id(),
            "version": one.selection.release().version,
            "source": one.channel,
            "answer": one.answer.map_or("unknown", HostWord::as_str),
            "file": one.file,
        }));
        if let Some(failure) = one.refusal {
            exit = exit.most_actionable(failure.exit);
            failures.push(failure);
        }
    }
    let answer = Answer::done("medsets/access-probe/1", json!({ "datasets": datasets }), text);
    Ok(Answer { exit, failures, ..answer })
}

async fn open(context: &Context, args: &OpenArgs) -> Result<Answer, Failure> {
    let page = step::page(context, &args.dataset, args.step.as_deref()).await?;
    let address = page.expose().as_str();
    if !args.print && context.environment.stdout_is_terminal && context.environment.variable("CI").is_none() {
        // Where no browser can be started the address on the screen is what helps.
        let _ = webbrowser::open(address);
    }
    Ok(Answer::done("medsets/access-open/1", json!({ "url": address }), format!("{address}\n")))
}

async fn accept(context: &Context, args: &AcceptArgs, output: &Output) -> Result<Answer, Failure> {
    let file = args.text_file.as_ref().map(|path| context.environment.absolute(path)).transpose()?;
    let offer = accept::offer(context, &args.dataset, args.step.as_deref(), file).await?;
    let evidence = args.evidence.iter().map(|path| context.environment.absolute(path));
    let statement = Statement { purpose: args.purpose.clone(), evidence: evidence.collect::<Result<_, _>>()? };
    // With `-q` the result alone goes to standard output; a person who is asked sees the text.
    let shown = if output.quiet { String::new() } else { show(&offer) };
    if args.dry_run {
        let data =
            json!({ "license": offer.license, "text_digest": offer.had.text.sha256, "text": offer.had.text.visible });
        return Ok(Answer::done("medsets/access-accept/1", data, format!("{shown}{}\n", offer.had.text.sha256)));
    }
    if let Some(named) = &args.text_digest {
        refuse_other_text(named, &offer)?;
        let recorded = accept::accept(context, &offer, Means::Digest, &statement)?;
        return Ok(done(&recorded, shown));
    }
    if !context.interactive() {
        let message = format!("nobody is here to read `{}`, so its digest must be named", offer.license);
        let line = format!("medsets access accept {}", gate::name_for_command(&offer.selection));
        let failure = Failure::new(Exit::NOT_ACCEPTED, message).of(offer.selection.id());
        return Err(failure
            .help(format!("read the text: `{line} --dry-run`"))
            .help(format!("then accept it: `{line} --text-digest {}`", offer.had.text.sha256)));
    }
    output.say(&show(&offer));
    ask(&offer, output)?;
    let recorded = accept::accept(context, &offer, Means::Prompt, &statement)?;
    Ok(done(&recorded, String::new()))
}

/// Offers the one missing acceptance in the middle of a fetch.
pub async fn accept_at_prompt(context: &Context, name: &str, output: &Output) -> Result<(), Failure> {
    let offer = accept::offer(context, name, None, None).await?;
    output.say(&show(&offer));
    ask(&offer, output)?;
    accept::accept(context, &offer, Means::Prompt, &Statement::default())?;
    Ok(())
}

/// The whole text, between lines that say where it begins and ends.
fn show(offer: &Offer) -> String {
    let from = offer.had.url.as_ref().map_or(String::new(), |url| format!(", from <{url}>"));
    let name = Printable::new(&offer.name);
    let body = match &offer.had.text.visible {
        Some(text) => text.lines().map(|line| format!("{}\n", Printable::cut(line, 100_000))).collect(),
        None => format!("(this is a file that cannot be shown here; open it to read it{from})\n"),
    };
    format!("--- the text of {name} ({}){from} ---\n{body}--- end of the text ---\n", offer.license)
}

/// The person types the word; anything else records nothing.
fn ask(offer: &Offer, output: &Output) -> Result<(), Failure> {
    let question = format!("Do you accept {} for `{}`? Type `accept` to record it:", offer.license, offer.selection);
    match output.ask(&question).as_deref() {
        Some("accept") => Ok(()),
        _ => {
            Err(Failure::new(Exit::NOT_ACCEPTED, format!("`{}` was not accepted; nothing was recorded", offer.license))
                .of(offer.selection.id()))
        }
    }
}

fn refuse_other_text(named: &str, offer: &Offer) -> Result<(), Failure> {
    let named: Digest = named
        .parse()
        .map_err(|error: crate::values::digest::NotADigest| Failure::new(Exit::USAGE, error.to_string()))?;
    let now = offer.had.text.sha256;
    if named == now {
        return Ok(());
    }
    let message = format!("the text of `{}` is not the one you name: you name {named}, it is now {now}", offer.license);
    let line = format!("medsets access accept {} --dry-run", gate::name_for_command(&offer.selection));
    Err(Failure::new(Exit::TERMS_CHANGED, message)
        .of(offer.selection.id())
        .help(format!("read it as it is now: `{line}`")))
}

fn done(recorded: &Recorded, shown: String) -> Answer {
    let what = recorded.license.as_deref().unwrap_or(&recorded.step);
    let text = format!(
        "{shown}recorded: {what} for {} {} (ledger entry {})\n",
        recorded.dataset, recorded.version, recorded.sequence
    );
    Answer::done("medsets/access-accept/1", json!(recorded), text)
}

fn withdraw(context: &Context, args: &WithdrawArgs) -> Result<Answer, Failure> {
    let recorded = accept::withdraw(context, &args.dataset, args.step.as_deref(), args.reason.clone())?;
    let text = format!("withdrawn: {} for {} (ledger entry {})\n", recorded.step, recorded.dataset, recorded.sequence);
    let mut answer = Answer::done("medsets/access-withdraw/1", json!(recorded), text);
    answer.notes.push("files that are here stay; `medsets remove` deletes them".to_owned());
    Ok(answer)
}

fn grant(context: &Context, args: &GrantArgs) -> Result<Answer, Failure> {
    let options = GrantOptions {
        file: args.file.as_ref().map(|path| context.environment.absolute(path)).transpose()?,
        expires: args.expires.clone(),
        purpose: args.purpose.clone(),
        dry_run: args.dry_run,
    };
    match grant::grant(context, &args.dataset, args.step.as_deref(), &options)? {
        Some(recorded) => {
            let text =
                format!("recorded: {} for {} (ledger entry {})\n", recorded.step, recorded.dataset, recorded.sequence);
            Ok(Answer::done("medsets/access-grant/1", json!(recorded), text))
        }
        None => Ok(Answer::done(
            "medsets/access-grant/1",
            json!({ "dry_run": true }),
            "would record the step; nothing was written\n".into(),
        )),
    }
}
