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
pub mod failure;
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
use crate::ui::Ui;

use app::App;

/// Printed without a command if there is no store yet.
const FIRST_STEPS: &str = "\
no command given. First steps:
  1. log in:                   aimharder login ana@example.org
  2. see the classes:          aimharder classes --day tomorrow
  3. book one:                 aimharder book --day tomorrow --time 18:30
  4. all commands, with help:  aimharder --help";

/// Printed without a command otherwise.
const NEXT_STEPS: &str = "\
no command given. For example:
  what there is:            aimharder classes --day tomorrow
  what is booked:           aimharder bookings
  will it work tonight:     aimharder status
  all commands, with help:  aimharder --help";

/// Run the command that was asked for. What it has to say is written to `out`; an error is what
/// the last line and the exit code tell.
///
/// # Errors
/// Every error of every room; [`crate::error`] says which exit code it is.
pub fn run(cli: Cli, ui: &mut Ui) -> Result<()> {
    let Some(command) = cli.command else {
        let begun =
            app::store_path(cli.everywhere.store.as_deref()).is_ok_and(|path| path.exists());
        let message = if begun { NEXT_STEPS } else { FIRST_STEPS };
        return Err(Failure::usage(message).into());
    };
    let (asked, name) = (cli.everywhere, command.name());
    let required = required_store(&command, &asked)?;
    let app = || App::start(asked.clone(), name, required.as_deref());
    match command {
        Command::Login(args) => login::run(&args, &app()?, ui),
        Command::Logout(args) => logout::run(&args, &app()?, ui),
        Command::Sessions(args) => sessions::run(args, &app()?, ui),
        Command::Refresh(args) => refresh::run(&args, &app()?, ui),
        Command::Boxes(args) => boxes::run(args, &app()?, ui),
        Command::Classes(args) => classes::run(&args, &app()?, ui),
        Command::Bookings(args) => bookings::run(&args, &app()?, ui),
        Command::Book(args) => book::run(&args, &app()?, ui),
        Command::Cancel(args) => cancel::run(&args, &app()?, ui),
        Command::Prebook(args) => prebook::run(&args, &app()?, ui),
        Command::Notify(args) => notify::run(&args, &app()?, ui),
        // looks at a config or store that cannot be used, too
        Command::Status(args) => status::run(&args, asked, ui),
        Command::Store(args) => store::run(&args, app, ui),
        // these need neither config nor store
        Command::Completions(args) => completions::script(&args, ui),
        Command::Man(args) => man::run(&args, ui),
        Command::Complete(args) => completions::answer(&args, &asked, ui),
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
