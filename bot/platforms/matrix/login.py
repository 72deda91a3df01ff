"""Getting in: by the token of the settings, by the login that was kept, or by password, once."""

import dataclasses
import json
import pathlib
import secrets
from typing import Self

from bot.core.platform import Off
from bot.core.reply import Phrase
from bot.platforms.matrix.folder import Folder, must_encrypt
from bot.platforms.matrix.homeserver import Homeserver, Rejected

_FILE = "login"
_API = "/_matrix/client/v3"
_SHOWN_AS = "Actiebot"


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """What the settings say.

    Attributes:
        homeserver: http(s)://host[:port].
        user_id: "@bot:example.org".
        device_id: Wished for; another one is used where its keys are lost.
        store: The folder of the device's keys.
        store_key: What they are encrypted with.
    """

    homeserver: str
    user_id: str
    device_id: str
    access_token: str | None = dataclasses.field(repr=False)
    password: str | None = dataclasses.field(repr=False)
    store: pathlib.Path
    store_key: str = dataclasses.field(repr=False)

    def folder(self) -> Folder:
        return Folder(self.store, self.store_key)


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    user_id: str
    device_id: str
    token: str = dataclasses.field(repr=False)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


async def log_in(homeserver: Homeserver, account: Account) -> Login:
    """Get in, and give the homeserver's calls their token. The folder must be held.

    Raises:
        Off: there is no way in as this user, or the keys of the token's device are not here.
        Unknown: the homeserver cannot be reached.
        TryAfter: it wants us to come back later.
    """
    return await look(homeserver, account) or await _by_password(homeserver, account)


async def look(homeserver: Homeserver, account: Account) -> Login | None:
    """The login that a start would use, and nothing is changed; None: it would log in by password.

    Raises:
        Off: as `log_in`.
        Unknown: as `log_in`.
        TryAfter: as `log_in`.
    """
    must_encrypt()
    if account.access_token is not None:
        return await _by_token(homeserver, account, account.access_token)
    kept = _kept(account)
    if kept and await _works(homeserver, kept) and await _keys_fit(homeserver, account, kept):
        return kept
    if account.password is None:
        raise Off(Phrase("matrix.off_no_login"))
    return None


async def identity_on_server(homeserver: Homeserver, user_id: str, device_id: str) -> str | None:
    """The public Ed25519 key that the server shows of a device; None: it has no keys of it."""
    asked = {"device_keys": {user_id: [device_id]}}
    answer = await homeserver.call("POST", f"{_API}/keys/query", asked)
    device = answer.get("device_keys", {}).get(user_id, {}).get(device_id, {})
    key: str | None = device.get("keys", {}).get(f"ed25519:{device_id}")
    return key


async def _by_token(homeserver: Homeserver, account: Account, token: str) -> Login:
    homeserver.token = token
    try:
        answer = await homeserver.call("GET", f"{_API}/account/whoami")
    except Rejected as error:
        raise Off(Phrase("matrix.off_token", {"reason": error.reason}), refused=True) from error
    user_id, device_id = str(answer["user_id"]), answer.get("device_id")
    _must_be_ours(account, user_id)
    if device_id is None:
        raise Off(Phrase("matrix.off_no_device"))
    login = Login(user_id, str(device_id), token)
    if not await _keys_fit(homeserver, account, login):
        raise Off(Phrase("matrix.off_keys_lost", {"device": login.device_id, "folder": str(account.store)}))
    return login


def _must_be_ours(account: Account, user_id: str) -> None:
    if user_id != account.user_id:
        raise Off(Phrase("matrix.off_other_user", {"user": user_id, "wanted": account.user_id}))


def _kept(account: Account) -> Login | None:
    """The login that was kept; of this user, since the settings may name another one by now."""
    text = account.folder().read(_FILE)
    login = Login.from_json(text) if text else None
    return login if login and login.user_id == account.user_id else None


async def _works(homeserver: Homeserver, login: Login) -> bool:
    homeserver.token = login.token
    try:
        await homeserver.call("GET", f"{_API}/account/whoami")
    except Rejected as error:
        if error.status != 401:
            raise Off(Phrase("matrix.off_refused", {"reason": error.reason})) from error
        return False
    return True


async def _keys_fit(homeserver: Homeserver, account: Account, login: Login) -> bool:
    """Whether the server has no keys of the device, or those that are here.

    On a device with lost keys nobody's messages can be read, and the server refuses its new keys.
    """
    shown = await identity_on_server(homeserver, login.user_id, login.device_id)
    return shown is None or shown == account.folder().identity(login.user_id, login.device_id)


async def _by_password(homeserver: Homeserver, account: Account) -> Login:
    """Log in on a device whose keys are here; else on one that nobody uses; and keep it."""
    login = await _on_known_device(homeserver, account) or await _on_unused_device(homeserver, account)
    account.folder().write(_FILE, login.to_json())
    return login


async def _on_known_device(homeserver: Homeserver, account: Account) -> Login | None:
    kept, folder = _kept(account), account.folder()
    for device_id in dict.fromkeys([*([kept.device_id] if kept else []), account.device_id]):
        if folder.identity(account.user_id, device_id):
            login = await _password_login(homeserver, account, device_id)
            if await _keys_fit(homeserver, account, login):
                return login
    return None


async def _on_unused_device(homeserver: Homeserver, account: Account) -> Login:
    """Log in as the device of the settings, or as a new one when there are keys of that already.

    Only somebody who is in can ask for that. Logging in as a device ends its other logins, and another bot may be
    running on it: so a new device asks first.
    """
    new = await _password_login(homeserver, account, f"{account.device_id}-{secrets.token_hex(3)}")
    if await identity_on_server(homeserver, account.user_id, account.device_id):
        return new
    await homeserver.call("POST", f"{_API}/logout", {})
    return await _password_login(homeserver, account, account.device_id)


async def _password_login(homeserver: Homeserver, account: Account, device_id: str) -> Login:
    homeserver.token = None
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": account.user_id},
        "password": account.password,
        "device_id": device_id,
        "initial_device_display_name": _SHOWN_AS,
    }
    try:
        answer = await homeserver.call("POST", f"{_API}/login", body)
    except Rejected as error:
        raise _no_way_in(error) from error
    login = Login(str(answer["user_id"]), str(answer["device_id"]), str(answer["access_token"]))
    _must_be_ours(account, login.user_id)
    homeserver.token = login.token
    return login


def _no_way_in(error: Rejected) -> Off:
    if error.status == 403:
        return Off(Phrase("matrix.off_password", {"reason": error.reason}), refused=True)
    # Where another service does the logins (MAS), the homeserver does not know this call at all.
    if error.status == 404 or error.code == "M_UNRECOGNIZED":
        return Off(Phrase("matrix.off_no_passwords"))
    return Off(Phrase("matrix.off_refused", {"reason": error.reason}))
