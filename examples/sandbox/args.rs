//! The command line, and the help that documents the control API.

use std::path::PathBuf;

use clap::Parser;

use crate::texts::Language;

/// A stand-in for the AimHarder platform on loopback, with switches for login flows, clocks and faults
#[allow(clippy::struct_excessive_bools)] // they are switches
#[derive(Clone, Debug, Parser)]
#[command(name = "sandbox", after_long_help = CONTROL, term_width = 0)] // clap would break the columns of the page
pub(crate) struct Args {
    /// Address to listen on: a loopback address; port 0 selects a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
    /// Domain of the platform; the Host header selects the host
    #[arg(long, value_name = "DOMAIN", default_value = "aimharder.com")]
    pub(crate) domain: String,
    /// Load the world from FILE if it exists, and write it back at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Print the switches of POST /__sandbox/config with their defaults as JSON, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Serve https with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The `ca_file` of the printed config [default: the certificate]
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Language of texts and day labels for accounts without one of their own [default: es]
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,
    /// Start without accounts, boxes and classes
    #[arg(long)]
    pub(crate) empty: bool,
    /// Add a class at 22:00 tomorrow to crossfitdemo whose booking opens in SECONDS, and print its
    /// opening rule
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["empty", "state"])]
    pub(crate) opens_in: Option<u32>,
    /// End when standard input is closed, so that it ends with the test or script that started it
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,
}

const CONTROL: &str = include_str!("control.txt");
