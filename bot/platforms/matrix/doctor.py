"""The Matrix part of `actiebot doctor`: plain HTTP with the login that a start would use, beside a running bot.

Nothing is changed: no login by password, no sync, no lock, and nio's crypto store stays closed. Of the bot's folder
only the sealed login is read; whether the device's keys are in it is told by the name of their file.
"""

import asyncio
import dataclasses
import datetime as dt
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.core.finding import Finding
from bot.core.platform import Off, TryAfter, Unknown
from bot.core.reply import Phrase, phrase
from bot.platforms.matrix.asking import Asking, dig, text_in
from bot.platforms.matrix.folder import must_encrypt
from bot.platforms.matrix.homeserver import Homeserver, Rejected, quoted
from bot.platforms.matrix.login import Account, Login
from bot.platforms.matrix.room_doctor import PINS, RoomDoctor, read_pins
from bot.platforms.matrix.watch import RATE_LIMIT

KEPT = (PINS, RATE_LIMIT)
"""What of the platform's memory is of use here."""
CLOCK_SECONDS = 60
_LOGIN = "login"
_SHOWN_LETTERS = 200
_TROUBLES = {
    "no answer in time": "silent",
    "ClientConnectorDNSError": "no_name",
    "ClientConnectorCertificateError": "certificate",
    "ClientConnectorSSLError": "certificate",
    "a strange answer": "no_matrix",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What there is to examine.

    Attributes:
        rooms: Every configured room, `!id` or `#alias:server`.
        organisers: Those of the organisers among them.
        grants: The roles that go by power: `matrix:power>=50@!room`.
        kept: What the bot's memory holds under the names in `KEPT`.
        running: The bot is at work at this moment.
    """

    account: Account
    rooms: Sequence[str]
    organisers: Sequence[str]
    grants: Sequence[str]
    kept: Mapping[str, str]
    running: bool


async def examine(case: Case) -> list[Finding]:
    """How the bot stands on Matrix; takes some seconds at most, whatever the homeserver does."""
    async with Homeserver(case.account.homeserver) as server:
        asking = Asking(server)
        found = await _reached(asking)
        if found[0].good is False:
            return [*found, *_limit(case)]
        login = await _let_in(asking, case)
        if isinstance(login, Finding):
            return [*found, login, *_limit(case)]
        keys, rooms = await asyncio.gather(_keys(asking, case, login), _rooms(asking, case, login))
        inside = Finding(True, phrase("matrix.doctor_in", user=login.user_id, device=login.device_id))
        return [*found, inside, *keys, *rooms, *_limit(case)]


# -- the homeserver -------------------------------------------------------------------------------------


async def _reached(asking: Asking) -> list[Finding]:
    address = asking.server.address
    try:
        answer, moment = await asking.server.greet(seconds=asking.seconds)
        if not isinstance(answer.get("versions"), list):
            raise Unknown("a strange answer")  # noqa: TRY301 - as good as none
    except TryAfter as error:
        return [_busy(error)]
    except (Unknown, Rejected) as error:
        trouble = _trouble(error)
        return [Finding(False, phrase(f"matrix.doctor_{trouble}", homeserver=address), Phrase(f"matrix.do_{trouble}"))]
    found = [Finding(True, phrase("matrix.doctor_reached", homeserver=address))]
    return [*found, _clock(moment)] if moment else found


def _trouble(error: Exception) -> str:
    """Which pair of sentences tells why the homeserver did not answer as one."""
    text = str(error)
    if isinstance(error, Rejected) or text.startswith(("HTTP 2", "HTTP 3", "HTTP 4")):
        return "no_matrix"
    return "trouble" if text.startswith("HTTP") else _TROUBLES.get(text, "unreachable")


def _clock(theirs: dt.datetime) -> Finding:
    ours = dt.datetime.now(dt.UTC)
    seconds = round((ours - theirs).total_seconds())
    if abs(seconds) <= CLOCK_SECONDS:
        return Finding(True, Phrase("matrix.doctor_clock"))
    off = dt.timedelta(seconds=abs(seconds))
    what = phrase(f"matrix.doctor_clock_{'ahead' if seconds > 0 else 'behind'}", off=off)
    return Finding(False, what, Phrase("matrix.do_clock"))


# -- the login ------------------------------------------------------------------------------------------


async def _let_in(asking: Asking, case: Case) -> Login | Finding:
    """As whom the homeserver knows us; a finding: not at all."""
    account = case.account
    try:
        must_encrypt()
        kept = None if account.access_token else _kept(account)
    except Off as off:
        return _off(off.why)
    token = account.access_token or (kept.token if kept else None)
    if token is None:
        return Finding(None, Phrase("matrix.doctor_not_yet"), Phrase("matrix.do_start"))
    asking.server.token = token
    try:
        answer = await asking.get("/account/whoami")
        device = answer.get("device_id") or (kept.device_id if kept else "")
        return _ours(account, Login(text_in(answer, "user_id"), str(device), token))
    except Rejected as error:
        return _refused(error, account, token)
    except TryAfter as error:
        return _busy(error)
    except Unknown:
        return _unclear(Phrase("matrix.about_login"))


def _ours(account: Account, login: Login) -> Login | Finding:
    if login.user_id != account.user_id:
        return _off(phrase("matrix.off_other_user", user=login.user_id, wanted=account.user_id))
    return login if login.device_id else _off(Phrase("matrix.off_no_device"))


def _kept(account: Account) -> Login | None:
    """The login that was kept, of this user.

    Raises:
        Off: it cannot be read.
    """
    try:
        text = account.folder().read(_LOGIN)
    except OSError as error:
        raise Off(phrase("matrix.off_folder", folder=str(account.store), reason=str(error.strerror))) from error
    login = Login.from_json(text) if text else None
    return login if login and login.user_id == account.user_id else None


def _refused(error: Rejected, account: Account, token: str) -> Finding:
    reason = error.reason.replace(token, "***")[:_SHOWN_LETTERS]
    if error.status != 401:
        return _off(phrase("matrix.off_refused", reason=reason))
    if account.access_token:
        return _off(phrase("matrix.off_token", reason=reason))
    return Finding(None, Phrase("matrix.doctor_login_ended"), Phrase("matrix.do_login_ended"))


def _off(why: Phrase) -> Finding:
    """One line: why Matrix stays off says itself what to do."""
    return Finding(False, phrase("matrix.doctor_off", why=why))


def _busy(error: TryAfter) -> Finding:
    return Finding(None, Phrase("matrix.doctor_busy"), phrase("matrix.do_busy", seconds=math.ceil(error.seconds)))


def _unclear(about: Phrase) -> Finding:
    return Finding(False, phrase("matrix.doctor_unclear", about=about), Phrase("matrix.do_unclear"))


async def _clear(about: Phrase, examined: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """What came of one part of the examination; the others do not suffer when it gets no answer."""
    try:
        return await examined()
    except TryAfter as error:
        return [_busy(error)]
    except (Unknown, Rejected):
        return [_unclear(about)]


# -- the keys -------------------------------------------------------------------------------------------


async def _keys(asking: Asking, case: Case, login: Login) -> list[Finding]:
    async def examined() -> list[Finding]:
        from bot.platforms.matrix.trusted import is_signed

        answer = await asking.keys_of(login.user_id, login.device_id)
        if not dig(answer, "device_keys", login.user_id, login.device_id):
            return [Finding(None, Phrase("matrix.doctor_no_keys"), Phrase("matrix.do_start"))]
        if not case.account.folder().crypto_file(login.user_id, login.device_id).exists():
            return [_lost(case.account, login)]
        signed = is_signed(answer, login.user_id, login.device_id)
        return [_signed(signed), _left(await asking.keys_left(), running=case.running)]

    return await _clear(Phrase("matrix.about_keys"), examined)


def _lost(account: Account, login: Login) -> Finding:
    values = {"device": login.device_id, "folder": str(account.store)}
    if account.access_token:
        return _off(Phrase("matrix.off_keys_lost", values))
    return Finding(False, Phrase("matrix.doctor_keys_lost", values), Phrase("matrix.do_keys_lost"))


def _signed(signed: bool) -> Finding:
    if signed:
        return Finding(True, Phrase("matrix.doctor_signed"))
    return Finding(False, Phrase("matrix.doctor_unsigned"), Phrase("matrix.do_unsigned"))


def _left(left: int, *, running: bool) -> Finding:
    if left:
        return Finding(True, phrase("matrix.doctor_keys_left", count=left))
    return Finding(False, Phrase("matrix.doctor_keys_gone"), Phrase("matrix.do_log" if running else "matrix.do_start"))


# -- the rooms ------------------------------------------------------------------------------------------


async def _rooms(asking: Asking, case: Case, login: Login) -> list[Finding]:
    async def examined() -> list[Finding]:
        joined = (await asking.get("/joined_rooms")).get("joined_rooms")
        if not isinstance(joined, list):
            raise Unknown("a strange answer")
        doctor = RoomDoctor(
            asking, login.user_id, read_pins(case.kept.get(PINS)), frozenset(map(str, joined)), running=case.running
        )

        async def room(name: str) -> list[Finding]:
            return await _clear(phrase("matrix.about_room", room=name), lambda: doctor.examine(name))

        found = await asyncio.gather(*(room(name) for name in dict.fromkeys(case.rooms)))
        return [*(one for each in found for one in each), *doctor.grants(case.grants, case.organisers)]

    return await _clear(Phrase("matrix.about_rooms"), examined) if case.rooms else [_nowhere()]


def _nowhere() -> Finding:
    return Finding(None, Phrase("matrix.doctor_no_rooms"), Phrase("matrix.do_no_rooms"))


# -- the limit ------------------------------------------------------------------------------------------


def _limit(case: Case) -> list[Finding]:
    """The last wait that the homeserver asked of the bot, and how whoever runs it lifts that."""
    try:
        seconds = math.ceil(float(case.kept.get(RATE_LIMIT, "0")))
    except (ValueError, OverflowError):
        return []
    account = case.account
    url = f"{account.homeserver}/_synapse/admin/v1/users/{quoted(account.user_id)}/override_ratelimit"
    limited = Finding(None, phrase("matrix.doctor_limit", seconds=seconds), phrase("matrix.do_limit", url=url))
    return [limited] if seconds > 0 else []
