-- Prebookings: classes to be booked when booking opens. Days and times are the box's own calendar
-- (`2026-11-23`, `18:30`); instants are whole milliseconds since 1970 UTC.

CREATE TABLE rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    box TEXT NOT NULL,
    weekdays TEXT NOT NULL,              -- `mon,wed`
    start TEXT NOT NULL,
    class TEXT,
    alternatives TEXT NOT NULL DEFAULT '[]',
    family TEXT,
    waitlist INTEGER NOT NULL DEFAULT 0,
    watch INTEGER NOT NULL DEFAULT 0,
    opens TEXT,
    until TEXT,
    created_at INTEGER NOT NULL
);

CREATE TABLE prebookings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule INTEGER REFERENCES rules (id) ON DELETE SET NULL,
    account TEXT NOT NULL,
    box TEXT NOT NULL,
    day TEXT NOT NULL,
    start TEXT NOT NULL,
    class TEXT,
    alternatives TEXT NOT NULL DEFAULT '[]',   -- [{"start":"19:30","class":null}], in order
    family TEXT,
    waitlist INTEGER NOT NULL DEFAULT 0,
    watch INTEGER NOT NULL DEFAULT 0,
    opens TEXT,                                -- a rule of its own
    moved_to INTEGER,                          -- a refusal told that booking opens later than the rule says
    tried_at INTEGER,                          -- the last try, whatever came of it
    status TEXT NOT NULL DEFAULT 'pending' CHECK (
        status IN ('pending', 'executing', 'booked', 'waitlisted', 'failed', 'expired', 'cancelled')),
    owner TEXT,                                -- the run that executes it: alive while its lock is held
    attempts INTEGER NOT NULL DEFAULT 0,
    message TEXT,
    reservation_id TEXT,
    class_id TEXT,                             -- the class that was booked or queued for
    created_at INTEGER NOT NULL
);
CREATE INDEX prebookings_open ON prebookings (status) WHERE status IN ('pending', 'executing', 'waitlisted');
CREATE UNIQUE INDEX one_per_occurrence ON prebookings (rule, day) WHERE rule IS NOT NULL;
CREATE UNIQUE INDEX one_pending_per_class ON prebookings
    (account, box, day, start, lower(coalesce(class, '')), coalesce(family, ''))
    WHERE status IN ('pending', 'executing');

-- What was sent when, and what came back.
CREATE TABLE shots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prebooking INTEGER NOT NULL REFERENCES prebookings (id) ON DELETE CASCADE,
    sent_at INTEGER NOT NULL,            -- this machine's clock
    class TEXT NOT NULL,                 -- `18:30 WOD (id 1223249)`
    outcome TEXT NOT NULL,
    book_state INTEGER,
    message TEXT,
    clock_offset_ms REAL,                -- server minus this machine
    lateness_ms REAL                     -- expected arrival after the opening, by the server's clock
);
CREATE INDEX shots_of ON shots (prebooking);

-- An occurrence that was removed by hand does not come back.
CREATE TABLE removed_occurrences (
    rule INTEGER NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    PRIMARY KEY (rule, day)
) WITHOUT ROWID;

-- Days of classes on which rules book nothing, both ends included.
CREATE TABLE skips (
    account TEXT NOT NULL,
    first TEXT NOT NULL,
    last TEXT NOT NULL,
    PRIMARY KEY (account, first, last)
) WITHOUT ROWID;
