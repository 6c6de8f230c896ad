-- Opening rules of single classes: those of `boxes set --class`, and those that refusals state for a class and an account.
CREATE TABLE class_rules (
    box TEXT NOT NULL,
    class TEXT NOT NULL,
    folded TEXT NOT NULL,            -- the name without case and accents
    account TEXT NOT NULL,           -- for which it was learned; empty for `boxes set`
    opens TEXT NOT NULL,             -- as it is shown: `4d@07:00`; a learned one `4d?` or `46h`
    PRIMARY KEY (box, account, folded)
) WITHOUT ROWID;

-- A rule learned so far held for the whole box, whichever class it was learned from. The next refusal states it again.
ALTER TABLE boxes DROP COLUMN learned;
