"""config.yaml: what it says, every mistake in it, and no secret anywhere."""

import datetime as dt
import traceback
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from bot.check import render
from bot.config import NOT_BUILT, Config, ConfigProblems, DayBefore, Listen, WeekTime, load_config, read_config
from bot.core.document import Document, Problem, Severity
from bot.core.invocation import Address
from bot.engine.budget import Rate

CANARY = "kanarie-3f9a"
MINUTE = dt.timedelta(minutes=1)
MINIMAL = "campaign: {name: Actie}\nplatforms: {terminal: {}}\nroles: {organiser: ['terminal:sjoera']}\n"
MATRIX = "homeserver: 'https://m.nl', user_id: '@bot:m.nl', store_key: '${KEY}', access_token: '${KEY}'"
FULL = """\
campaign:
  name: XS4ALL moet blijven
  language: nl
  timezone: Europe/Amsterdam
  website: https://xs4allmoetblijven.nl
  contact: {nl: "…", en: "…"}
storage:
  url: sqlite:///data/actiebot.db
platforms:
  terminal: {}
  matrix:
    homeserver: http://127.0.0.1:8008
    user_id: "@actiebot:example.org"
    device_id: ACTIEBOT
    access_token: ${MATRIX_ACCESS_TOKEN}
    store: data/matrix
    store_key: ${MATRIX_STORE_KEY}
    prefix: "!"
    invites_from: ["*:example.org", "@sjoera:example.net"]
  discord:
    token: ${DISCORD_TOKEN}
    guilds: [123456789012345678]
    api_url: null
    gateway_url: null
roles:
  organiser: ["terminal:sjoera", "matrix:@sjoera:example.org", "matrix:power>=50@!roomid", "discord:role:42",
              "discord:user:43"]
  volunteer: ["member"]
rooms:
  announcements: ["terminal:#announcements", "matrix:#actie:example.org", "discord:1001"]
  volunteers:    ["terminal:#volunteers"]
  organisers:    ["terminal:#organisers", {address: "matrix:!abc", language: en}]
content: {faq: campaign/faq.yaml, values: campaign/values.yaml, calendar: campaign/calendar.yaml,
          tasks: campaign/tasks.yaml}
petition:
  source: {type: petities.nl, url: "https://xs4allmoetblijven.petities.nl"}
  every: 5m
  goal: null
  reference: {value: 225000, label: {nl: "klanten van XS4ALL (schatting)", en: "customers of XS4ALL (estimate)"}}
  confirm_jump: 20%
  milestones: {every: 5000, at: [45500], percent: [90, 95%], ratio: [20%], after_silence: 7d}
donations:
  source: {type: manual}
  currency: EUR
  goal: null
  publish: {min_gifts: 5, min_interval: 24h, round_down: 10}
  milestones: {every: 1000}
tasks: {offer: 12h, check_in: 7d, release: 3d, remind: ["1d 19:00", 2h]}
calendar: {digest: "MO 09:00"}
web: {listen: "127.0.0.1:8080", public_url: "https://bot.example.org"}
quiet_hours: {from: "22:00", to: "08:00"}
limits: {person: 20/min, room: 60/min, guest: 5/min, reminders_open: 50}
keep: {handled: 7d, outbox_text: 7d, outbox: 30d, events_seen: 14d, audit: 365d}
log: {level: INFO, format: text}
"""
ENVIRONMENT = dict.fromkeys(("MATRIX_ACCESS_TOKEN", "MATRIX_STORE_KEY", "DISCORD_TOKEN", "KEY"), CANARY)


def problems_of(text: str, environ: Mapping[str, str] = ENVIRONMENT) -> list[Problem]:
    return read_config(Document("nowhere/config.yaml", text), environ)[1]


def found(text: str, environ: Mapping[str, str] = ENVIRONMENT) -> list[tuple[int, str, str]]:
    """The mistakes."""
    mistakes = [problem for problem in problems_of(text, environ) if problem.severity is Severity.MISTAKE]
    return [(problem.line, problem.path, problem.key) for problem in mistakes]


def config_of(text: str, environ: Mapping[str, str] = ENVIRONMENT) -> Config:
    config, problems = read_config(Document("nowhere/config.yaml", text), environ)
    assert config is not None, problems
    return config


def test_the_whole_contract() -> None:
    """Everything that the contract shows is read, as values with their own types."""
    config = config_of(FULL)
    assert config.storage.url.get_secret_value() == "sqlite:///nowhere/data/actiebot.db"
    assert config.content.faq == Path("nowhere/campaign/faq.yaml")
    assert config.platforms.matrix is not None
    assert config.platforms.matrix.access_token is not None
    assert config.platforms.matrix.access_token.get_secret_value() == CANARY
    assert config.rooms.announcements[2].address == Address("discord", "1001")
    assert (config.rooms.organisers[1].address, config.rooms.organisers[1].language) == (
        Address("matrix", "!abc"),
        "en",
    )
    assert config.petition is not None
    assert config.petition.source.type == "petities.nl"
    assert config.petition.confirm_jump == Fraction(1, 5)
    assert config.petition.milestones.percent == (Fraction(9, 10), Fraction(19, 20))
    assert config.tasks.remind == (DayBefore(1, dt.time(19)), dt.timedelta(hours=2))
    assert config.calendar.digest == WeekTime(0, dt.time(9))
    assert config.web is not None
    assert config.web.listen == Listen("127.0.0.1", 8080)
    assert (config.quiet_hours.start, config.quiet_hours.until) == (dt.time(22), dt.time(8))
    assert config.limits.person == Rate(20, MINUTE)
    assert config.keep.audit == dt.timedelta(days=365)


def test_defaults_are_those_of_the_contract() -> None:
    """What is left out has the value that the contract shows; sections that are off are None."""
    config, full = config_of(MINIMAL), config_of(FULL)
    for name in ("tasks", "calendar", "quiet_hours", "limits", "keep", "log", "storage"):
        assert getattr(config, name) == getattr(full, name)
    assert (config.campaign.language, config.campaign.timezone) == ("nl", "Europe/Amsterdam")
    assert config.roles.volunteer == ("member",)
    assert (config.petition, config.donations, config.web, config.platforms.matrix) == (None,) * 4


@pytest.mark.parametrize(
    ("extra", "line", "path", "key"),
    [
        ("limitz: {}", 4, "limitz", "config.unknown-like"),
        ("xyzzy: 1", 4, "xyzzy", "config.unknown"),
        ("limits: {persons: 5/min}", 4, "limits.persons", "config.unknown-like"),
        ("quiet_hours: {until: '08:00'}", 4, "quiet_hours.until", "config.unknown"),
        ("quiet_hours: {from: '08:00', to: '08:00'}", 4, "quiet_hours", "config.no-quiet"),
        ("quiet_hours:\n  from: 25:00", 5, "quiet_hours.from", "config.time"),
        ("keep: {handled: 7}", 4, "keep.handled", "config.duration"),
        ("keep: {handled: 7 dagen}", 4, "keep.handled", "config.duration"),
        ("keep: {handled: 0d}", 4, "keep.handled", "config.duration"),
        ("limits: {person: 20}", 4, "limits.person", "config.rate"),
        ("limits: {person: 20/eeuw}", 4, "limits.person", "config.rate"),
        ("limits: {reminders_open: veel}", 4, "limits.reminders_open", "config.number"),
        ("limits: {reminders_open: 0}", 4, "limits.reminders_open", "config.number"),
        ("limits: {reminders_open: 2.5}", 4, "limits.reminders_open", "config.number"),
        ("tasks:", 4, "tasks", "config.mapping"),
        ("tasks: {remind: 2h}", 4, "tasks.remind", "config.list"),
        ("tasks: {remind: [2h, 1d 25:00]}", 4, "tasks.remind.1", "config.time"),
        ("tasks: {remind: [straks]}", 4, "tasks.remind.0", "config.ahead"),
        ("calendar: {digest: maandag 09:00}", 4, "calendar.digest", "config.week-time"),
        ("log: {level: LOUD}", 4, "log.level", "config.choice"),
        ("storage: {url: actiebot.db}", 4, "storage.url", "config.storage"),
        ("storage: {url: 'sqlite://data/x.db'}", 4, "storage.url", "config.storage"),
        ("storage: {url: 'postgresql://bot:geheim@host/db'}", 4, "storage.url", "config.clear"),
        ("content: {faq: 5}", 4, "content.faq", "config.path"),
        ("content: {fag: x.yaml}", 4, "content.fag", "config.unknown-like"),
        ("rooms:\n  announcements:\n    - terminal:#a\n    - nergens", 7, "rooms.announcements.1", "config.address"),
        ("rooms: {announcements: ['matirx:#a:b']}", 4, "rooms.announcements.0", "config.platform-like"),
        ("rooms: {announcements: ['irc:#a']}", 4, "rooms.announcements.0", "config.platform"),
        ("rooms: {announcements: ['terminal:a']}", 4, "rooms.announcements.0", "config.room-terminal"),
        ("rooms: {announcements: ['discord:#a']}", 4, "rooms.announcements.0", "config.room-discord"),
        ("rooms: {announcements: ['matrix:@a:b.nl']}", 4, "rooms.announcements.0", "config.room-matrix"),
        ("rooms: {announcements: ['terminal:#a', 'terminal:#a']}", 4, "rooms.announcements", "config.room-twice"),
        ("rooms: {announcements: [{address: x}]}", 4, "rooms.announcements.0.address", "config.address"),
        ("rooms: {announcements: [{language: en}]}", 4, "rooms.announcements.0.address", "config.missing"),
        (
            "rooms: {announcements: [{address: 'terminal:#a', language: fr}]}",
            4,
            "rooms.announcements.0.language",
            "config.choice",
        ),
        ("rooms: {announcements: terminal:#a}", 4, "rooms.announcements", "config.list"),
        ("rooms: {announcments: []}", 4, "rooms.announcments", "config.unknown-like"),
        ("web: {listen: '8080', public_url: 'https://a.nl'}", 4, "web.listen", "config.listen"),
        ("web: {listen: 'a:8080', public_url: a.nl}", 4, "web.public_url", "config.web-address"),
        ("web: {listen: 'a:8080', public_url: 'https://u:p@a.nl'}", 4, "web.public_url", "config.clear"),
        ("web: {listen: 'a:8080'}", 4, "web.public_url", "config.missing"),
        ("petition: {}", 4, "petition.source", "config.missing"),
        ("petition: {source: {}}", 4, "petition.source.type", "config.missing"),
        ("petition: {source: {type: petitie}}", 4, "petition.source", "config.choice"),
        ("petition: {source: {type: json, url: 'https://a.nl'}}", 4, "petition.source.path", "config.missing"),
        (
            "petition: {source: {type: html, url: 'https://a.nl', selector: a, selectr: a}}",
            4,
            "petition.source.selectr",
            "config.unknown-like",
        ),
        ("petition: {source: {type: manual}, every: 2m}", 4, "petition.every", "config.poll"),
        ("petition: {source: {type: manual}, confirm_jump: 20}", 4, "petition.confirm_jump", "config.share"),
        ("petition: {source: {type: manual}, goal: -5}", 4, "petition.goal", "config.number"),
        (
            "petition: {source: {type: manual}, milestones: {percent: [120%]}}",
            4,
            "petition.milestones.percent.0",
            "config.share",
        ),
        (
            "petition: {source: {type: manual}, reference: {value: 5, label: {nl: x}}}",
            4,
            "petition.reference.label.en",
            "config.missing",
        ),
        ("donations: {currency: euro}", 4, "donations.currency", "config.currency"),
        (
            "donations: {source: {type: osdi, url: 'https://a.nl', token: open}}",
            4,
            "donations.source.token",
            "config.clear",
        ),
    ],
)
def test_mistakes(extra: str, line: int, path: str, key: str) -> None:
    """Each mistake is found once, at its line, and is the only one."""
    assert found(MINIMAL + extra) == [(line, path, key)]


@pytest.mark.parametrize(
    ("text", "path", "key"),
    [
        ("platforms: {terminal: {}}", "campaign", "config.missing"),
        ("campaign: {name: A}", "platforms", "config.missing"),
        ("campaign: {}\nplatforms: {terminal: {}}", "campaign.name", "config.missing"),
        ("campaign: {name: 2019}\nplatforms: {terminal: {}}", "campaign.name", "config.text"),
        ("campaign: {name: ''}\nplatforms: {terminal: {}}", "campaign.name", "config.blank"),
        ("campaign: {name: A, language: de}\nplatforms: {terminal: {}}", "campaign.language", "config.choice"),
        (
            "campaign: {name: A, timezone: Europe/Amsterdm}\nplatforms: {terminal: {}}",
            "campaign.timezone",
            "config.zone-like",
        ),
        ("campaign: {name: A, timezone: 7}\nplatforms: {terminal: {}}", "campaign.timezone", "config.zone"),
        ("campaign: {name: A, contact: {nl: x}}\nplatforms: {terminal: {}}", "campaign.contact.en", "config.missing"),
        ("campaign: {name: A}\nplatforms: {}", "platforms", "config.no-platform"),
        ("campaign: {name: A}\nplatforms: {terminal: null}", "platforms.terminal", "config.terminal"),
        ("campaign: {name: A}\nplatforms: {terminal: {colour: 1}}", "platforms.terminal.colour", "config.unknown"),
        (
            "campaign: {name: A}\nplatforms: {terminl: {}, discord: {token: '${KEY}'}}",
            "platforms.terminl",
            "config.unknown-like",
        ),
        ("- 1", "", "config.mapping"),
        ("", "", "document.empty"),
        ("a: b: c", "", "document.colon"),
        ("campaign: {name: A}\ncampaign: {name: B}\nplatforms: {terminal: {}}", "campaign", "document.twice"),
    ],
)
def test_mistakes_in_what_must_be_there(text: str, path: str, key: str) -> None:
    """The same for what every configuration has."""
    assert [(found_path, found_key) for _, found_path, found_key in found(text)] == [(path, key)]


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("terminal:sjoera", None),
        ("matrix:power>=50@!room:example.org", None),
        ("discord:role:42", None),
        ("member", "config.everybody"),
        ("terminal:gast", "config.guest"),
        ("terminl:sjoera", "config.platform-like"),
        ("sjoera", "config.grant"),
        ("matrix:sjoera", "config.grant"),
        ("matrix:@sjoera", "config.grant"),
        ("discord:sjoera", "config.grant"),
        ("discord:role:boss", "config.grant"),
        ("matrix:power>50@!room", "config.grant"),
    ],
)
def test_roles(entry: str, key: str | None) -> None:
    """A role is given to accounts and groups; never to the guest of the terminal, and organisers are named."""
    text = f"campaign: {{name: A}}\nplatforms: {{terminal: {{}}}}\nroles: {{organiser: ['{entry}']}}"
    assert [found_key for _, _, found_key in found(text)] == ([key] if key else [])


@pytest.mark.parametrize(
    ("organisers", "key"),
    [
        ("matrix:!abc", None),
        ("terminal:#a', 'matrix:!other', 'matrix:!abc", None),
        ("matrix:#alias:example.org", None),
        ("matrix:!other', 'matrix:#alias:example.org", None),
        ("matrix:!other", "config.power-elsewhere"),
        ("terminal:#a", "config.power-nowhere"),
    ],
)
@pytest.mark.parametrize("role", ["organiser", "volunteer"])
def test_power(role: str, organisers: str, key: str | None) -> None:
    """A role by power counts only in a room of the organisers; which room an alias is, is not known yet."""
    text = (
        f"campaign: {{name: A}}\nplatforms: {{matrix: {{{MATRIX}}}}}\nrooms: {{organisers: ['{organisers}']}}\n"
        f"roles:\n  {role}:\n    - 'matrix:@a:b.nl'\n    - 'matrix:power>=50@!abc'\n"
    )
    assert found(text) == []
    assert power_notes(text) == ([(7, f"roles.{role}.1", key)] if key else [])
    off = text.replace(f"matrix: {{{MATRIX}}}", "terminal: {}")
    assert power_notes(off) == [], "nothing counts while Matrix is off"


def power_notes(text: str) -> list[tuple[int, str, str]]:
    return [(p.line, p.path, p.key) for p in problems_of(text) if p.key.startswith("config.power")]


def test_power_says_what_would_be_right() -> None:
    """The sentence shows the role as it may be written, and the room to add."""
    text = (
        f"campaign: {{name: A}}\nplatforms: {{matrix: {{{MATRIX}}}}}\nrooms: {{organisers: ['matrix:!other:b.nl']}}\n"
        "roles: {organiser: ['matrix:power>=50@!abc:b.nl']}\n"
    )
    (said,) = [render(one, "nl") for one in problems_of(text) if one.key.startswith("config.power")]
    assert "schrijf matrix:power>=50@!other:b.nl, of zet matrix:!abc:b.nl ook onder rooms.organisers" in said
    hidden = text.replace("!abc:b.nl", "!${KEY}").replace("!other:b.nl", "!${KEY}x")
    (said,) = [render(one, "nl") for one in problems_of(hidden) if one.key.startswith("config.power")]
    assert CANARY not in said, "what comes from elsewhere may be a secret"


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("*:example.org", None),
        ("@sjoera:example.net", None),
        ("*", "config.invitation-open"),
        ("*:*", "config.invitation-open"),
        ("@*:*", "config.invitation-open"),
        ("@*:*.*", "config.invitation-open"),
        ("@sjoera", "config.invitation"),
        (":example.org", "config.invitation"),
    ],
)
def test_invitations(pattern: str, key: str | None) -> None:
    """Not the whole world may invite the bot."""
    text = f"campaign: {{name: A}}\nplatforms: {{matrix: {{{MATRIX}, invites_from: ['{pattern}']}}}}"
    assert [found_key for _, _, found_key in found(text)] == ([key] if key else [])


def test_a_way_in() -> None:
    """Matrix needs a token or a password."""
    text = f"campaign: {{name: A}}\nplatforms: {{matrix: {{{MATRIX.replace('access_token', 'device_id')}}}}}"
    assert found(text) == [(2, "platforms.matrix", "config.no-login")]


@pytest.mark.parametrize(
    ("token", "key"),
    [
        ("${KEY}", None),
        ("Bot ${KEY}", None),
        ("${NOT_THERE}", "config.environment"),
        ("${KEYS}", "config.environment-like"),
        ("${EMPTY}", "config.reference-empty"),
        ("${KEY", "config.reference"),
        ("${my key}", "config.reference"),
        ("$KEY", "config.clear"),
        (CANARY, "config.clear"),
        ("", "config.secret"),
        ("[1]", "config.secret"),
        ("${file:nowhere}", "config.file-missing"),
    ],
)
def test_secrets_only_by_reference(token: str, key: str | None) -> None:
    """A secret comes from the environment or a file, and one that does not come is one mistake."""
    text = f"campaign: {{name: A}}\nplatforms:\n  discord:\n    token: {token}\n"
    mistakes = found(text, {"KEY": CANARY, "EMPTY": " "})
    assert mistakes == ([(4, "platforms.discord.token", key)] if key else [])


def test_secrets_from_files(tmp_path: Path) -> None:
    """A file may hold a secret when nobody else can read it; its line end is no part of it."""
    secret = tmp_path / "token"
    secret.write_text(f"{CANARY}\n", encoding="utf-8")
    text = "campaign: {name: A}\nplatforms: {discord: {token: '${file:token}'}}\n"
    document = Document(str(tmp_path / "config.yaml"), text)
    secret.chmod(0o640)
    (problem,) = [problem for problem in read_config(document, {})[1] if problem.severity is Severity.MISTAKE]
    assert (problem.path, problem.key) == ("platforms.discord.token", "config.open-to-others")
    secret.chmod(0o600)
    config, _ = read_config(document, {})
    assert config is not None
    assert config.platforms.discord is not None
    assert config.platforms.discord.token.get_secret_value() == CANARY


def test_keys_that_others_can_read(tmp_path: Path) -> None:
    """The folder with encryption keys is for the bot's user alone."""
    store = tmp_path / "data" / "matrix"
    store.mkdir(parents=True, mode=0o755)
    text = f"campaign: {{name: A}}\nplatforms: {{matrix: {{{MATRIX}, store: data/matrix}}}}\n"
    document = Document(str(tmp_path / "config.yaml"), text)
    keys = [problem.key for problem in read_config(document, ENVIRONMENT)[1] if problem.severity is Severity.MISTAKE]
    assert keys == ["config.open-to-others"]
    store.chmod(0o700)
    assert read_config(document, ENVIRONMENT)[0] is not None


def test_references_anywhere() -> None:
    """Any text may come from the environment, whole or in part."""
    text = MINIMAL.replace("Actie", "'${NAME}'") + "storage: {url: 'postgresql://bot:${KEY}@db/bot'}\n"
    config = config_of(text, {"NAME": "Onze actie", "KEY": CANARY})
    assert config.campaign.name == "Onze actie"
    assert type(config.campaign.name) is str
    assert config.storage.url.get_secret_value() == f"postgresql://bot:{CANARY}@db/bot"


@pytest.mark.parametrize(
    "extra",
    [
        "storage: {url: '${KEY}'}",
        "web: {listen: '${KEY}', public_url: '${KEY}'}",
        "log: {level: '${KEY}', format: '${KEY}'}",
        "keep: {handled: '${KEY}'}",
        "limits: {person: '${KEY}', reminders_open: '${KEY}'}",
        "rooms: {announcements: ['${KEY}', 'terminal:${KEY}', 'discord:${KEY}', {address: '${KEY}'}]}",
        "petition: {source: {type: '${KEY}'}}",
        "petition: {source: '${KEY}', every: '${KEY}', goal: '${KEY}', confirm_jump: '${KEY}'}",
        "tasks: {remind: ['${KEY}'], offer: '${KEY}'}",
        "tasks: '${KEY}'",
        "calendar: {digest: '${KEY}'}",
        "quiet_hours: {from: '${KEY}'}",
        "donations: {currency: '${KEY}', source: {type: osdi, url: '${KEY}', token: [1]}}",
        "content: {faq: ['${KEY}']}",
        f"storage: {{url: 'postgresql://bot:{CANARY}@db/bot'}}",
        f"donations: {{source: {{type: osdi, url: 'https://{CANARY}:x@a.nl', token: {CANARY}}}}}",
        f"donations: {{source: {{type: osdi, url: 'https://a.nl', tokn: {CANARY}}}}}",
        f"web: {CANARY}: x",
    ],
)
def test_no_secret_is_ever_shown(extra: str, tmp_path: Path) -> None:
    """A secret in the wrong place, or written in clear, stands in no problem, sentence, name or traceback."""
    file = tmp_path / "config.yaml"
    file.write_text(MINIMAL + extra, encoding="utf-8")
    with pytest.raises(ConfigProblems) as caught:
        load_config(file, {"KEY": CANARY})
    error = caught.value
    shown = [repr(error.problems), str(error), repr(error), "".join(traceback.format_exception(error))]
    shown += [render(problem, language) for problem in error.problems for language in ("nl", "en")]
    assert error.__cause__ is error.__context__ is None
    assert CANARY not in "\n".join(shown)


def test_a_config_does_not_show_its_values() -> None:
    """Printing a configuration, or any part of it, shows no value."""
    config = config_of(FULL)
    for part in (
        config,
        config.platforms,
        config.platforms.matrix,
        config.storage,
        config.storage.url,
        config.campaign,
    ):
        assert CANARY not in f"{part} {part!r}"
        assert "actiebot.db" not in f"{part} {part!r}"


def test_every_mistake_at_once() -> None:
    """All mistakes are told together, in the order of the lines."""
    text = (
        "campain: {}\nplatforms: {matrix: {token: x}}\nrooms: {announcements: [a, 'b:c']}\nlog: {level: x}\nlog: {}\n"
    )
    lines = [line for line, _, _ in found(text)]
    assert lines == sorted(lines)
    assert {key for _, _, key in found(text)} >= {
        "config.unknown-like",
        "config.missing",
        "config.address",
        "config.platform",
        "config.choice",
        "document.twice",
    }


def test_what_is_not_built_yet_is_a_note() -> None:
    """A section whose part is not there yet is worth a note; so is a room on a platform that is off."""
    notes = [problem.path for problem in problems_of(FULL) if problem.key == "config.not-built"]
    assert notes == [".".join(map(str, place)) for place in NOT_BUILT]
    assert {problem.severity for problem in problems_of(FULL)} <= {Severity.NOTE}
    text = MINIMAL + "rooms: {announcements: ['discord:1']}\n"
    assert [(p.path, p.key, p.severity) for p in problems_of(text)] == [
        ("rooms.announcements.0", "config.platform-off", Severity.NOTE)
    ]
    (nobody,) = problems_of("campaign: {name: A}\nplatforms: {terminal: {}}\n")
    assert (nobody.path, nobody.key, nobody.severity) == ("roles", "config.no-organiser", Severity.NOTE)


def test_no_file(tmp_path: Path) -> None:
    """A configuration that is not there is a mistake, not a traceback."""
    with pytest.raises(ConfigProblems) as caught:
        load_config(tmp_path / "config.yaml", {})
    assert [problem.key for problem in caught.value.problems] == ["config.no-file"]


def test_frozen() -> None:
    """Nobody changes a configuration."""
    config = config_of(MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        config.campaign.name = "Anders"  # type: ignore[misc]
