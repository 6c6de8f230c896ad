//! Parses the command line, runs the command, and reports its error and exit code.

use std::process::ExitCode;

use aimharder::cli::Cli;
use aimharder::ui::{GivenFlags, Ui, waiting_for};
use aimharder::{commands, logs, signals};

fn main() -> ExitCode {
    signals::listen(waiting_for);
    let json = std::env::args_os().any(|arg| arg == "--json");
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return Ui::new(json, GivenFlags::default()).clap(&error),
    };
    if cli.global.json {
        signals::set_exit_message(Ui::interrupted());
    }
    let flags = cli.given_flags();
    logs::start(cli.global.quiet, cli.global.verbose, move |line| {
        flags.lines(line)
    });
    let mut ui = Ui::new(cli.global.json, cli.given_flags());
    let code = match cli.run(&mut ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui.fail(commands::failure::with_remedy(&error)),
    };
    signals::run_end_actions();
    code
}
