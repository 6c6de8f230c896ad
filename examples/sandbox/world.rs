//! The whole state of the sandbox, and the queries of the routes. It is behind one lock; nothing here sleeps or does I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::http::Request;
use crate::model::{Account, Class, Counters, Gym, Reservation, Session, SessionKey};
use crate::texts::Language;

const FIRST_CLASS: u64 = 1_223_249;
const FIRST_RESERVATION: u64 = 55_501;
/// The number of tokens that are kept to recognise replays.
const MAX_TOKENS: usize = 200_000;

/// The whole state; as JSON it is the `--state` file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) accounts: Vec<Account>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) boxes: Vec<Gym>,
    pub(crate) classes: BTreeMap<u64, Class>,
    pub(crate) reservations: BTreeMap<u64, Reservation>,
    /// Reservations cancelled late, for the history.
    pub(crate) late_cancels: Vec<Reservation>,
    pub(crate) counters: Counters,
    /// Wrong attempts since the last good login, by account.
    pub(crate) wrong: BTreeMap<String, u32>,
    /// Whether the boxes of the default world get its timetable.
    pub(crate) has_timetable: bool,
    /// Boxes and days of which that timetable was made: `crossfitdemo 2026-11-23`.
    pub(crate) filled: BTreeSet<String>,
    next_class: u64,
    next_reservation: u64,
    /// Responses sent so far.
    #[serde(skip)]
    pub(crate) answers: u64,
    #[serde(skip)]
    pub(crate) domain: String,
    #[serde(skip)]
    pub(crate) scheme: &'static str,
    #[serde(skip)]
    cookie_index: HashMap<String, usize>,
    #[serde(skip)]
    session_index: HashMap<SessionKey, usize>,
    /// Every issued token, with its session and login.
    pub(crate) tokens: HashMap<String, (SessionKey, u64)>,
    /// The token that the current request created, for the log.
    #[serde(skip)]
    pub(crate) made: Option<String>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            config: Config::default(),
            accounts: Vec::new(),
            sessions: Vec::new(),
            boxes: Vec::new(),
            classes: BTreeMap::new(),
            reservations: BTreeMap::new(),
            late_cancels: Vec::new(),
            counters: Counters::default(),
            wrong: BTreeMap::new(),
            has_timetable: false,
            filled: BTreeSet::new(),
            next_class: FIRST_CLASS,
            next_reservation: FIRST_RESERVATION,
            answers: 0,
            domain: "aimharder.com".to_owned(),
            scheme: "http",
            cookie_index: HashMap::new(),
            session_index: HashMap::new(),
            tokens: HashMap::new(),
            made: None,
        }
    }
}

impl World {
    /// Builds the indexes after loading.
    pub(crate) fn reindex(&mut self) {
        for at in 0..self.sessions.len() {
            self.index_session(at);
        }
    }

    fn index_session(&mut self, at: usize) {
        let session = &self.sessions[at];
        self.cookie_index.insert(session.cookie.clone(), at);
        self.session_index.insert(session.key(), at);
        if self.tokens.len() >= MAX_TOKENS {
            self.tokens.clear();
            self.tokens.extend(self.sessions.iter().map(issued));
        }
        self.tokens.extend([issued(&self.sessions[at])]);
    }

    /// Stores a session in place of one with the same key; returns its index.
    pub(crate) fn put_session(&mut self, session: Session) -> usize {
        self.made = Some(session.token.clone());
        let at = if let Some(at) = self.session(&session.key()) {
            self.cookie_index.remove(&self.sessions[at].cookie);
            self.sessions[at] = session;
            at
        } else {
            self.sessions.push(session);
            self.sessions.len() - 1
        };
        self.index_session(at);
        at
    }

    pub(crate) fn session(&self, key: &SessionKey) -> Option<usize> {
        self.session_index.get(key).copied()
    }

    /// The session of the request's login cookie, even if it is dead.
    pub(crate) fn cookie_session(&self, request: &Request) -> Option<usize> {
        self.cookie_index
            .get(request.cookie("amhrdrauth")?)
            .copied()
    }

    pub(crate) fn account(&self, email: &str) -> Option<&Account> {
        let email = email.trim();
        self.accounts
            .iter()
            .find(|account| account.email.eq_ignore_ascii_case(email))
    }

    pub(crate) fn account_mut(&mut self, email: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|account| account.email == email)
    }

    pub(crate) fn gym(&self, name: &str) -> Option<&Gym> {
        self.boxes.iter().find(|gym| gym.name == name)
    }

    /// The names of the box's classes, each once, in order.
    pub(crate) fn class_names(&self, gym: &Gym) -> Vec<&str> {
        let classes = self.classes.values().filter(|class| class.gym == gym.name);
        let names: BTreeSet<&str> = classes.map(|class| class.name.as_str()).collect();
        names.into_iter().collect()
    }

    pub(crate) fn language(&self, email: Option<&str>) -> Language {
        let account = email.and_then(|email| self.account(email));
        account
            .and_then(|account| account.language)
            .unwrap_or(self.config.language)
    }

    pub(crate) fn centre_url(&self, gym: &Gym) -> String {
        let template = gym.centre_url.as_deref().unwrap_or(&self.config.centre_url);
        template
            .replace("{box}", &gym.name)
            .replace("{domain}", &self.domain)
    }

    /// The same without its scheme.
    pub(crate) fn centre(&self, gym: &Gym) -> String {
        let url = self.centre_url(gym);
        let bare = url.trim_start_matches("https://");
        bare.trim_start_matches("http://").to_owned()
    }

    pub(crate) fn new_class_id(&mut self) -> u64 {
        while self.classes.contains_key(&self.next_class) {
            self.next_class += 1;
        }
        self.next_class
    }

    pub(crate) fn add_reservation(&mut self, mut reservation: Reservation) -> u64 {
        while self.reservations.contains_key(&self.next_reservation) {
            self.next_reservation += 1;
        }
        reservation.idres = self.next_reservation;
        self.next_reservation += 1;
        let idres = reservation.idres;
        self.reservations.insert(idres, reservation);
        idres
    }

    /// The account's reservation of a class, for that family member.
    pub(crate) fn mine(&self, email: &str, family: &str, class: u64) -> Option<&Reservation> {
        self.reservations
            .values()
            .find(|r| r.class == class && r.account == email && r.family == family)
    }

    /// The account's reservations, for that family member.
    pub(crate) fn of<'a>(
        &'a self,
        email: &'a str,
        family: &'a str,
    ) -> impl Iterator<Item = &'a Reservation> {
        self.reservations
            .values()
            .filter(move |r| r.account == email && r.family == family)
    }

    /// Places taken and people waiting (-1 = no list), as a row shows them.
    pub(crate) fn places(&self, class: &Class) -> (i64, i64) {
        let mut taken = class.occupied;
        let mut waiting = if self.config.waitlist_enabled {
            class.waitlist
        } else {
            -1
        };
        for reservation in self.reservations.values().filter(|r| r.class == class.id) {
            if reservation.state == 1 {
                taken += 1;
            } else {
                waiting = waiting.max(0) + 1;
            }
        }
        (taken, waiting)
    }
}

/// The token of a session, with the session and the login to which it was issued.
fn issued(session: &Session) -> (String, (SessionKey, u64)) {
    (session.token.clone(), (session.key(), session.login_count))
}
