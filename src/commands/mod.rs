//! One file per subcommand. Each reads like a sentence: find the session, ask, store, show.

mod app;
mod automation;
mod book;
mod bookings;
mod box_profile;
mod boxes;
mod cancel;
mod classes;
mod completions;
mod learn;
mod login;
mod logout;
mod man;
mod notify;
mod prebook;
mod refresh;
mod sessions;
mod status;
mod store;

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{Cli, Command, Everywhere, PrebookCommand, SessionsCommand};
use crate::error::Failure;
use crate::output::{Out, WHAT_TO_DO_FIRST, WHAT_TO_DO_NEXT};

use app::App;

/// Run the command that was asked for. What it has to say is written to `out`; an error is what
/// the last line and the exit code tell.
///
/// # Errors
/// Every error of every room; [`crate::error`] says which exit code it is.
pub fn run(cli: Cli, out: &mut Out) -> Result<()> {
    let Some(command) = cli.command else {
        let begun =
            app::store_path(cli.everywhere.store.as_deref()).is_ok_and(|path| path.exists());
        let words = if begun {
            WHAT_TO_DO_NEXT
        } else {
            WHAT_TO_DO_FIRST
        };
        return Err(Failure::usage(words).into());
    };
    let (asked, name) = (cli.everywhere, command.name());
    let required = required_store(&command, &asked)?;
    let app = || App::start(asked.clone(), name, required.as_deref());
    match command {
        Command::Login(args) => login::run(&args, &app()?, out),
        Command::Logout(args) => logout::run(&args, &app()?, out),
        Command::Sessions(args) => sessions::run(args, &app()?, out),
        Command::Refresh(args) => refresh::run(&args, &app()?, out),
        Command::Boxes(args) => boxes::run(args, &app()?, out),
        Command::Classes(args) => classes::run(&args, &app()?, out),
        Command::Bookings(args) => bookings::run(&args, &app()?, out),
        Command::Book(args) => book::run(&args, &app()?, out),
        Command::Cancel(args) => cancel::run(&args, &app()?, out),
        Command::Prebook(args) => prebook::run(&args, &app()?, out),
        Command::Notify(args) => notify::run(&args, &app()?, out),
        // looks at a config or store that cannot be used, too
        Command::Status(args) => status::run(&args, asked, out),
        Command::Store(args) => store::run(&args, app, out),
        // these need neither config nor store
        Command::Completions(args) => completions::script(&args, out),
        Command::Man(args) => man::run(&args, out),
        Command::Complete(args) => completions::answer(&args, &asked, out),
    }
}

/// The store that must exist before the command does anything. A mistyped `--store` is an error for commands that
/// only read; automation never creates a store, so that a wrong HOME in a crontab is noticed.
fn required_store(command: &Command, asked: &Everywhere) -> Result<Option<PathBuf>> {
    let reads = match command {
        Command::Refresh(_) => return app::store_path(asked.store.as_deref()).map(Some),
        Command::Prebook(args) if matches!(args.command, PrebookCommand::Run(_)) => {
            return app::store_path(asked.store.as_deref()).map(Some);
        }
        Command::Classes(_) | Command::Bookings(_) | Command::Book(_) | Command::Cancel(_) => true,
        Command::Boxes(args) => args.command.is_none(),
        Command::Sessions(args) => matches!(args.command, None | Some(SessionsCommand::List)),
        _ => false,
    };
    Ok(asked.store.clone().filter(|_| reads))
}
