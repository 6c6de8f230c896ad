//! Every command over a faulty network: lost, late, foreign and hostile responses, proxies, and names.

mod faults;
mod hostile_answers;
mod proxies;
mod slow_names;
mod unsent_requests;

use serde_json::json;

use crate::support::{Gateway, logged_in};

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name the certificate authorities.
#[test]
fn certificate_authorities_of_a_folder() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({}));
    let _gateway = Gateway::before(&sandbox, &home);
    let config = std::fs::read_to_string(home.config_path()).unwrap();
    let (ca_file, others): (Vec<&str>, Vec<&str>) =
        config.lines().partition(|line| line.starts_with("ca_file"));
    assert_eq!(ca_file.len(), 1);
    home.write_config(&others.join("\n"));
    let folder = home.path().join("authorities");
    std::fs::create_dir(&folder).unwrap();
    let empty = home.write("empty.pem", "");
    let book = || {
        home.run("book --day +3 --time 13:10")
            .env("SSL_CERT_FILE", empty.to_str().unwrap())
            .env("SSL_CERT_DIR", folder.to_str().unwrap())
    };
    book().fails(5, &["its certificate is not trusted"]);
    std::fs::write(folder.join("odd.pem"), "no certificate").unwrap();
    std::fs::copy(home.path().join("ca.pem"), folder.join("ours.pem")).unwrap();
    assert_eq!(book().json()["outcome"], "booked");
    assert_eq!(sandbox.reservations(&id).len(), 1);
    let odd = format!("ca_file = \"{}\"", folder.join("odd.pem").display());
    home.write_config(&config.replace(ca_file[0], &odd));
    home.run("classes").fails(2, &["ca_file", "odd.pem"]);
    home.write("authorities/odd.pem", "-----BEGIN CERTIFICATE-----\n%%%\n");
    home.run("classes").fails(2, &["ca_file", "odd.pem"]);
}
