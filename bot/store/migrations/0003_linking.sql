-- One person, two platforms: accounts that belong together, and the codes by which they find each other.

ALTER TABLE person ADD COLUMN linked_to BIGINT REFERENCES person (id);  -- the person whose accounts these are as well; null: nobody's but their own
ALTER TABLE person ADD COLUMN linked_at BIGINT;     -- for a day after it nothing may be exported or erased
ALTER TABLE person ADD COLUMN lent TEXT;            -- JSON: the settings that linked_to took over, to be given back
CREATE INDEX person_linked ON person (linked_to) WHERE linked_to IS NOT NULL;

ALTER TABLE account ADD COLUMN misses BIGINT NOT NULL DEFAULT 0;    -- wrong codes typed one after the other
ALTER TABLE account ADD COLUMN missed_at BIGINT;

CREATE TABLE link (                 -- a code, and then two accounts that are asked; the row goes when that is over
    id             @id,
    prefix         TEXT UNIQUE,     -- the first two characters; null: the code was typed and works no more
    hash           TEXT,            -- of the whole code
    maker          TEXT   NOT NULL REFERENCES account (address),
    maker_name     TEXT,
    maker_language TEXT   NOT NULL,
    wrong          BIGINT NOT NULL DEFAULT 0,
    typer          TEXT REFERENCES account (address),
    typer_name     TEXT,
    typer_language TEXT,
    agreed_at      BIGINT,          -- the typer said yes; now the maker is asked
    ends_at        BIGINT NOT NULL  -- of the code, then of the questions
);
CREATE INDEX link_maker ON link (maker);
CREATE INDEX link_typer ON link (typer) WHERE typer IS NOT NULL;
CREATE INDEX link_ends ON link (ends_at);
