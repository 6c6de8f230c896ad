//! Names and usual short forms of weekdays and months, folded, in English, Spanish and Catalan. Names are separated by spaces.

/// The names of each weekday, Monday first. The first name is the short form in rules, JSON and tables.
pub(super) const WEEKDAYS: [&str; 7] = [
    "mon mo monday lunes l lun lu dilluns dl",
    "tue tu tues tuesday martes m mar ma dimarts dt",
    "wed we weds wednesday miercoles x mie mi dimecres dc",
    "thu th thur thurs thursday jueves j jue ju dijous dj",
    "fri fr friday viernes v vie vi divendres dv",
    "sat sa saturday sabado s sab dissabte ds",
    "sun su sunday domingo d dom do diumenge dg",
];

/// The names of each month, January first.
pub(super) const MONTHS: [&str; 12] = [
    "january jan enero ene gener gen",
    "february feb febrero febrer",
    "march mar marzo marc",
    "april apr abril abr",
    "may mayo maig",
    "june jun junio juny",
    "july jul julio juliol",
    "august aug agosto ago agost ag",
    "september sep sept septiembre setiembre set setembre",
    "october oct octubre",
    "november nov noviembre novembre",
    "december dec diciembre dic desembre des",
];

/// Whether a word is one of these names.
pub(super) fn is_one_of(word: &str, names: &str) -> bool {
    names.split(' ').any(|name| name == word)
}
