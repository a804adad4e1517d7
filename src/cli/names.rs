//! Where a command line names datasets, so that references among them can be made known first.

use std::path::PathBuf;

use crate::catalog::Archives;
use crate::ops::reference::Reach;

use super::args::{AccessCommand, Command, LedgerCommand, MirrorCommand};

/// The names of one command line.
pub struct Names<'c> {
    /// As they are written.
    pub names: Vec<&'c mut String>,
    /// Whether a host may be asked about them.
    pub reach: Reach,
    /// A further data folder.
    pub to: Option<&'c PathBuf>,
}

impl<'c> Names<'c> {
    /// The names of a command that takes datasets; `None` for the others.
    pub fn of(command: &'c mut Command) -> Option<Self> {
        let hosts = Reach::Hosts(Archives::AsTheyCome);
        let (reach, to, names): (_, _, Vec<&mut String>) = match command {
            Command::Fetch(args) => {
                let archives = if args.unpack { Archives::Unpacked } else { Archives::AsTheyCome };
                (Reach::Hosts(archives), args.to.as_ref(), args.datasets.iter_mut().collect())
            }
            Command::Slurm(args) => (hosts, None, args.split.datasets.iter_mut().collect()),
            Command::K8s(args) => (hosts, None, args.split.datasets.iter_mut().collect()),
            Command::Import(args) => (hosts, args.to.as_ref(), vec![&mut args.dataset]),
            Command::Adopt(args) => (hosts, None, args.dataset.iter_mut().collect()),
            Command::Info(args) => (hosts, None, vec![&mut args.dataset]),
            Command::Cite(args) => (hosts, None, args.datasets.iter_mut().collect()),
            Command::Access(args) => {
                let names = match &mut args.command {
                    None => args.datasets.iter_mut().collect(),
                    Some(AccessCommand::Plan(args)) => args.datasets.iter_mut().collect(),
                    Some(AccessCommand::Probe(args)) => args.datasets.iter_mut().collect(),
                    Some(AccessCommand::Open(args)) => vec![&mut args.dataset],
                    Some(AccessCommand::Accept(args)) => vec![&mut args.dataset],
                    Some(AccessCommand::Withdraw(args)) => vec![&mut args.dataset],
                    Some(AccessCommand::Grant(args)) => vec![&mut args.dataset],
                };
                (hosts, None, names)
            }
            Command::Mirror(MirrorCommand::Push(args)) => (Reach::Disk, None, args.datasets.iter_mut().collect()),
            Command::Mirror(MirrorCommand::Pull(args)) => (hosts, args.to.as_ref(), args.datasets.iter_mut().collect()),
            Command::Audit(args) => (hosts, None, args.what.iter_mut().collect()),
            Command::Export(args) => (hosts, None, args.what.iter_mut().collect()),
            Command::Duties(args) => (hosts, None, args.what.iter_mut().collect()),
            Command::Add(_) | Command::Outdated(_) => (Reach::Disk, None, Vec::new()),
            Command::Diff(args) => (Reach::Disk, None, vec![&mut args.dataset]),
            Command::Bundle(args) => (Reach::Disk, None, args.datasets.iter_mut().collect()),
            Command::Status(args) => (Reach::Disk, None, args.dataset.iter_mut().collect()),
            Command::Verify(args) => (Reach::Disk, None, args.dataset.iter_mut().collect()),
            Command::Path(args) => (Reach::Disk, None, vec![&mut args.dataset]),
            Command::Remove(args) => (Reach::Disk, None, vec![&mut args.dataset]),
            Command::Du(args) => (Reach::Disk, None, args.dataset.iter_mut().collect()),
            Command::Ledger(LedgerCommand::Show(args)) => (Reach::Disk, None, args.dataset.iter_mut().collect()),
            Command::Ledger(LedgerCommand::Export(args)) => (Reach::Disk, None, args.datasets.iter_mut().collect()),
            _ => return None,
        };
        Some(Self { names, reach, to })
    }
}
