"""Buttons and menus whose meaning stands in their custom_id: they act also after a restart."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Self

import discord

OnTap = Callable[[discord.Interaction, str, str], Awaitable[None]]


class Tap(discord.ui.DynamicItem[discord.ui.Item[Any]], template=r"act:\d:.+"):
    """A tap on anything of ours; `on_tap` gets the custom_id and, of a menu, what was chosen."""

    on_tap: ClassVar[OnTap]

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003
        /,
    ) -> Self:
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        data: dict[str, Any] = dict(interaction.data or {})
        await type(self).on_tap(interaction, str(data["custom_id"]), next(iter(data.get("values", ())), ""))


def tap_for(on_tap: OnTap) -> type[Tap]:
    """A kind of item for one client."""

    class OfClient(Tap, template=r"act:\d:.+"):
        pass

    OfClient.on_tap = on_tap
    return OfClient
