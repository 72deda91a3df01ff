"""The counters of a campaign in config.yaml: where they are read, and what is made of them."""

import datetime as dt
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, field_validator

from bot.config import addresses
from bot.config import values as written
from bot.config.base import Bilingual, Count, Duration, Located, Model, Secret, Share, Text, Web
from bot.config.values import Wrong

LEAST_POLL = dt.timedelta(minutes=3)  # petities.nl refuses more than 300 requests in 5 minutes; this is polite


class PageSource(Model):
    """A petition's page on a site that we know."""

    type: Literal["petities.nl", "parliament.uk"]
    url: Web


class CollectiveSource(Model):
    type: Literal["opencollective"]
    url: Web


class OsdiSource(Model):
    type: Literal["osdi"]
    url: Web
    token: Secret | None = None


class JsonSource(Model):
    type: Literal["json"]
    url: Web
    path: Text
    token: Secret | None = None


class HtmlSource(Model):
    type: Literal["html"]
    url: Web
    selector: Text


class HistorySource(Model):
    type: Literal["history"]
    file: Located


class ManualSource(Model):
    type: Literal["manual"] = "manual"


PetitionSource = Annotated[
    PageSource | OsdiSource | JsonSource | HtmlSource | HistorySource | ManualSource, Field(discriminator="type")
]
DonationSource = Annotated[
    CollectiveSource | OsdiSource | JsonSource | HistorySource | ManualSource, Field(discriminator="type")
]
Percent = Annotated[Fraction, PlainValidator(written.percent)]


class Reference(Model):
    """A number to hold the counter against, such as all customers."""

    value: Count
    label: Bilingual


class PetitionMilestones(Model):
    every: Count | None = None
    at: tuple[Count, ...] = ()
    percent: tuple[Percent, ...] = ()
    ratio: tuple[Share, ...] = ()
    after_silence: Duration = dt.timedelta(days=7)


class DonationMilestones(Model):
    every: Count | None = None
    at: tuple[Count, ...] = ()
    percent: tuple[Percent, ...] = ()


class Petition(Model):
    source: PetitionSource
    every: Duration = dt.timedelta(minutes=5)
    goal: Count | None = None
    reference: Reference | None = None
    confirm_jump: Share = Fraction(1, 5)
    milestones: PetitionMilestones = PetitionMilestones()

    @field_validator("every")
    @classmethod
    def _politely(cls, value: dt.timedelta) -> dt.timedelta:
        if value < LEAST_POLL:
            raise Wrong("config.poll")
        return value


class Publish(Model):
    min_gifts: Annotated[int, Field(ge=1)] = 5
    min_interval: Duration = dt.timedelta(hours=24)
    round_down: Count = 10


class Donations(Model):
    """Whole units of the currency."""

    source: DonationSource = ManualSource()
    currency: Annotated[str, PlainValidator(addresses.currency)] = "EUR"
    goal: Count | None = None
    publish: Publish = Publish()
    milestones: DonationMilestones = DonationMilestones()
