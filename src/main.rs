//! Parse, log, run, print one error line, exit code.

use std::process::ExitCode;

use aimharder::cli::Cli;
use aimharder::error::Failure;
use aimharder::output::{self, Out};
use aimharder::{commands, logs, signals};

fn main() -> ExitCode {
    signals::listen(output::waiting_for);
    let json = std::env::args_os().any(|arg| arg == "--json");
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(said) => return Out::stdout(json).clap(&said),
    };
    if cli.everywhere.json {
        signals::set_exit_message(Out::interrupted());
    }
    logs::start(cli.everywhere.quiet, cli.everywhere.verbose);
    let mut out = Out::stdout(cli.everywhere.json).with_flags_of(&cli.everywhere);
    let code = match commands::run(cli, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => out.fail(Failure::last_word(&error)),
    };
    signals::end_commands();
    code
}
