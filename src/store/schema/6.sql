-- Problems that automation has reported are columns of their sessions and prebookings.

ALTER TABLE sessions ADD COLUMN problem TEXT;         -- the kind that was reported and is not over
ALTER TABLE sessions ADD COLUMN outage_runs INTEGER;  -- consecutive runs without the platform; NULL: no problem
ALTER TABLE sessions ADD COLUMN set_refresh_failed INTEGER NOT NULL DEFAULT 0;  -- reported, and not over
CREATE INDEX sessions_with_problem ON sessions (id) WHERE outage_runs IS NOT NULL;
CREATE INDEX sessions_not_extended ON sessions (id) WHERE set_refresh_failed = 1;
UPDATE sessions SET problem = p.standing, outage_runs = p.outage_runs FROM problems AS p
WHERE p.subject = 'session:' || sessions.id;
UPDATE sessions SET set_refresh_failed = 1 WHERE 'setrefresh:' || id IN (SELECT subject FROM problems);

ALTER TABLE prebookings ADD COLUMN problem TEXT;
ALTER TABLE prebookings ADD COLUMN outage_runs INTEGER;
ALTER TABLE prebookings ADD COLUMN postponed TEXT NOT NULL DEFAULT '';  -- reported reasons, each after a space
UPDATE prebookings SET problem = p.standing, outage_runs = p.outage_runs FROM problems AS p
WHERE p.subject = 'prebooking:' || prebookings.id;
UPDATE prebookings SET postponed = coalesce((
    SELECT group_concat(' ' || substr(subject, length('postponed:' || prebookings.id || ':') + 1), '')
    FROM problems WHERE subject LIKE 'postponed:' || prebookings.id || ':%'), '');

DROP TABLE problems;
