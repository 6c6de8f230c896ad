//! The fields of the platform's JSON that are known (protocol.md), by the object that has them. A recording keeps their names,
//! and `probe` reports those that are new or missing.

/// A person of `whoami` (protocol.md §4).
pub(super) const PERSON: &str = "id mail name roles userData";
/// A role of a person.
pub(super) const ROLE: &str = "boid centre_url gym role";
/// The response to a schedule request (protocol.md §5).
pub(super) const SCHEDULE: &str = "bookings clasesDisp day resmsgs seminars timetable";
/// A class of the schedule.
pub(super) const CLASS: &str = "bookState boxDir boxName boxPic cancelledId checkAthletesNum classDesc classId classLength className \
    coachName coachPic color enabled hidden id idres included limit limitc ocupation onlineclass resadmin spotres \
    time timeid waitlist zoomJoinPw zoomJoinUrl zoomid";
/// The response to `nextBookings`.
pub(super) const NEXT_BOOKINGS: &str = "history nextClasses";
/// A booking of it.
pub(super) const BOOKING: &str = "assist bookState boxDir boxName boxPic className coachName day id idres lateCancel limit limitc ocupation \
    time waitlist";
/// Of all other responses.
const OTHERS: &str = "TIPOWODs auth authOK cancelState ciclo clasesContratadas code cookieAlive curDate data ejerId ejerName \
    ejerRate elements error errorMsg errorMssg errorMssgLang familyId fingerprint firstLoaded formaReg \
    hasPublicMemberships info iniframe insist lastLoaded late login loginfingerprint loginiframe logout max \
    message newToken notes notes2 password publishDate pw recordDate refreshToken spot timecap tipoWOD tipoud \
    title token type userName username valor1 valor2 when wodClass";

/// Whether a word is in a list of words.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Whether a field of this name is known in any response.
pub(super) fn is_known(name: &str) -> bool {
    [
        PERSON,
        ROLE,
        SCHEDULE,
        CLASS,
        NEXT_BOOKINGS,
        BOOKING,
        OTHERS,
    ]
    .iter()
    .any(|names| has(names, name))
}
