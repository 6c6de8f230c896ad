//! The readers behind the calls of [`Platform`](super::Platform), for a response from a test or a fuzzer. They are the
//! functions that the calls use.

pub use reqwest::Url;

pub use super::account::{read_box_id as box_id, read_home as home, read_whoami as whoami};
pub use super::anonymize::body as anonymized;
pub use super::book::read as book;
pub use super::bookings::read as next_bookings;
pub use super::call::Response;
pub use super::cancel::read as cancel;
pub use super::login::form::read as login_form;
pub use super::login::json::read as login_json;
pub use super::refresh::{read_set_refresh as set_refresh, read_token_update as token_update};
pub use super::schedule::read as schedule;
pub use super::wod::{read_activity as activity, read_publisher as publisher};
