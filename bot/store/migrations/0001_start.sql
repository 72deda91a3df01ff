-- People, rooms, what was handled, what is to be said, and what organisers did.
-- Moments are UTC milliseconds of the campaign's clock, unless a comment says machine time.

CREATE TABLE setting (              -- small facts about this database: live or played, the played clock, muted
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE memory (               -- small values that a platform keeps
    platform TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (platform, name)
);

CREATE TABLE instance (             -- who runs on this database; the lock itself is a file or advisory lock
    one        BIGINT PRIMARY KEY CHECK (one = 1),
    host       TEXT   NOT NULL,
    pid        BIGINT NOT NULL,
    started_at BIGINT NOT NULL,     -- machine time
    beat_at    BIGINT NOT NULL      -- machine time
);

CREATE TABLE person (
    id          @id,
    language    TEXT,               -- nl | en; null: not chosen
    zone        TEXT,               -- IANA name; null: the campaign's
    quiet_from  TEXT,               -- HH:MM local; null: the campaign's quiet hours
    quiet_until TEXT,
    quiet_off   BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);

CREATE TABLE account (
    address TEXT PRIMARY KEY,       -- 'matrix:@anna:example.org'
    person  BIGINT NOT NULL REFERENCES person (id),
    role    TEXT   NOT NULL,        -- the role it had when it last spoke
    seen_at BIGINT NOT NULL
);
CREATE INDEX account_person ON account (person, seen_at);

CREATE TABLE room (
    address   TEXT PRIMARY KEY,
    people    BIGINT,               -- as last counted by its platform; null: not known
    refusals  BIGINT NOT NULL DEFAULT 0,   -- one after the other; three pause the room
    paused_at BIGINT
);

CREATE TABLE handled (              -- a writing command runs once; a replayed event gets this reply again
    id       TEXT PRIMARY KEY,
    who      TEXT   NOT NULL,
    place    TEXT   NOT NULL,
    language TEXT   NOT NULL,
    reply    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    said_at  BIGINT                 -- null: the reply may not have reached the asker yet
);
CREATE INDEX handled_unsaid ON handled (at) WHERE said_at IS NULL;

CREATE TABLE pressed (              -- own buttons work once
    token TEXT PRIMARY KEY,
    at    BIGINT NOT NULL
);

CREATE TABLE outbox (
    id          @id,
    cause       TEXT   NOT NULL,
    destination TEXT   NOT NULL,    -- 'discord:1001' or 'person:7'
    part        BIGINT NOT NULL DEFAULT 0,
    edits       TEXT,               -- the cause whose message this changes
    priority    BIGINT NOT NULL,    -- 0 answers, 1 private, 2 announcements, 3 boards, 4 own reactions
    language    TEXT,
    origin      TEXT,               -- the room to fall back to, without content
    reply       TEXT   NOT NULL,
    due_at      BIGINT NOT NULL,
    put_at      BIGINT NOT NULL,
    state       TEXT   NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'sent', 'cancelled', 'failed')),
    sent_to     TEXT,               -- the address it was resolved to, frozen at the first attempt
    payload     TEXT,               -- frozen at the first attempt
    attempts    BIGINT NOT NULL DEFAULT 0,  -- those that may have arrived without our knowing
    first_try   BIGINT,             -- machine time
    next_try    BIGINT NOT NULL DEFAULT 0,  -- machine time
    ref         TEXT,               -- the platform's id of the message
    error       TEXT,
    ended_at    BIGINT,
    UNIQUE (cause, destination, part)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'queued';
CREATE INDEX outbox_sending ON outbox (id) WHERE state = 'sending';
CREATE INDEX outbox_edits ON outbox (edits, destination) WHERE state = 'queued' AND edits IS NOT NULL;
CREATE INDEX outbox_served ON outbox (destination, first_try) WHERE first_try IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (next_try) WHERE next_try > 0;
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE audit (
    id      @id,
    at      BIGINT NOT NULL,
    person  BIGINT REFERENCES person (id),
    action  TEXT   NOT NULL,        -- the command's id
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL         -- JSON: what changed
);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE answer_stop (          -- advice that organisers withdrew; stays until they resume it
    entry       TEXT PRIMARY KEY,
    reason      TEXT   NOT NULL,
    replacement TEXT,
    stopped_by  BIGINT REFERENCES person (id),
    stopped_at  BIGINT NOT NULL
);

CREATE TABLE announcement (
    id           @id,
    author       BIGINT NOT NULL REFERENCES person (id),
    text         TEXT   NOT NULL,   -- in the campaign's language
    text_en      TEXT,
    kind         TEXT   NOT NULL,   -- the kind of rooms it goes to
    rooms        TEXT   NOT NULL,   -- JSON, frozen at the preview
    wanted_at    BIGINT,            -- the moment asked for; null: as soon as possible
    urgent       BIGINT NOT NULL DEFAULT 0,
    replaces     BIGINT REFERENCES announcement (id),
    state        TEXT   NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'queued', 'withdrawn')),
    version      BIGINT NOT NULL DEFAULT 0,  -- counts edits
    created_at   BIGINT NOT NULL,
    due_at       BIGINT,
    ended_at     BIGINT             -- withdrawn at
);
