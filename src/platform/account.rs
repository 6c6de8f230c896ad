//! The account and its boxes (protocol.md §4). `whoami` also proves that a session is alive. A box id that the platform does
//! not return is `None`.

use serde_json::Value;

use super::call::Response;
use super::host::{box_of, host_of, within};
use super::html;
use super::lenient::Loose;
use super::{Error, Jar, KnownBox, Platform, Result, classify};

/// The number of links or roles that are read: an account has a few boxes, and a hostile page may have thousands of links.
const MAX_LINKS: usize = 1000;

impl Platform {
    /// `GET /api/whoami`: the account's boxes. Success proves that the session is alive.
    ///
    /// # Errors
    /// Those of an API call; [`Error::LoggedOut`] also if no account is listed.
    pub fn whoami(&self, jar: &mut Jar) -> Result<Vec<KnownBox>> {
        let call = self.script(self.domain(), "/api/whoami", &[])?;
        self.ask(jar, call, |response| read_whoami(response, self.domain()))
    }

    /// The boxes that `GET /home` links to, for accounts whose `whoami` lists none. They have no ids.
    ///
    /// # Errors
    /// As for a page; [`Error::LoggedOut`] if it is the login page.
    pub fn home_boxes(&self, jar: &mut Jar) -> Result<Vec<KnownBox>> {
        let call = self.page(self.domain(), "/home", &[])?;
        self.ask(jar, call, |response| read_home(response, self.domain()))
    }

    /// A box's numeric id from its `/schedule?cl` page. The page is public, so it proves nothing about the session.
    ///
    /// # Errors
    /// As for a page; [`Error::Strange`] if the page has no number, also if it is the login page.
    pub fn box_id(&self, jar: &mut Jar, host: &str) -> Result<i64> {
        self.ask(jar, self.page(host, "/schedule?cl", &[])?, read_box_id)
    }
}

/// Reads the response to `whoami`.
///
/// # Errors
/// As for [`Platform::whoami`].
pub fn read_whoami(response: &Response, domain: &str) -> Result<Vec<KnownBox>> {
    if matches!(response.status, 200 | 401) && lists_no_account(response) {
        return Err(Error::LoggedOut);
    }
    let object = classify::data(response)?;
    let data = Loose(&object).get("data");
    let one = data.0.is_object().then_some(data);
    let people = data.items().chain(one).map(person);
    let roles: Vec<_> = people
        .filter(|person| names_account(*person))
        .map(|person| person.get("roles"))
        .collect();
    if roles.is_empty() {
        return Err(response.strange("did not say who is logged in"));
    }
    Ok(boxes(&roles, domain))
}

/// Whether the list of accounts is empty, and no error says why.
fn lists_no_account(response: &Response) -> bool {
    classify::object(&response.body).is_some_and(|object| {
        let is_empty = |data: &Value| data.as_array().is_some_and(Vec::is_empty);
        let error = object.get("error").unwrap_or(&Value::Null);
        object.get("data").is_some_and(is_empty) && !Loose(error).is_error()
    })
}

/// The entry, or the `userData` inside it.
pub(super) fn person(entry: Loose<'_>) -> Loose<'_> {
    Loose(entry.0.get("userData").unwrap_or(entry.0))
}

/// Whether an entry names an account; an empty one proves nothing.
fn names_account(person: Loose<'_>) -> bool {
    person.get("id").int().is_some_and(|id| id > 0)
        || person.get("mail").raw().is_some()
        || person.get("roles").items().len() > 0
}

/// The boxes of `roles` lists, each once: an account may be client and coach of one box.
pub(super) fn boxes(roles: &[Loose<'_>], domain: &str) -> Vec<KnownBox> {
    let mut boxes: Vec<KnownBox> = Vec::new();
    for role in roles.iter().flat_map(|roles| roles.items()).take(MAX_LINKS) {
        let url = role.get("centre_url").raw();
        let Some((name, host)) = url.and_then(|url| box_of(&host_of(&url)?, domain)) else {
            continue;
        };
        let found = KnownBox {
            name,
            host: Some(host),
            id: role.get("boid").int().filter(|id| *id > 0),
            title: role.get("gym").words(),
            ..KnownBox::default()
        };
        add(&mut boxes, found);
    }
    boxes
}

/// Adds a box, or what is not known of it yet.
fn add(boxes: &mut Vec<KnownBox>, found: KnownBox) {
    match boxes.iter_mut().find(|known| known.name == found.name) {
        Some(known) => {
            known.id = known.id.or(found.id);
            known.title = known.title.take().or(found.title);
        }
        None => boxes.push(found),
    }
}

/// Reads the page `/home`.
///
/// # Errors
/// As for [`Platform::home_boxes`].
pub fn read_home(response: &Response, domain: &str) -> Result<Vec<KnownBox>> {
    classify::or_login_page(response, read_links(response, domain))
}

fn read_links(response: &Response, domain: &str) -> Result<Vec<KnownBox>> {
    let page = classify::page(response)?;
    let mut boxes: Vec<KnownBox> = Vec::new();
    for link in html::attributes(&page, "a", "href").take(MAX_LINKS) {
        // a relative link or a link to another site names no box
        let host = host_of(&link).filter(|host| within(host, domain) && link.contains("//"));
        let Some((name, host)) = host.and_then(|host| box_of(&host, domain)) else {
            continue;
        };
        let found = KnownBox {
            name,
            host: Some(host),
            ..KnownBox::default()
        };
        add(&mut boxes, found);
    }
    if boxes.is_empty() && classify::is_login_page(response) {
        return Err(Error::LoggedOut);
    }
    Ok(boxes)
}

/// Reads the page `/schedule?cl` of a box.
///
/// # Errors
/// As for [`Platform::box_id`].
pub fn read_box_id(response: &Response) -> Result<i64> {
    let page = classify::page(response)?;
    html::scripts(&page)
        .find_map(|script| id_in_script(&script))
        .ok_or_else(|| response.strange("has no box number"))
}

/// `box: 10122`, `"box":"10122"`, `box = 10122`: a property or variable of exactly that name.
fn id_in_script(script: &str) -> Option<i64> {
    script.match_indices("box").find_map(|(at, word)| {
        let before = script[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$')) {
            return None;
        }
        let rest = script[at + word.len()..]
            .trim_start_matches(['"', '\''])
            .trim_start();
        let value = rest
            .strip_prefix([':', '='])?
            .trim_start()
            .trim_start_matches(['"', '\'']);
        let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().filter(|id| *id > 0)
    })
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
