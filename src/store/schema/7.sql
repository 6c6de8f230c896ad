-- Limits of prebookings and weekly rules: the class that was named by its id, the coach, class names that are excluded
-- (a JSON list), the lead before the start of the class as it was given, and at most one class a day.
ALTER TABLE prebookings ADD COLUMN requested_class_id TEXT;
ALTER TABLE prebookings ADD COLUMN coach TEXT;
ALTER TABLE prebookings ADD COLUMN exclude TEXT NOT NULL DEFAULT '[]';
ALTER TABLE prebookings ADD COLUMN lead TEXT;
ALTER TABLE prebookings ADD COLUMN once_a_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rules ADD COLUMN requested_class_id TEXT;
ALTER TABLE rules ADD COLUMN coach TEXT;
ALTER TABLE rules ADD COLUMN exclude TEXT NOT NULL DEFAULT '[]';
ALTER TABLE rules ADD COLUMN lead TEXT;
ALTER TABLE rules ADD COLUMN once_a_day INTEGER NOT NULL DEFAULT 0;
