"""What Discord's own client makes of what a person types behind a slash, and what it does not let through."""

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tests.discord_server.command import SUBCOMMANDS, Command, words
from tests.discord_server.place import Channel, May, Role
from tests.discord_server.user import User
from tests.discord_server.world import World

JSON = dict[str, Any]

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER = 3, 4, 5, 6, 7, 8, 9, 10


class Impossible(Exception):
    """A real client does not let a person do this."""


@dataclasses.dataclass(frozen=True, slots=True)
class Typed:
    """A command that somebody picked.

    Attributes:
        path: The sub-commands behind the command, outermost first.
        options: What it takes.
    """

    command: Command
    path: list[JSON]
    options: list[JSON]

    def data(self, filled: list[JSON], resolved: JSON) -> JSON:
        """The data of the interaction."""
        options = filled
        for part in reversed(self.path):
            options = [{"type": part["type"], "name": part["name"], "options": options}]
        placed = {"guild_id": self.command.guild_id} if self.command.guild_id else {}
        held = {"resolved": resolved} if resolved else {}
        return {"id": self.command.id, "name": self.command.name, "type": 1, "options": options} | placed | held


def pick(world: World, user: User, place: Channel, line: str, *, forged: bool = False) -> Typed:
    """The command of this name, as it is called or as this person's client shows it.

    Raises:
        Impossible: it is not in the list that this person sees.
    """
    first, *rest = line.split()
    command = _named(world.visible(place.guild), first, user.locale)
    if command is None:
        raise Impossible(f"there is no command {first!r}")
    if not forged:
        _offered(world, user, place, command)
    return _inside(command, rest, user.locale)


def _named(commands: Iterable[Command], name: str, locale: str) -> Command | None:
    return next((one for one in commands if name in words(one.body, locale)), None)


def _offered(world: World, user: User, place: Channel, command: Command) -> None:
    if not command.works_in(0 if place.guild else 1):
        raise Impossible(f"{command.name!r} is not offered here")
    needed, member = command.permissions, world.member(place, user)
    if needed is None or place.guild is None or member is None:
        return
    held = place.guild.permissions(member)
    if held & May.ADMINISTRATOR or (needed and held & needed == needed):
        return
    held_roles = {place.guild.id, *(role.id for role in member.roles)}
    if any(role.id in held_roles for role in place.guild.shown.get(command.id, ())):
        return
    raise Impossible(f"{user.name} does not see {command.name!r}")


def _inside(command: Command, rest: list[str], locale: str) -> Typed:
    path: list[JSON] = []
    options = command.body.get("options") or []
    for name in rest:
        part = next((one for one in options if one["type"] in SUBCOMMANDS and name in words(one, locale)), None)
        if part is None:
            raise Impossible(f"{command.name!r} has no sub-command {name!r}")
        path.append(part)
        options = part.get("options") or []
    if any(one["type"] in SUBCOMMANDS for one in options):
        raise Impossible(f"{command.name!r} cannot be sent without a sub-command")
    return Typed(command, path, options)


def fill(world: World, user: User, place: Channel, typed: Typed, values: Mapping[str, Any], *, forged: bool) -> JSON:
    """The data of an interaction with these values, by the options' names.

    Raises:
        Impossible: a value is missing, unknown or not of the kind that is asked; not when it is forged.
    """
    filled: list[JSON] = []
    resolved: JSON = {}
    for name, given in values.items():
        option = next((one for one in typed.options if name in words(one, user.locale)), None)
        if option is None:
            raise Impossible(f"{typed.command.name!r} has no option {name!r}")
        value = given if forged else _taken(option, given, user.locale)
        filled.append({"type": option["type"], "name": option["name"], "value": _plain(option["type"], value)})
        _resolve(world, place, value, resolved)
    missing = [one["name"] for one in typed.options if one.get("required")]
    missing = [name for name in missing if name not in {one["name"] for one in filled}]
    if missing and not forged:
        raise Impossible(f"missing: {missing}")
    return typed.data(filled, resolved)


def _plain(kind: int, value: Any) -> Any:
    return str(value.id) if kind in {USER, CHANNEL, ROLE, MENTIONABLE} and hasattr(value, "id") else value


def _taken(option: JSON, given: Any, locale: str) -> Any:
    """The value that a client sends for what somebody typed."""
    if option.get("choices"):
        return _chosen(option, given, locale)
    match option["type"]:
        case code if code == STRING:
            return _string(option, given)
        case code if code in {INTEGER, NUMBER}:
            return _number(option, given)
        case code if code == BOOLEAN:
            if not isinstance(given, bool):
                raise Impossible(f"{option['name']}: {given!r} is not yes or no")
        case _:
            if not hasattr(given, "id"):
                raise Impossible(f"{option['name']}: {given!r} can not be picked")
    return given


def _chosen(option: JSON, given: Any, locale: str) -> Any:
    for choice in option["choices"]:
        if given in {choice["value"], *words(choice, locale)}:
            return choice["value"]
    raise Impossible(f"{option['name']}: {given!r} is not among the choices")


def _string(option: JSON, given: Any) -> str:
    least, most = option.get("min_length") or 1, option.get("max_length") or 6000
    if not isinstance(given, str) or not least <= len(given) <= most or "\n" in given:
        raise Impossible(f"{option['name']}: {given!r} is not a line of {least} to {most} characters")
    return given


def _number(option: JSON, given: Any) -> int | float:
    number: int | float | None = None
    with contextlib.suppress(ValueError):
        number = int(given) if option["type"] == INTEGER else float(given)
    if number is None or not option.get("min_value", number) <= number <= option.get("max_value", number):
        raise Impossible(f"{option['name']}: {given!r} is not a number that is taken")
    return number


def _resolve(world: World, place: Channel, value: Any, resolved: JSON) -> None:
    """Add what an id stands for, as Discord does."""
    user = getattr(value, "user", value)
    if isinstance(user, User):
        resolved.setdefault("users", {})[user.id] = user.payload()
        member = world.member(place, user)
        if member is not None and place.guild is not None:
            held = member.bare_payload() | {"permissions": str(place.guild.permissions(member))}
            del held["deaf"], held["mute"]
            resolved.setdefault("members", {})[user.id] = held
    elif isinstance(value, Role):
        resolved.setdefault("roles", {})[value.id] = value.payload()
    elif isinstance(value, Channel):
        held = {"id": value.id, "name": value.name, "type": int(value.kind), "permissions": "0"}
        resolved.setdefault("channels", {})[value.id] = held
