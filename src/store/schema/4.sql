-- Secrets that are sealed: token, cookies and the hash of a refused password are text when plain, and
-- blobs when sealed with the store's key.

-- One row while secrets are sealed, none while they are plain.
CREATE TABLE seal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    salt BLOB NOT NULL,              -- random; with the key it makes the keys of the values, and it names this sealing
    proof BLOB NOT NULL,             -- what only the right key can open
    unclean INTEGER NOT NULL         -- above 0: something from before may still stand in free pages or the log
);

-- Known apart from the token, so that a listing needs no secret.
ALTER TABLE sessions ADD COLUMN token_expires_at INTEGER;
UPDATE sessions SET token_expires_at = 1000 * CAST(substr(token, instr(token, '|') + 1) AS INTEGER)
WHERE token LIKE '%|%|%' AND CAST(substr(token, instr(token, '|') + 1) AS INTEGER) BETWEEN 1 AND 99999999999;

UPDATE accounts SET refused_hash = lower(hex(refused_hash)) WHERE refused_hash IS NOT NULL;
