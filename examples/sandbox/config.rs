//! The switches of the sandbox (`POST /__sandbox/config`), each with the documented behaviour as its default.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::texts::Language;

/// The form of a refused JSON login (protocol.md §2a).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) enum FailureShape {
    #[default]
    #[serde(rename = "401")]
    Unauthorized,
    #[serde(rename = "200_error")]
    OkError,
    #[serde(rename = "200_authok_false")]
    OkAuthFalse,
}

/// How an accepted login sets the login cookie.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginCookie {
    #[default]
    Normal,
    Missing,
    HostOnly,
    Redirect,
}

/// How the form login writes the iframe's `src`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Iframe {
    #[default]
    Relative,
    Absolute,
    Encoded,
    AbsoluteEncoded,
}

/// How `setrefresh` writes its script (protocol.md §2c).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScriptStyle {
    /// Double quotes, the token first, as in all recordings since 2025.
    #[default]
    Double,
    /// Single quotes, the fingerprint first, without spaces.
    Single,
    /// Both quotes, odd spaces, no semicolon at the end.
    Mixed,
    /// The three others in turn.
    Varied,
}

impl ScriptStyle {
    /// The style of a session's n-th answer when they vary.
    pub(crate) fn of_turn(turn: u64) -> Self {
        match turn % 3 {
            1 => Self::Double,
            2 => Self::Single,
            _ => Self::Mixed,
        }
    }
}

/// The response of `whoami` without a login.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) enum WhoamiDead {
    #[default]
    #[serde(rename = "data")]
    Data,
    #[serde(rename = "logout")]
    Logout,
    #[serde(rename = "401")]
    Unauthorized,
}

/// The fields of a refused booking.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefusalShape {
    #[default]
    Both,
    Text,
    Key,
    State,
}

/// A variation of the rows (protocol.md §5).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Quirk {
    /// Numbers as strings, also the states of `book` and `cancelBook`.
    Strings,
    /// `limit`, `limitc`, `ocupation`, `waitlist`, `cancelledId`, `seminars`, `resmsgs` absent.
    Missing,
    /// `18:30-19:30`
    Dash,
    /// `18:30`
    StartOnly,
    /// Spaces around the class name.
    Spaces,
    /// `limit: "12"`
    LimitText,
    /// `limit: "8/12"`
    LimitSlash,
    /// `limit: "12 (3)"`
    WaitingText,
    EnabledAbsent,
    NullCoach,
    /// `cancelledId` as a string.
    CancelledString,
    /// The reservation's `id` in the answer of `book` as a number.
    NumberId,
    /// The row is listed twice.
    Twice,
    /// The row has no `time`, only `timeid`.
    NoTime,
}

/// A form in which JSON answers are sent (protocol.md §8).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JsonAs {
    /// `Content-Type: text/html`
    Html,
    /// With a byte order mark.
    Bom,
    /// Compressed, for clients that accept it.
    Gzip,
    /// With `Transfer-Encoding: chunked`.
    Chunked,
}

/// The pages `/` and `/schedule` of a box.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BoxPage {
    #[default]
    Normal,
    /// The login page.
    Login,
    /// A redirect to the login page.
    Redirect,
    /// A page without the numeric id.
    NoNumber,
}

/// All switches.
#[allow(clippy::struct_excessive_bools)] // they are switches
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) json_login: bool,
    /// 404, 405, 410 or "html"
    pub(crate) json_login_off: Value,
    pub(crate) form_login: bool,
    pub(crate) login_failure_shape: FailureShape,
    /// Wrong attempts after which an account is locked; 0 = never.
    pub(crate) lock_after: u32,
    pub(crate) login_cookie: LoginCookie,
    pub(crate) login_token: bool,
    pub(crate) iframe: Iframe,
    /// Seconds after which a login without an update lapses; 0 = never.
    pub(crate) login_ttl_s: i64,
    pub(crate) require_setrefresh: bool,
    pub(crate) setrefresh_ok: bool,
    pub(crate) setrefresh_revives: bool,
    pub(crate) setrefresh_script: ScriptStyle,
    /// `tokenUpdate` sets `amhrdrauth` again.
    pub(crate) update_cookie: bool,
    /// `tokenUpdate` changes the value of `amhrdrauth`, and sets it whatever `update_cookie` says.
    pub(crate) rotate_cookie: bool,
    /// Days until the login cookie's `Expires`.
    pub(crate) cookie_days: i64,
    /// Cookies besides `amhrdrauth` that a call must have to count as logged in.
    pub(crate) require_cookies: Vec<String>,
    /// The value of `logout` in a dead session's answer: 1, "1", true.
    pub(crate) logout_shape: Value,
    /// Whether the logout of a dead session has status 401.
    pub(crate) logout_401: bool,
    pub(crate) whoami_dead_shape: WhoamiDead,
    pub(crate) whoami_roles: bool,
    /// A template with `{box}` and `{domain}`.
    pub(crate) centre_url: String,
    /// The server clock minus the real clock.
    pub(crate) skew_ms: i64,
    pub(crate) latency_ms: i64,
    pub(crate) latency_jitter_ms: i64,
    pub(crate) latency_after_ms: i64,
    /// Paths whose responses are held while they are in this list.
    pub(crate) hold: Vec<String>,
    pub(crate) quirks: Vec<Quirk>,
    pub(crate) json_as: Vec<JsonAs>,
    pub(crate) box_page: BoxPage,
    /// Fields that every JSON object with an `id` has, with their values; those that are "absent" are removed everywhere.
    pub(crate) drift: Map<String, Value>,
    pub(crate) language: Language,
    pub(crate) require_user_agent: bool,
    pub(crate) waitlist_enabled: bool,
    pub(crate) refusal_shape: RefusalShape,
    /// errorMssg, errorMsg, error or message
    pub(crate) refusal_text_key: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            json_login: true,
            json_login_off: json!(404),
            form_login: true,
            login_failure_shape: FailureShape::default(),
            lock_after: 8,
            login_cookie: LoginCookie::default(),
            login_token: true,
            iframe: Iframe::default(),
            login_ttl_s: 5400,
            require_setrefresh: false,
            setrefresh_ok: true,
            setrefresh_revives: false,
            setrefresh_script: ScriptStyle::default(),
            update_cookie: true,
            rotate_cookie: false,
            cookie_days: 400,
            require_cookies: Vec::new(),
            logout_shape: json!(1),
            logout_401: false,
            whoami_dead_shape: WhoamiDead::default(),
            whoami_roles: true,
            centre_url: "{box}.{domain}".to_owned(),
            skew_ms: 0,
            latency_ms: 0,
            latency_jitter_ms: 0,
            latency_after_ms: 0,
            hold: Vec::new(),
            quirks: Vec::new(),
            json_as: Vec::new(),
            box_page: BoxPage::default(),
            drift: Map::new(),
            language: Language::default(),
            require_user_agent: false,
            waitlist_enabled: true,
            refusal_shape: RefusalShape::default(),
            refusal_text_key: "errorMssg".to_owned(),
        }
    }
}

impl Config {
    /// Checks the ranges of the values.
    pub(crate) fn check(&self) -> Result<(), String> {
        let off = &self.json_login_off;
        if ![json!(404), json!(405), json!(410), json!("html")].contains(off) {
            return Err(format!(
                "json_login_off must be 404, 405, 410 or \"html\", not {off}"
            ));
        }
        let year = 366 * 24 * 3600 * 1000;
        if self.skew_ms.abs() > 100 * year {
            return Err("skew_ms is beyond 100 years".to_owned());
        }
        for wait in [
            self.latency_ms,
            self.latency_jitter_ms,
            self.latency_after_ms,
        ] {
            if !(0..=600_000).contains(&wait) {
                return Err("latencies must be between 0 and 600000 ms".to_owned());
            }
        }
        if !(0..=36_500).contains(&self.cookie_days)
            || !(0..=3_000_000_000).contains(&self.login_ttl_s)
        {
            return Err("cookie_days or login_ttl_s is out of range".to_owned());
        }
        Ok(())
    }
}
