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
        Call {
            url,
            manner: Manner::Script,
            body: Body::None,
        }
    }

    pub(super) fn script_login(url: Url) -> Call<'a> {
        Call {
            url,
            manner: Manner::ScriptLogin,
            body: Body::None,
        }
    }

    pub(super) fn page(url: Url) -> Call<'a> {
        Call {
            url,
            manner: Manner::Page,
            body: Body::None,
        }
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
