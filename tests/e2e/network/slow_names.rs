//! Names that resolve slowly: the request timeout covers them.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::{Home, logged_in};

/// A library that replaces the system's name resolution by one that takes 20 s and finds nothing.
fn slow_resolver(home: &Home) -> PathBuf {
    home.library(
        "slow",
        "#include <netdb.h>\n#include <unistd.h>\n\
         int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found)\n\
         { sleep(20); return EAI_AGAIN; }\n",
    )
}

#[test]
fn name_resolution_ends_with_the_request_timeout() {
    let (_sandbox, home) = logged_in();
    let certificate = rcgen::generate_simple_self_signed(["aimharder.com".to_owned()]).unwrap();
    home.write("ca.pem", &certificate.cert.pem());
    let ca = home.path().join("ca.pem");
    home.write_config(&format!(
        "box = \"crossfitdemo\"\n[server]\nca_file = {ca:?}\ntimeout = \"1s\"\n"
    ));
    let run = home.run("classes --day +3");
    let run = run.env("LD_PRELOAD", slow_resolver(&home));
    let ended = run.fails(5, &["timed out"]);
    assert!(ended.took < Duration::from_secs(5), "{ended:?}");
}
