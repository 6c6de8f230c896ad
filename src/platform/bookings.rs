//! Upcoming and past bookings (`nextBookings`, protocol.md §5). The ids in it are neither class ids nor reservation ids, so
//! none is returned.

use chrono::{NaiveDate, NaiveTime};

use super::call::Response;
use super::lenient::Loose;
use super::schedule::{Mine, mine};
use super::{BoxAt, Jar, Platform, Result, classify};
use crate::model::{day::parse_label, time::parse_span};

/// The bookings in one box, as `nextBookings` lists them or completed from the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookings<B> {
    /// `nextClasses`: upcoming bookings and waiting-list places, in the platform's order.
    pub coming: Vec<B>,
    /// `history`: past bookings that the platform still lists.
    pub past: Vec<B>,
    /// The address of the box, cleaned, from the first entry that has one.
    pub address: Option<String>,
}

/// An upcoming or a past class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBooking {
    /// On the box's calendar; `None` if the label cannot be read.
    pub day: Option<NaiveDate>,
    /// The day in the account's language, cleaned.
    pub label: String,
    /// By the box's wall clock.
    pub start: NaiveTime,
    /// By the box's wall clock; `None` if the platform gives the start only.
    pub end: Option<NaiveTime>,
    /// The class's name, cleaned and trimmed.
    pub name: String,
    /// Booked or waiting; booked if the row has no state.
    pub state: Mine,
    /// Of a past class: cancelled too late to be free.
    pub late_cancelled: bool,
}

impl Platform {
    /// `GET /api/nextBookings`.
    ///
    /// # Errors
    /// Those of an API call; [`super::Error::Strange`] if neither list is present.
    pub fn next_bookings(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        family: Option<&str>,
    ) -> Result<Bookings<ListedBooking>> {
        let id = at.id.to_string();
        let mut query = vec![("box", id.as_str())];
        query.extend(family.map(|family| ("familyId", family)));
        let call = self.script(&at.host, "/api/nextBookings", &query)?;
        self.ask(jar, call, read)
    }
}

/// Reads the response to `nextBookings`.
///
/// # Errors
/// As for [`Platform::next_bookings`].
pub fn read(response: &Response) -> Result<Bookings<ListedBooking>> {
    let data = classify::data(response)?;
    let data = Loose(&data);
    let (coming, history) = (data.get("nextClasses"), data.get("history"));
    if !coming.0.is_array() && !history.0.is_array() {
        return Err(response.strange("answered without a list of bookings"));
    }
    let mut rows = coming.items().chain(history.items());
    let address = rows.find_map(|row| row.get("boxDir").words());
    let listed = coming.items().len();
    let coming: Vec<_> = coming.items().filter_map(booking).collect();
    if coming.is_empty() && listed > 0 {
        // bookings that cannot be read do not mean that nothing is booked
        return Err(response.strange(format!(
            "listed {listed} bookings, none of them with a time"
        )));
    }
    Ok(Bookings {
        coming,
        past: history.items().filter_map(booking).collect(),
        address,
    })
}

fn booking(row: Loose<'_>) -> Option<ListedBooking> {
    let Some((start, end)) = row.get("time").raw().and_then(|time| parse_span(&time)) else {
        log::warn!("a booking without a time is left out");
        return None;
    };
    let label = row.get("day").words().unwrap_or_default();
    Some(ListedBooking {
        day: parse_label(&label),
        label,
        start,
        end,
        name: row.get("className").words().unwrap_or_default(),
        state: match mine(row.get("bookState")) {
            Mine::No => Mine::Booked,
            other => other,
        },
        late_cancelled: row.get("lateCancel").yes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Error, test_server::answered};

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
    }

    #[test]
    fn reads_both_lists() {
        let body = r#"{"nextClasses":[
            {"id":1,"day":"Lunes, 23 de Noviembre de 2026","time":"18:30 - 19:30","className":" WOD ","bookState":1,"boxName":"B"},
            {"day":"some day","time":"07:00","className":null,"bookState":"0"},
            {"time":null}, 7],
          "history":[{"day":"Lunes, 16 de Noviembre de 2026","time":"18:30-19:30","className":"WOD","assist":"1","lateCancel":0},
            {"day":"","time":"18:30","lateCancel":"1","bookState":3}]}"#;
        let lists = read(&answered(body)).unwrap();
        assert_eq!(lists.coming.len(), 2);
        assert_eq!(
            lists.coming[0],
            ListedBooking {
                day: NaiveDate::from_ymd_opt(2026, 11, 23),
                label: "Lunes, 23 de Noviembre de 2026".to_owned(),
                start: at(18, 30),
                end: Some(at(19, 30)),
                name: "WOD".to_owned(),
                state: Mine::Booked,
                late_cancelled: false,
            }
        );
        assert_eq!(
            (lists.coming[1].day, &lists.coming[1].state),
            (None, &Mine::Waiting)
        );
        let [good, late] = &lists.past[..] else {
            panic!("two")
        };
        let read = |row: &ListedBooking| (row.late_cancelled, row.state.clone());
        assert_eq!(read(good), (false, Mine::Booked));
        assert_eq!(read(late), (true, Mine::Unknown("3".to_owned())));
    }

    #[test]
    fn needs_a_list() {
        assert_eq!(
            read(&answered(r#"{"nextClasses":[]}"#)),
            Ok(Bookings {
                coming: vec![],
                past: vec![],
                address: None
            })
        );
        for none in ["{}", r#"{"nextClasses":null}"#, r#"{"nextClasses":{}}"#] {
            assert!(
                matches!(read(&answered(none)), Err(Error::Strange(_))),
                "{none}"
            );
        }
        // what cannot be read is not "nothing booked"
        let unread = read(&answered(
            r#"{"nextClasses":[{"day":"Lunes","time":"soon"}]}"#,
        ));
        assert!(matches!(unread, Err(Error::Strange(_))), "{unread:?}");
    }
}
