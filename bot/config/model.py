"""config.yaml as typed values. Only `bot.app` and what lies above it see these; the rest gets plain values."""

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, field_validator, model_validator

from bot.config import addresses
from bot.config import values as written
from bot.config.addresses import Listen
from bot.config.base import (
    Bilingual,
    Count,
    Duration,
    Language,
    LocalTime,
    Located,
    Model,
    PerPeriod,
    Secret,
    Text,
    Web,
)
from bot.config.counters import Donations, Petition
from bot.config.values import DayBefore, WeekTime, Wrong
from bot.core.invocation import Address
from bot.engine.budget import Rate


class Campaign(Model):
    name: Text
    language: Language = "nl"
    timezone: Annotated[str, PlainValidator(written.zone)] = "Europe/Amsterdam"
    website: Web | None = None
    contact: Bilingual | None = None


class Storage(Model):
    """`url` may hold a password."""

    url: Annotated[SecretStr, PlainValidator(addresses.storage_url)]


class Terminal(Model):
    """On, and there is nothing to choose."""


class Matrix(Model):
    homeserver: Web
    user_id: Annotated[str, PlainValidator(addresses.matrix_user)]
    device_id: Text = "ACTIEBOT"
    access_token: Secret | None = None
    password: Secret | None = None
    store: Annotated[Located, AfterValidator(addresses.private)]
    store_key: Secret
    prefix: Annotated[str, Field(min_length=1, max_length=5)] = "!"
    invites_from: tuple[Annotated[str, PlainValidator(addresses.invitation)], ...] = ()

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.access_token is None and self.password is None:
            raise Wrong("config.no-login")
        return self


class Discord(Model):
    token: Secret
    guilds: tuple[Count, ...] = ()
    api_url: Web | None = None
    gateway_url: Annotated[str, PlainValidator(addresses.socket_address)] | None = None


class Platforms(Model):
    terminal: Terminal | None = None
    matrix: Matrix | None = None
    discord: Discord | None = None

    @field_validator("terminal", mode="before")
    @classmethod
    def _on_or_left_out(cls, value: Any) -> Any:
        if value is None:
            raise Wrong("config.terminal")
        return value

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.terminal is None and self.matrix is None and self.discord is None:
            raise Wrong("config.no-platform")
        return self


Grant = Annotated[str, PlainValidator(addresses.grant)]


class Roles(Model):
    organiser: tuple[Grant, ...] = ()
    volunteer: tuple[Grant, ...] = ("member",)

    @field_validator("organiser")
    @classmethod
    def _not_everybody(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "member" in value:
            raise Wrong("config.everybody")
        return value


class Room(Model):
    address: Annotated[Address, PlainValidator(addresses.room)]
    language: Language | None = None


def _as_room(value: Any) -> Any:
    return {"address": value} if isinstance(value, str) else value


def _different(rooms: tuple[Room, ...]) -> tuple[Room, ...]:
    if len({room.address for room in rooms}) < len(rooms):
        raise Wrong("config.room-twice")
    return rooms


RoomList = Annotated[tuple[Annotated[Room, BeforeValidator(_as_room)], ...], AfterValidator(_different)]


class Rooms(Model):
    announcements: RoomList = ()
    volunteers: RoomList = ()
    organisers: RoomList = ()


class ContentFiles(Model):
    faq: Located | None = None
    values: Located | None = None
    calendar: Located | None = None
    tasks: Located | None = None
    elsewhere: Located | None = None
    words: Located | None = None


class Tasks(Model):
    offer: Duration = dt.timedelta(hours=12)
    check_in: Duration = dt.timedelta(days=7)
    release: Duration = dt.timedelta(days=3)
    remind: tuple[Annotated[dt.timedelta | DayBefore, PlainValidator(written.ahead)], ...] = (
        DayBefore(1, dt.time(19)),
        dt.timedelta(hours=2),
    )


class Calendar(Model):
    digest: Annotated[WeekTime, PlainValidator(written.week_time)] | None = WeekTime(0, dt.time(9))


class WebPages(Model):
    listen: Annotated[Listen, PlainValidator(addresses.listen)]
    public_url: Web


class QuietHours(Model):
    """From after to before, over midnight when `from` is the later one."""

    start: LocalTime = Field(default=dt.time(22), alias="from")
    until: LocalTime = Field(default=dt.time(8), alias="to")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start == self.until:
            raise Wrong("config.no-quiet")
        return self


class Limits(Model):
    person: PerPeriod = Rate(20, dt.timedelta(minutes=1))
    room: PerPeriod = Rate(60, dt.timedelta(minutes=1))
    guest: PerPeriod = Rate(5, dt.timedelta(minutes=1))
    reminders_open: Count = 50


class Keep(Model):
    handled: Duration = dt.timedelta(days=7)
    outbox_text: Duration = dt.timedelta(days=7)
    outbox: Duration = dt.timedelta(days=30)
    events_seen: Duration = dt.timedelta(days=14)
    audit: Duration = dt.timedelta(days=365)


class Log(Model):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["text", "json"] = "text"


class Config(Model):
    """All of config.yaml; a section that is None is off."""

    campaign: Campaign
    storage: Storage
    platforms: Platforms
    roles: Roles = Roles()
    rooms: Rooms = Rooms()
    content: ContentFiles = ContentFiles()
    petition: Petition | None = None
    donations: Donations | None = None
    tasks: Tasks = Tasks()
    calendar: Calendar = Calendar()
    web: WebPages | None = None
    quiet_hours: QuietHours = QuietHours()
    limits: Limits = Limits()
    keep: Keep = Keep()
    log: Log = Log()
