-- Names of classes that a schedule has shown lately, for shells to complete. A few per box.
CREATE TABLE class_names (
    box TEXT NOT NULL,
    name TEXT NOT NULL,
    seen TEXT NOT NULL,                  -- the last day it was noted, `2026-11-23`
    PRIMARY KEY (box, name)
) WITHOUT ROWID;
