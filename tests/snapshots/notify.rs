//! `notify test`.

use insta::assert_snapshot;

use crate::support::Home;
use crate::{shot, shot_json};

#[test]
fn channels_are_tried() {
    let home = Home::nowhere();
    assert_snapshot!(shot(home.run("notify test")), @"
    exit: 2
    --- stderr
    error: the config has no [[notify]] channel to test
    ");
    let (good, bad) = ("command = \"true\"", "command = \"exit 9\"");
    home.write_config(&format!("[[notify]]\n{good}\n"));
    assert_snapshot!(shot(home.run("notify test")), @"
    exit: 0
    --- stdout
    [[notify]] 1 (command): delivered
    ");
    assert_snapshot!(shot_json(home.run("notify test")), @r#"
    exit: 0
    --- stdout
    {
      "channels":[{"number":1,"channel":"command","ok":true,"error":null}
      ]
    }
    "#);
    home.write_config(&format!("[[notify]]\n{good}\n[[notify]]\n{bad}\n"));
    assert_snapshot!(shot(home.run("notify test")), @"
    exit: 7
    --- stdout
    [[notify]] 1 (command): delivered
    [[notify]] 2 (command): not delivered: it failed (exit status: 9)
    --- stderr
    error: not delivered: [[notify]] 2 (command)
    ");
    assert_snapshot!(shot_json(home.run("notify test")), @r#"
    exit: 7
    --- stdout
    {
      "channels":[{"number":1,"channel":"command","ok":true,"error":null},
        {"number":2,"channel":"command","ok":false,"error":"it failed (exit status: 9)"}
      ],
      "error":{"kind":"partial",
        "message":"not delivered: [[notify]] 2 (command)"}
    }
    --- stderr
    error: not delivered: [[notify]] 2 (command)
    "#);
    home.write_config(&format!("[[notify]]\n{bad}\n"));
    assert_snapshot!(shot(home.run("notify test")), @"
    exit: 5
    --- stdout
    [[notify]] 1 (command): not delivered: it failed (exit status: 9)
    --- stderr
    error: not delivered: [[notify]] 1 (command)
    ");
    assert_snapshot!(shot(home.run("notify")), @"
    exit: 2
    --- stderr
    error: 'aimharder notify' requires a subcommand but one was not provided (test); see `aimharder notify --help`
    ");
}
