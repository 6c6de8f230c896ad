//! A password is being typed, hidden, and the program is ended: the terminal shows again what is
//! typed, nothing was sent, nothing is stored.

use std::io::Write;

use crate::support::{ANA, Home, conversation, signal, start};

/// What the terminal shows when this is done to the program at its prompt: its exit status, and the
/// terminal's settings before and after.
fn at_the_prompt(home: &Home, mut act: impl FnMut(&mut dyn Write, u32)) -> String {
    let program = env!("CARGO_BIN_EXE_aimharder");
    let inner = format!("echo pid=$$=; exec {program} login {ANA}");
    // its modes; the rest may be written in another way and mean the same
    let modes = r"$(stty -a | grep -oE -- '-?(isig|icanon|echo)\b' | tr '\n' ',')";
    // Ctrl-C is a signal to the shell too, which goes on
    let script = format!(
        "trap : INT; echo \"before={modes}=\"; sh -c '{inner}'; echo code=$?=; echo \"after={modes}=\""
    );
    let mut done = false;
    let (shown, _) = conversation(home, &script, |shown, input| {
        if !done && shown.ends_with(&format!("Password for {ANA}: ")) {
            done = true;
            act(input, value(shown, "pid").parse().unwrap());
        }
    });
    assert!(done, "no prompt: {shown}");
    shown
}

fn value<'s>(shown: &'s str, name: &str) -> &'s str {
    let from = shown.split_once(&format!("{name}="));
    let (_, rest) = from.unwrap_or_else(|| panic!("no {name} in {shown}"));
    rest.split('=').next().unwrap()
}

fn ended(code: &str, act: impl FnMut(&mut dyn Write, u32)) {
    let (sandbox, home) = start();
    let shown = at_the_prompt(&home, act);
    assert_eq!(value(&shown, "code"), code, "{shown}");
    assert_eq!(value(&shown, "before"), "isig,icanon,echo,", "{shown}");
    assert_eq!(value(&shown, "after"), value(&shown, "before"), "{shown}");
    assert!(!shown.contains("half-a-pass"), "{shown}");
    assert!(sandbox.log().is_empty(), "nothing is sent");
    assert!(home.sessions().is_empty());
}

#[test]
fn by_the_keyboard() {
    ended("130", |keys, _| keys.write_all(b"half-a-pass\x03").unwrap());
}

#[test]
fn by_signals() {
    for (name, code) in [("INT", "130"), ("TERM", "143"), ("HUP", "129")] {
        // nothing is typed here: keys that arrive when it has ended are the shell's to show
        ended(code, |_, process| signal(name, process));
    }
}

/// Ctrl-D at the empty prompt: no password.
#[test]
fn by_the_end_of_the_input() {
    ended("3", |keys, _| keys.write_all(b"\x04").unwrap());
}
