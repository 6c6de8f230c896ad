-- When AimHarder refused the password of refused_hash, and when it last reported a lock-out ("too many attempts"),
-- so that automation logs in again after a pause.
ALTER TABLE accounts ADD COLUMN refused_at INTEGER;
ALTER TABLE accounts ADD COLUMN locked_at INTEGER;
