-- For which webhook alone an event was: webhook.id of a test event's, NULL of every other event.
-- Not checked: a check would read every event that there is when it is added.
ALTER TABLE event ADD COLUMN test_for BLOB;
