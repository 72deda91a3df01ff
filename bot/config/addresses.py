"""How places, people and secrets are written in config.yaml: addresses, roles, web addresses, paths, references."""

import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationInfo

from bot.config.values import Resolved, Wrong, text_of
from bot.core.document import suggestion
from bot.core.invocation import Address

PLATFORMS = ("terminal", "matrix", "discord")
GUEST = "gast"  # in the terminal this name is a guest, whatever the roles say
_ROOMS = {
    "terminal": re.compile(r"#\S+"),
    "matrix": re.compile(r"![^\s:]+(?::\S+)?|#[^\s:]+:\S+"),
    "discord": re.compile(r"\d{1,20}"),
}
_GRANT = re.compile(
    r"member"
    r"|terminal:\S+"
    r"|matrix:@[^\s:]+:\S+"
    r"|matrix:power>=\d{1,3}@![^\s]+"
    r"|discord:(?:role|user):\d{1,20}"
)


@dataclass(frozen=True, slots=True)
class Listen:
    host: str
    port: int


def room(value: Any) -> Address:
    """A room on a platform of ours."""
    address = _address(value)
    if _ROOMS[address.platform].fullmatch(address.id) is None:
        raise Wrong(f"config.room-{address.platform}")
    return address


def _address(value: Any) -> Address:
    try:
        address = Address.parse(text_of(value, "config.address"))
    except ValueError:
        raise Wrong("config.address") from None
    if address.platform not in PLATFORMS:
        meant = suggestion(address.platform, PLATFORMS)
        raise Wrong("config.platform-like", meant=meant) if meant else Wrong("config.platform")
    return address


def grant(value: Any) -> str:
    """Whom a role is given to: an account, a group of a platform, or `member`."""
    text = text_of(value, "config.grant")
    if text == f"terminal:{GUEST}":
        raise Wrong("config.guest", name=GUEST)
    if _GRANT.fullmatch(text):
        return text
    if ":" in text:
        _address(text)
    raise Wrong("config.grant")


def matrix_user(value: Any) -> str:
    text = text_of(value, "config.matrix-user")
    if not re.fullmatch(r"@[^\s:]+:\S+", text):
        raise Wrong("config.matrix-user")
    return text


def currency(value: Any) -> str:
    text = text_of(value, "config.currency")
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise Wrong("config.currency")
    return text


def invitation(value: Any) -> str:
    """A pattern of Matrix accounts whose invitations are accepted; it must name a server."""
    text = text_of(value, "config.invitation")
    account, colon, server = text.partition(":")
    if not server.strip("*?.:[]") and "*" in text:
        raise Wrong("config.invitation-open")
    if not colon or not account or re.search(r"\s", text):
        raise Wrong("config.invitation")
    return text


def web_address(value: Any) -> str:
    """http(s)://host…; without a name or password in it."""
    text = text_of(value, "config.web-address")
    try:
        parts = urllib.parse.urlsplit(text)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and not re.search(r"\s", text)
    except ValueError:
        fits = False
    if not fits:
        raise Wrong("config.web-address")
    if "@" in parts.netloc:
        raise Wrong("config.clear")
    return text


def socket_address(value: Any) -> str:
    """The same for ws(s)://."""
    text = text_of(value, "config.socket")
    if not re.fullmatch(r"wss?://[^\s@/]+\S*", text):
        raise Wrong("config.socket")
    return text


def listen(value: Any) -> Listen:
    host, _, port = text_of(value, "config.listen").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Wrong("config.listen")
    return Listen(host.strip("[]"), int(port))


def secret(value: Any) -> SecretStr:
    """Only by reference: what stands in the file itself is refused."""
    if not isinstance(value, Resolved):
        raise Wrong("config.clear" if isinstance(value, str) and value else "config.secret")
    return SecretStr(str(value))


def storage_url(value: Any, info: ValidationInfo) -> SecretStr:
    """`sqlite:///path`, made relative to the file, or `postgresql://…`, whose password only comes by reference."""
    text = text_of(value, "config.storage")
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///"):
        return SecretStr(f"sqlite:///{_base(info) / text.removeprefix('sqlite:///')}")
    if not re.fullmatch(r"postgres(?:ql)?://\S+", text):
        raise Wrong("config.storage")
    if not isinstance(value, Resolved) and re.search(r"//[^/@]*:[^@]*@|[?&]password=", text):
        raise Wrong("config.clear")
    return SecretStr(text)


def located(value: Any, info: ValidationInfo) -> Path:
    """A path, relative to the configuration file."""
    text = text_of(value, "config.path")
    if not text:
        raise Wrong("config.path")
    return _base(info) / text


def _base(info: ValidationInfo) -> Path:
    """The folder of the configuration file."""
    base = (info.context or {}).get("base", ".")
    return Path(base)


def private(path: Path) -> Path:
    """A path that only its owner may read, when it is there."""
    if path.exists() and path.stat().st_mode & 0o077:
        raise Wrong("config.open-to-others", path=str(path))
    return path
