//! Cancelling a reservation (protocol.md §7). [`CancelVerdict::Done`] proves nothing: the platform also answers so to a class
//! id, and cancels nothing. Only the schedule row proves a cancellation.

use std::fmt;

use super::call::Response;
use super::lenient::Loose;
use super::refusal::{self, Refusal};
use super::{BoxAt, Jar, Platform, Result, classify};

/// The response to a cancellation request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelResponse {
    /// `cancelState` as received.
    pub state: Option<i64>,
    /// The meaning of `cancelState` (protocol.md §7).
    pub verdict: CancelVerdict,
    /// The message of the response, cleaned.
    pub message: Option<String>,
}

/// The meaning of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum CancelVerdict {
    /// State 1: done, if the row confirms it.
    Done,
    /// State 2: too late to be free; `late` cancels and costs a credit.
    Late,
    /// State 3, or an error.
    Refused,
    /// Neither: the row decides.
    Unproven,
}

/// For logs: the meaning, the state and the message.
impl fmt::Display for CancelResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref();
        refusal::write(f, self.verdict.into(), "cancelState", self.state, message)
    }
}

impl Platform {
    /// `POST /api/cancelBook` with the reservation (`idres`, not the class id). `late` accepts the loss of a credit.
    ///
    /// # Errors
    /// Those of an API call. Only [`super::Error::server_did_not_act`] permits sending it again without a look at the schedule.
    pub fn cancel_book(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        reservation: &str,
        late: bool,
        family: Option<&str>,
    ) -> Result<CancelResponse> {
        let late = if late { "1" } else { "0" };
        let form = [
            ("id", reservation),
            ("late", late),
            ("familyId", family.unwrap_or_default()),
        ];
        let call = self.script(&at.host, "/api/cancelBook", &[])?;
        self.ask(jar, call.form(&form), read)
    }
}

/// Reads the response to a cancellation.
///
/// # Errors
/// As for [`Platform::cancel_book`].
pub fn read(response: &Response) -> Result<CancelResponse> {
    let data = classify::data(response)?;
    let data = Loose(&data);
    let refusal = Refusal::read(data, &response.redactor);
    let state = data.get("cancelState").int();
    let verdict = match state {
        Some(1) if refusal.any => CancelVerdict::Unproven,
        Some(1) => CancelVerdict::Done,
        Some(2) => CancelVerdict::Late,
        Some(3 | ..=-1) => CancelVerdict::Refused,
        _ if refusal.says_why() && !refusal.is_object => CancelVerdict::Refused,
        _ => CancelVerdict::Unproven,
    };
    Ok(CancelResponse {
        state,
        verdict,
        message: refusal.message.or(refusal.key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test_server::answered;

    #[test]
    fn states_and_doubts() {
        use CancelVerdict::{Done, Late, Refused, Unproven};
        let table = [
            (r#"{"cancelState":1}"#, Some(1), Done, None),
            (r#"{"cancelState":"1"}"#, Some(1), Done, None),
            (r#"{"cancelState":2}"#, Some(2), Late, None),
            (
                r#"{"cancelState":"2","errorMssg":"Tarde"}"#,
                Some(2),
                Late,
                Some("Tarde"),
            ),
            (r#"{"cancelState":3}"#, Some(3), Refused, None),
            (
                r#"{"cancelState":"3","errorMssg":"<p>No</p>"}"#,
                Some(3),
                Refused,
                Some("No"),
            ),
            (r#"{"cancelState":-1}"#, Some(-1), Refused, None),
            (r#"{"errorMssg":"No"}"#, None, Refused, Some("No")),
            (r#"{"error":"NOSEPUEDE"}"#, None, Refused, Some("NOSEPUEDE")),
            (
                r#"{"error":{"code":400,"message":"No"}}"#,
                None,
                Unproven,
                Some("No"),
            ),
            (
                r#"{"cancelState":1,"error":"No"}"#,
                Some(1),
                Unproven,
                Some("No"),
            ),
            (r#"{"cancelState":0}"#, Some(0), Unproven, None),
            (r#"{"cancelState":7}"#, Some(7), Unproven, None),
            ("{}", None, Unproven, None),
        ];
        for (body, state, verdict, message) in table {
            let expected = CancelResponse {
                state,
                verdict,
                message: message.map(str::to_owned),
            };
            assert_eq!(read(&answered(body)), Ok(expected), "{body}");
        }
    }
}
