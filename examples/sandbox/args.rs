//! The command line, and the help that documents the control API.

use std::path::PathBuf;

use clap::Parser;

use crate::texts::Language;

/// A stand-in for the AimHarder platform on loopback, with switches for flows, clocks and faults.
#[allow(clippy::struct_excessive_bools)] // they are switches
#[derive(Clone, Debug, Parser)]
#[command(name = "sandbox", after_long_help = CONTROL)]
pub(crate) struct Args {
    /// Where to listen; only loopback addresses, port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
    /// The platform's domain; requests are told apart by their Host header
    #[arg(long, value_name = "DOMAIN", default_value = "aimharder.com")]
    pub(crate) domain: String,
    /// Start from the world in FILE where it exists, and write it back on an orderly end
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Print the switches of POST /__sandbox/config with their defaults as JSON, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Serve https with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The ca_file to name in the printed config, when it is not the certificate itself
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Language of texts and day labels for accounts without one of their own [default: es]
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,
    /// Start without accounts, boxes and classes
    #[arg(long)]
    pub(crate) empty: bool,
    /// Add a 22:00 class of tomorrow to crossfitdemo that opens so many seconds from now, and print
    /// the rule by which it does
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["empty", "state"])]
    pub(crate) opens_in: Option<u32>,
    /// End when standard input is closed, so that tests and scripts never leave it behind
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,
}

const CONTROL: &str = include_str!("control.txt");
