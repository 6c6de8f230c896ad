//! The HTML pages of the platform, in a short form.

use std::fmt::Write as _;

use crate::config::ScriptStyle;
use crate::http;

/// Text made safe for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"es\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n{body}\n</body></html>\n"
    )
}

/// The login page; `error` is the text in `loginErrors`, which is present and empty on other pages too.
pub(crate) fn login(error: &str) -> String {
    page(
        "AimHarder - Login",
        &format!(
            "<form method=\"post\" action=\"/\"><span id=\"loginErrors\">{}</span>\n\
             <input name=\"mail\"><input name=\"pw\" type=\"password\">\n\
             <input type=\"hidden\" name=\"loginfingerprint\"><input type=\"hidden\" name=\"loginiframe\" value=\"0\">\n\
             <input type=\"submit\" name=\"login\" value=\"Iniciar sesión\"></form>",
            escape(error)
        ),
    )
}

/// The page in place of the form login, if that is switched off.
pub(crate) fn marketing() -> String {
    page(
        "AimHarder",
        "<div id=\"app\"></div><span id=\"loginErrors\"></span>\n<h1>Software para boxes</h1>\n\
         <script src=\"/static/app.js\"></script>",
    )
}

/// The page of an accepted form login, with the first token in the URL of the iframe.
pub(crate) fn logged_in(iframe: Option<&str>) -> String {
    let iframe =
        iframe.map(|src| format!("<iframe src=\"{src}\" style=\"display:none\"></iframe>\n"));
    page(
        "AimHarder",
        &format!(
            "<span id=\"loginErrors\"></span>\n{}<script>window.location.href = \"/home\";</script>",
            iframe.unwrap_or_default()
        ),
    )
}

/// A value as a JavaScript string that cannot end its script.
fn js(text: &str, quote: char) -> String {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"|-_.:".contains(&byte));
    if plain {
        return format!("{quote}{text}{quote}");
    }
    serde_json::Value::from(text)
        .to_string()
        .replace('<', "\\u003c")
}

/// The script of `setrefresh`.
pub(crate) fn set_refresh(
    token: &str,
    fingerprint: &str,
    redirect: Option<&str>,
    style: ScriptStyle,
) -> String {
    let go = redirect
        .map(|url| format!("window.location.href = {};\n", js(url, '"')))
        .unwrap_or_default();
    let script = match style {
        ScriptStyle::Double => format!(
            "localStorage.setItem(\"refreshToken\", {});\nlocalStorage.setItem(\"fingerprint\", {});\n",
            js(token, '"'),
            js(fingerprint, '"')
        ),
        ScriptStyle::Single => format!(
            "localStorage.setItem('fingerprint',{});localStorage.setItem('refreshToken',{});\n",
            js(fingerprint, '\''),
            js(token, '\'')
        ),
        ScriptStyle::Mixed | ScriptStyle::Varied => format!(
            "localStorage.setItem( 'refreshToken' , {} );\n localStorage.setItem( \"fingerprint\",{} )\n",
            js(token, '"'),
            js(fingerprint, '\'')
        ),
    };
    page("AimHarder", &format!("<script>{script}{go}</script>"))
}

/// The page of a failed `setrefresh`: no script that stores a token.
pub(crate) fn no_set_refresh() -> String {
    page(
        "AimHarder",
        "<script>window.location.href = \"/\";</script>",
    )
}

/// The home page with links to the boxes.
pub(crate) fn home(domain: &str, hosts: &[String]) -> String {
    let mut links = format!(
        "<a href=\"https://www.{domain}\">AimHarder</a> <a href=\"https://login.{domain}\">Salir</a>\n"
    );
    for host in hosts {
        let _ = writeln!(
            links,
            "<li><a href=\"https://{}\">Mi box</a></li>",
            escape(host)
        );
    }
    page("AimHarder - Home", &links)
}

/// A box's schedule page; its script has the numeric id, if one is given.
pub(crate) fn schedule(gym: &str, id: Option<u64>) -> String {
    let id = id.map(|id| format!("box: {id}, ")).unwrap_or_default();
    page(
        &escape(gym),
        &format!(
            "<div id=\"calendar\"></div>\n<script>var cl = new Calendar({{ {id}familyId: '' }});</script>"
        ),
    )
}

/// The script of a box's page that has the number of who publishes its workouts.
pub(crate) fn publisher(id: u64) -> String {
    format!("<script>var t = new TimeLine({{ timeLineContent: 7, userID: {id} }});</script>\n")
}

/// The settings of an account.
pub(crate) fn settings(email: &str) -> String {
    let email = escape(email);
    page(
        "AimHarder - Ajustes",
        &format!("<form method=\"post\"><input name=\"email\" value=\"{email}\"></form>"),
    )
}

pub(crate) fn not_found() -> String {
    page("404", "<h1>404</h1><p>Página no encontrada</p>")
}

pub(crate) fn forbidden() -> String {
    page("403 Forbidden", "<center><h1>403 Forbidden</h1></center>")
}

pub(crate) fn outage(status: u16) -> String {
    page(
        &status.to_string(),
        &format!("<center><h1>{status}</h1><p>Estamos en mantenimiento</p></center>"),
    )
}

/// The iframe's URL with the first token (protocol.md §2b).
pub(crate) fn iframe_src(origin: &str, token: &str, fingerprint: &str, encoded: bool) -> String {
    let user = token.split('|').next().unwrap_or_default();
    let token = if encoded {
        http::encode(token)
    } else {
        token.to_owned()
    };
    format!(
        "{origin}/setrefresh?token={token}&fingerprint={}&user={user}&refresh=1",
        http::encode(fingerprint)
    )
}
