-- Prebookings that differ by class id or coach are for different classes.
DROP INDEX one_pending_per_class;
CREATE UNIQUE INDEX one_pending_per_class ON prebookings
    (account, box, day, start, lower(coalesce(class, '')), coalesce(family, ''), coalesce(requested_class_id, ''),
     lower(coalesce(coach, '')))
    WHERE status IN ('pending', 'executing');
