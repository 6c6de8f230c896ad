//! A request as the endpoints describe it, and the manner in which a browser makes it.

use reqwest::Url;

/// The manner in which a browser makes the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// A script of the page: `X-Requested-With`, JSON wanted, redirects not followed.
    Script,
    /// A script that logs in: as [`Manner::Script`], but redirects are followed.
    ScriptLogin,
    /// Navigation to a page: HTML wanted, redirects followed.
    Page,
}

/// The body; a request with one is a POST.
pub(super) enum Body<'a> {
    None,
    Form(Vec<(&'a str, &'a str)>),
    Json(String),
}

/// One request.
pub(super) struct Call<'a> {
    pub(super) url: Url,
    pub(super) manner: Manner,
    pub(super) body: Body<'a>,
}

impl<'a> Call<'a> {
    pub(super) fn script(url: Url) -> Call<'a> {
        Self::new(url, Manner::Script)
    }

    pub(super) fn script_login(url: Url) -> Call<'a> {
        Self::new(url, Manner::ScriptLogin)
    }

    pub(super) fn page(url: Url) -> Call<'a> {
        Self::new(url, Manner::Page)
    }

    fn new(url: Url, manner: Manner) -> Call<'a> {
        let body = Body::None;
        Call { url, manner, body }
    }

    pub(super) fn form(self, fields: Vec<(&'a str, &'a str)>) -> Call<'a> {
        Call {
            body: Body::Form(fields),
            ..self
        }
    }

    pub(super) fn json(self, json: String) -> Call<'a> {
        Call {
            body: Body::Json(json),
            ..self
        }
    }
}
