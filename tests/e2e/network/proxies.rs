//! The proxy variables: AimHarder and notifications are reached through the proxy that they name, unless the config says how.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{fs, io, thread};

use crate::notify::server::server;
use crate::support::{Gateway, Home, Sandbox, logged_in, read_request, unused_address};

/// A proxy on loopback. It tunnels every CONNECT to one address and answers any other request with 200.
struct Proxy {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, target) = (Arc::clone(&heads), target.to_owned());
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (seen, target) = (Arc::clone(&seen), target.clone());
                thread::spawn(move || serve(client, &seen, &target));
            }
        });
        Self { address, heads }
    }

    /// The requests since the last call.
    fn heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().unwrap())
    }
}

fn serve(mut client: TcpStream, seen: &Mutex<Vec<String>>, target: &str) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (head, _) = read_request(&mut reader)?;
    let is_tunnel = head.starts_with("CONNECT ");
    seen.lock().unwrap().push(head);
    if !is_tunnel {
        return client
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
    let server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut up, mut down) = (server.try_clone()?, server);
    thread::spawn(move || io::copy(&mut reader, &mut up));
    io::copy(&mut down, &mut client)?;
    client.shutdown(std::net::Shutdown::Both)
}

/// A home that is logged in and whose config does not name the sandbox any more: only the proxy reaches it.
fn behind_a_proxy() -> (Sandbox, Home, Gateway, Proxy) {
    let (sandbox, home) = logged_in();
    let gateway = Gateway::before(&sandbox, &home);
    let text = fs::read_to_string(home.config_path()).unwrap();
    let line = text.lines().find(|line| line.starts_with("connect_to"));
    let line = line.unwrap().to_owned();
    let proxy = Proxy::before(line.split('"').nth(1).unwrap());
    home.write_config(&text.replace(&line, ""));
    (sandbox, home, gateway, proxy)
}

#[test]
fn the_platform_is_reached_through_the_proxy_of_the_environment() {
    let (sandbox, home, _gateway, proxy) = behind_a_proxy();
    let address = &proxy.address;
    for (name, value) in [
        ("HTTPS_PROXY", format!("http://{address}")),
        ("https_proxy", address.clone()),
        ("ALL_PROXY", format!("http://ana:hunter2@{address}")),
        ("all_proxy", format!("http://{address}/")),
    ] {
        let run = home.run("bookings").env(name, value);
        run.stdout("nothing booked\n").done();
        let heads = proxy.heads();
        assert!(!heads.is_empty(), "{name}");
        for head in heads {
            assert!(head.starts_with("CONNECT "), "{name}: {head}");
            assert!(head.contains("aimharder.com:443 "), "{name}: {head}");
            let has_password = head.to_lowercase().contains("proxy-authorization: basic");
            assert_eq!(has_password, name == "ALL_PROXY", "{head}");
        }
        assert!(!sandbox.sent("/api/nextBookings").is_empty());
        sandbox.clear_log();
    }
}

#[test]
fn no_proxy_names_hosts_that_are_reached_directly() {
    let (sandbox, home, _gateway, proxy) = behind_a_proxy();
    // no name of this domain has an address, so a direct connection fails
    let text = fs::read_to_string(home.config_path()).unwrap();
    let text = text.replace(
        "domain = \"aimharder.com\"",
        "domain = \"aimharder.invalid\"",
    );
    assert!(text.contains("aimharder.invalid"), "{text}");
    home.write_config(&text);
    let run = |hosts: &str| {
        let run = home.run("bookings").env("NO_PROXY", hosts);
        let run = run.env("HTTPS_PROXY", format!("http://{}", proxy.address));
        run.status(5).any_stderr().done().stderr
    };
    for hosts in [
        "aimharder.invalid",
        ".aimharder.invalid",
        "x.org, crossfitdemo.aimharder.invalid",
        "*",
    ] {
        assert!(!run(hosts).contains("the proxy"));
    }
    assert_eq!(proxy.heads(), Vec::<String>::new());
    run("aimharder.invalid.example.org");
    assert!(!proxy.heads().is_empty());
    assert!(sandbox.log().is_empty());
}

#[test]
fn the_config_takes_precedence_over_the_environment() {
    let (_sandbox, home) = logged_in();
    let proxy = Proxy::before("127.0.0.1:1");
    let url = format!("http://{}", proxy.address);
    // with connect_to, even a variable that cannot be used is not looked at
    for value in [&*url, "ftp://nowhere"] {
        let run = home.run("bookings").env("HTTPS_PROXY", value);
        let run = run.env("ALL_PROXY", value).env("HTTP_PROXY", value);
        run.stdout("nothing booked\n").done();
    }
    assert_eq!(proxy.heads(), Vec::<String>::new());
    home.write_config(&format!("[server]\nproxy = \"{url}\"\n"));
    let run = home.run("bookings").env("HTTPS_PROXY", "ftp://nowhere");
    run.env("NO_PROXY", "*").status(5).any_stderr().done();
    assert!(!proxy.heads().is_empty());
}

#[test]
fn a_malformed_variable_is_an_error_that_names_it() {
    let (sandbox, home, _gateway, proxy) = behind_a_proxy();
    for (name, value) in [
        ("HTTPS_PROXY", "ftp://ana:hunter2@proxy.example.org"),
        ("https_proxy", "http://ana:hunter2@"),
        ("ALL_PROXY", "socks://ana:hunter2@127.0.0.1:1"),
    ] {
        let begins = format!("the environment variable {name} cannot be used: ");
        for args in ["bookings", "refresh", "notify test", "prebook run"] {
            let run = home.run(args).env(name, value);
            let output = run.fails(2, &[&begins]);
            assert!(!output.stderr.contains("hunter2"), "{output:?}");
        }
        let printed = home.run("bookings").env(name, value);
        let printed = printed.fails_with(2, &[&begins]).json();
        assert_eq!(printed["error"]["kind"], "usage");
        assert!(!printed.to_string().contains("hunter2"));
    }
    home.run("bookings")
        .env("HTTPS_PROXY", "")
        .env("all_proxy", format!("http://{}", proxy.address))
        .stdout("nothing booked\n")
        .done();
    assert!(!sandbox.log().is_empty());
}

#[test]
fn a_proxy_of_the_environment_that_fails_is_named_as_the_cause() {
    let (_sandbox, home, _gateway, _proxy) = behind_a_proxy();
    let url = format!("http://ana:hunter2@{}", unused_address());
    let run = home.run("bookings").env("HTTPS_PROXY", url);
    let output = run.fails_with(
        5,
        &[
            "the proxy gives no connection (connection refused)",
            "HTTPS_PROXY",
        ],
    );
    assert!(!output.done().stderr.contains("hunter2"));
}

#[test]
fn notifications_go_through_the_proxy_too() {
    let (url, direct) = server();
    let home = Home::nowhere();
    home.write_config(&format!("[[notify]]\nwebhook = \"{url}/ok\"\n"));
    let proxy = Proxy::before("127.0.0.1:1");
    let test = || {
        home.run("notify test")
            .stdout("[[notify]] 1 (webhook): delivered\n")
    };
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        test().env(name, format!("http://{}", proxy.address)).done();
        let heads = proxy.heads();
        assert_eq!(heads.len(), 1, "{name}");
        assert!(
            heads[0].starts_with(&format!("POST {url}/ok HTTP")),
            "{heads:?}"
        );
    }
    assert_eq!(direct.try_iter().count(), 0);
    test()
        .env("HTTP_PROXY", format!("http://{}", proxy.address))
        .env("NO_PROXY", "localhost,127.0.0.1")
        .done();
    // plain text for this machine does not leave it
    test()
        .env("HTTP_PROXY", "http://proxy.example.org:3128")
        .done();
    assert_eq!(proxy.heads(), Vec::<String>::new());
    assert_eq!(direct.try_iter().count(), 2);
    // an encrypted one asks for a tunnel
    home.write_config("[[notify]]\nntfy = \"https://ntfy.example.org/topic\"\n");
    let run = home
        .run("notify test")
        .env("HTTPS_PROXY", format!("http://{}", proxy.address));
    run.ends(5);
    assert!(proxy.heads()[0].starts_with("CONNECT ntfy.example.org:443 "));
}
