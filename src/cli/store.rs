//! `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// Encrypt the logins in the store, copy the store
///
/// With encryption, tokens and cookies can be used only by whoever has the key too. The key comes
/// from the systemd credential aimharder-key, else from key_command under [store] in the config.
#[derive(Debug, Args)]
#[command(arg_required_else_help = false)]
#[command(after_help = "\
Examples:
  aimharder store key | pass insert --multiline aimharder-store-key
  aimharder store encrypt
  aimharder store backup aimharder-copy.db

Exit codes: 0 done or already so, 1 unusable store or wrong key, 2 usage or no key to be had, \
7 done, but old text is not yet cleaned away")]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    pub command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Print a new key: 64 random hex digits
    #[command(after_help = "\
Example: aimharder store key | pass insert --multiline aimharder-store-key

Exit codes: 0 printed, 1 no random numbers, 2 usage")]
    Key,
    /// Encrypt tokens and cookies with the key, all at once
    ///
    /// Nothing of them stays in plain text in the store's free pages, its log, or copies that
    /// upgrades have left beside it. Other processes may run meanwhile, with the same config.
    #[command(after_help = "\
Example: aimharder store encrypt

Exit codes: 0 encrypted, or it was, 1 unusable store or wrong key, 2 usage or no key to be had, \
7 encrypted, but old text is not yet cleaned away (the next command does it)")]
    Encrypt,
    /// Store tokens and cookies as plain text again
    #[command(after_help = "\
Examples:
  aimharder store decrypt
  aimharder store decrypt --forget-logins    # when the key is lost

Exit codes: 0 plain, or it was, 1 unusable store or wrong key, 2 usage or no key to be had")]
    Decrypt(DecryptArgs),
    /// Change the key: the new one comes on standard input
    ///
    /// The old one comes from its usual source, which is then yours to change. Until it is, other
    /// commands find the key wrong, and change nothing.
    #[command(after_help = "\
Example: aimharder store rekey < new.key

Exit codes: 0 done, 1 unusable store or wrong key, 2 usage, not encrypted, or no key to be had, \
7 done, but old text is not yet cleaned away (the next command does it)")]
    Rekey,
    /// Copy the store into a new file, while others use it
    ///
    /// What is encrypted stays encrypted. A token in a copy is good until the next refresh replaces it.
    #[command(after_help = "\
Example: aimharder store backup aimharder-copy.db

Exit codes: 0 copied, 2 usage, or the file is there already, 1 unusable store or place")]
    Backup(BackupArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DecryptArgs {
    /// Without the key: forget tokens and cookies, keep everything else, log in again
    #[arg(long)]
    pub forget_logins: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The new file, readable by you alone
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}
