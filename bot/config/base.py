"""What all sections of config.yaml are made of."""

import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, SecretStr

from bot.config import addresses
from bot.config import values as written
from bot.engine.budget import Rate

Text = Annotated[str, AfterValidator(written.filled)]
Secret = Annotated[SecretStr, PlainValidator(addresses.secret)]
Web = Annotated[str, PlainValidator(addresses.web_address)]
Located = Annotated[Path, PlainValidator(addresses.located)]
Duration = Annotated[dt.timedelta, PlainValidator(written.duration)]
PerPeriod = Annotated[Rate, PlainValidator(written.rate)]
Share = Annotated[Fraction, PlainValidator(written.share)]
LocalTime = Annotated[dt.time, PlainValidator(written.local_time)]
Count = Annotated[int, Field(gt=0)]
Language = Literal["nl", "en"]


class Model(BaseModel):
    """Frozen, nothing unknown, and silent about its values: any of them may have come from a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(type(self).model_fields)})"

    __str__ = __repr__


class Bilingual(Model):
    nl: Text
    en: Text
