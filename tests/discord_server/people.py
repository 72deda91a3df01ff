"""The people of a test, and what they do with their clients."""

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from tests.discord_server.client import Impossible, fill, pick
from tests.discord_server.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, Modal, Shown
from tests.discord_server.message import Message
from tests.discord_server.place import TALK, Channel, Guild, Kind
from tests.discord_server.user import User
from tests.discord_server.world import Event, World

JSON = dict[str, Any]

BUTTON, SELECT = 2, 3


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What a client offers while somebody types."""

    name: str
    value: Any


class Person:
    """Somebody with a Discord client before them.

    Attributes:
        guild: Where this person is a member, if anywhere.
    """

    def __init__(self, world: World, user: User, guild: Guild | None = None) -> None:
        self.world = world
        self.user = user
        self.guild = guild

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def mention(self) -> str:
        return self.user.mention

    async def dm(self) -> Channel:
        """The private channel with the bot."""
        return self.world.dm(self.user)

    # -- what a person does

    async def slash(
        self, where: Channel, line: str, values: Mapping[str, Any] | None = None, *, forged: bool = False
    ) -> Interaction:
        """Send a command.

        Args:
            where: The channel in which it is typed.
            line: The command with its sub-command: "taak oppakken".
            values: By the options' names; a user, role or channel as itself.
            forged: As no real client would, without its checks.

        Raises:
            Impossible: a real client would not send it.
        """
        typed = pick(self.world, self.user, where, line, forged=forged)
        data = fill(self.world, self.user, where, typed, values or {}, forged=forged)
        return self._interact(COMMAND, where, data)

    async def complete(
        self,
        line: str,
        option: str,
        partial: str,
        *,
        where: Channel | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> list[Choice]:
        """What is offered while this person types a value.

        Raises:
            NotThere: nothing was offered in time.
        """
        place = where or self._somewhere()
        typed = pick(self.world, self.user, place, line)
        data = fill(self.world, self.user, place, typed, dict(values or {}) | {option: partial}, forged=True)
        _innermost(data)[-1]["focused"] = True
        asked = self._interact(AUTOCOMPLETE, place, data)
        await asked.until(lambda: asked.settled)
        return [Choice(one["name"], one["value"]) for one in asked.choices or []]

    async def tap(
        self, message: Shown | Message | str, label: str | None = None, *, custom_id: str | None = None
    ) -> Interaction:
        """Press a button by its label; by an id of one's own making as no real client would.

        Raises:
            Impossible: there is no such button, it is off, or this person does not see the message.
        """
        source = self._seen(message)
        if custom_id is None:
            button = _part(source, BUTTON, label)
            custom_id = button.get("custom_id")
        if custom_id is None:
            raise Impossible(f"{label!r} opens a page")
        return self._interact(COMPONENT, source.channel, {"component_type": BUTTON, "custom_id": custom_id}, source)

    async def choose(self, message: Shown | Message | str, *chosen: str, custom_id: str | None = None) -> Interaction:
        """Pick from a list beneath a message, by label or value."""
        source = self._seen(message)
        select: JSON = _part(source, SELECT) if custom_id is None else {"custom_id": custom_id, "options": []}
        known: dict[str, str] = {option["label"]: option["value"] for option in select["options"]}
        values = [known.get(one, one) for one in chosen]
        if custom_id is None and not set(values) <= set(known.values()):
            raise Impossible(f"{values} is not all in the list {known}")
        data = {"component_type": SELECT, "custom_id": select["custom_id"], "values": values}
        return self._interact(COMPONENT, source.channel, data, source)

    async def submit(self, modal: Modal, values: Mapping[str, str | list[str]]) -> Interaction:
        """Send a form, by what stands above its fields or by their ids.

        Raises:
            Impossible: a field that must be filled is empty, too short or too long.
        """
        trigger = modal.interaction
        components = [_returned(part, values) for part in modal.components]
        data = {"custom_id": modal.custom_id, "components": components}
        return self._interact(MODAL_SUBMIT, trigger.channel, data, trigger.source, trigger)

    async def says(self, where: Channel, text: str, *, replies_to: Shown | Message | None = None) -> Message:
        """Type a message."""
        self._enter(where)
        said = Message(self.world.clock.snowflake(), where, self.user, self.world.clock.stamp(), text)
        said.mentions = self.world.mentioned(text)
        if replies_to is not None:
            said.reference = {"type": 0, "channel_id": where.id, "message_id": replies_to.id}
            said.mentions = list(dict.fromkeys([*said.mentions, self.world.messages[replies_to.id].author]))
        self.world.store(said)
        return said

    async def edits(self, said: Message, text: str) -> None:
        """Change an own message."""
        said.content, said.mentions = text, self.world.mentioned(text)
        self.world.changed(said)

    async def deletes(self, said: Message) -> None:
        """Take an own message away."""
        self.world.remove(said)

    def closes_dms(self) -> None:
        """Take no private messages any more."""
        self.user.closed = True

    def opens_dms(self) -> None:
        self.user.closed = False

    # -- how it reaches the bot

    def _somewhere(self) -> Channel:
        places = self.guild.channels.values() if self.guild else ()
        return next((one for one in places if one.kind == Kind.TEXT), self.world.dm(self.user))

    def _enter(self, place: Channel) -> None:
        if place.recipient not in {None, self.user} or (place.guild and self.id not in place.guild.members):
            raise Impossible(f"{self.name} is not in {place.name!r}")

    def _seen(self, message: Shown | Message | str) -> Message:
        found = self.world.messages[message if isinstance(message, str) else message.id]
        if found.deleted or found.only_for not in {None, self.user}:
            raise Impossible(f"{self.name} does not see message {found.id}")
        return found

    def _interact(
        self,
        kind: int,
        place: Channel,
        data: JSON,
        source: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Interaction:
        self._enter(place)
        world = self.world
        number, token = world.clock.snowflake(), secrets.token_urlsafe(24)
        payload = self._payload(place) | {"id": number, "type": kind, "token": token, "data": data}
        if source is not None:
            payload["message"] = source.payload()
        made = Interaction(
            number, token, kind, self.user, place, world.clock.now(), data, payload, source, trigger,
            patience_seconds=world.patience_seconds,
        )  # fmt: skip
        world.keep(made)
        heard = world.announce(Event("INTERACTION_CREATE", payload))
        made.reached = lambda: heard and world.listening()
        return made

    def _payload(self, place: Channel) -> JSON:
        """What every interaction carries.

        Source: Discord's documentation, interactions/receiving-and-responding, "Interaction Object".
        """
        owner = place.guild.id if place.guild else "0"
        return self._speaker(place) | {
            "application_id": self.world.bot.id,
            "version": 1,
            "channel_id": place.id,
            "channel": place.payload() | {"permissions": str(self._permissions(place))},
            "app_permissions": str(place.bot_may()),
            "locale": self.user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {"0": owner},
            "context": 0 if place.guild else 1,
            "attachment_size_limit": 10_485_760,
        }

    def _speaker(self, place: Channel) -> JSON:
        member = self.world.member(place, self.user)
        if place.guild is None or member is None:
            return {"user": self.user.payload()}
        return {
            "member": member.payload() | {"permissions": str(self._permissions(place))},
            "guild_id": place.guild.id,
            "guild": place.guild.partial(),
            "guild_locale": place.guild.locale,
        }

    def _permissions(self, place: Channel) -> int:
        member = self.world.member(place, self.user)
        return int(TALK) if place.guild is None or member is None else place.guild.permissions(member)


def _innermost(data: JSON) -> list[JSON]:
    """The options with values, beneath the sub-commands."""
    options: list[JSON] = data["options"]
    while options and "options" in options[0]:
        options = options[0]["options"]
    return options


def _part(source: Message, kind: int, label: str | None = None) -> JSON:
    for part in source.parts:
        if part["type"] == kind and label in {None, part.get("label")} and not part.get("disabled"):
            return part
    raise Impossible(f"{label!r} is not beneath {source.text!r}: {source.buttons}")


def _returned(part: JSON, values: Mapping[str, str | list[str]]) -> JSON:
    """A part of a form as a client sends it back."""
    kept = {"type": part["type"], "id": part.get("id", 0)}
    if "components" in part:
        return kept | {"components": [_field(one, one.get("label"), values) for one in part["components"]]}
    if "component" in part:
        return kept | {"component": _field(part["component"], part["label"], values)}
    return kept


def _field(one: JSON, label: str | None, values: Mapping[str, str | list[str]]) -> JSON:
    given = values.get(label or "", values.get(one["custom_id"], one.get("value") or ""))
    if isinstance(given, str):
        least = one.get("min_length") or (1 if one.get("required", True) else 0)
        if (given or one.get("required", True)) and not least <= len(given) <= (one.get("max_length") or 4000):
            raise Impossible(f"{label!r}: {len(given)} characters")
        return {"type": one["type"], "id": one.get("id", 0), "custom_id": one["custom_id"], "value": given}
    return {"type": one["type"], "id": one.get("id", 0), "custom_id": one["custom_id"], "values": given}
