-- Events that a platform dealt with: a replay after a restart, or on a new device, is not answered again.

CREATE TABLE seen (
    platform TEXT   NOT NULL,
    event    TEXT   NOT NULL,
    at       BIGINT NOT NULL,       -- machine time
    PRIMARY KEY (platform, event)
);
CREATE INDEX seen_at ON seen (at);
