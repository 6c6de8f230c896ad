-- Instants are whole milliseconds since 1970 UTC.

-- What is known of an account besides its logins.
CREATE TABLE accounts (
    email TEXT PRIMARY KEY,
    login_flow TEXT CHECK (login_flow IN ('json', 'form')),  -- the flow that worked last
    refused_salt BLOB,   -- with refused_hash: the password source's last answer that AimHarder refused,
    refused_hash BLOB    --   as a slow hash, so that automation does not try it again
) WITHOUT ROWID;

-- A device's fingerprint is kept for ever, whether it is logged in or not.
CREATE TABLE devices (
    account TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (account, fingerprint)
) WITHOUT ROWID;

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('device', 'background')),
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'expired')),
    auto_refresh INTEGER NOT NULL DEFAULT 1 CHECK (auto_refresh IN (0, 1)),
    token TEXT NOT NULL,
    cookies TEXT NOT NULL,
    -- grows with every token, login and status: a write names the generation it was based on
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    token_updated_at INTEGER NOT NULL,
    token_update_count INTEGER NOT NULL DEFAULT 0,
    refreshed_at INTEGER,
    refresh_count INTEGER NOT NULL DEFAULT 0,
    -- set while a token update is under way; left over by a process that died in one
    update_begun_at INTEGER,
    -- room that the end of an update is sure to find, even on a disk that has filled up since
    reserve BLOB,
    last_error TEXT,
    UNIQUE (account, fingerprint)
);
CREATE UNIQUE INDEX one_background ON sessions (account) WHERE kind = 'background';
CREATE INDEX by_token_age ON sessions (token_updated_at, status, auto_refresh, kind, created_at);

CREATE INDEX expired ON sessions (status) WHERE status = 'expired';

-- A background session outlives everything but the command that deletes it on purpose, which
-- first takes its protection away by marking it (see sessions.rs).
CREATE TRIGGER background_is_protected BEFORE DELETE ON sessions
WHEN old.kind = 'background' AND old.generation >= 0
BEGIN SELECT RAISE(ABORT, 'background sessions are protected'); END;

-- Refused logins, for the limit of 5 in 15 minutes.
CREATE TABLE refusals (account TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX refusals_of ON refusals (account, at);

-- What stands wrong with a session or a prebooking, so that automation tells it once.
CREATE TABLE problems (
    subject TEXT PRIMARY KEY,
    standing TEXT,                        -- the kind that was put into words and still stands
    outage_runs INTEGER NOT NULL DEFAULT 0 -- how many runs in a row could not reach the platform
) WITHOUT ROWID;

CREATE TABLE boxes (
    name TEXT PRIMARY KEY,
    host TEXT,
    id INTEGER,          -- as the platform tells it
    title TEXT,
    set_id INTEGER,      -- as `boxes set` tells it: it wins
    timezone TEXT,
    opens TEXT,
    learned TEXT         -- from refusals: `4d?` or `46h`
) WITHOUT ROWID;

CREATE TABLE account_boxes (
    account TEXT NOT NULL,
    box TEXT NOT NULL,
    PRIMARY KEY (account, box)
) WITHOUT ROWID;
