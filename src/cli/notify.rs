//! `notify`.

use clap::{Args, Subcommand};

/// Try the channels that tell you what refresh and prebook run have done
#[derive(Debug, Args)]
#[command(arg_required_else_help = false)]
#[command(after_help = "\
Example: aimharder notify test

Exit codes: 0 all channels were told, 5 none, 7 some, 2 usage, config, or no [[notify]] in it, 1 unusable store")]
pub(crate) struct NotifyArgs {
    #[command(subcommand)]
    pub command: NotifyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send a test message to every channel of the config, whatever its `on`
    ///
    /// The event is the first of the channel's `on`, its message says that it is a test. A command
    /// gets it as one JSON line on standard input, and as AIMHARDER_EVENT, AIMHARDER_TEXT (the
    /// sentence that the other channels show), AIMHARDER_MESSAGE, AIMHARDER_ACCOUNT, AIMHARDER_BOX,
    /// AIMHARDER_CLASS and so on; what it prints is seen with -v only.
    #[command(after_help = "\
Examples:
  aimharder notify test
  aimharder -v notify test --json

Exit codes: 0 all channels were told, 5 none, 7 some, 2 usage, config, or no [[notify]] in it, 1 unusable store")]
    Test,
}
