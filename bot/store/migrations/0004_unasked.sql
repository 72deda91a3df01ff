-- Who wants no private messages but what they asked for.

ALTER TABLE person ADD COLUMN unasked_off BIGINT NOT NULL DEFAULT 0;
