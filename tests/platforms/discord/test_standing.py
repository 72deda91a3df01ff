"""Roles: those that come with what somebody does, those that are looked up, and those that give nothing."""

import dataclasses

import pytest

from bot.platforms.discord import standing
from tests.discord_server import Person
from tests.discord_server.faults import banned, cut, delay
from tests.discord_server.place import Role
from tests.discord_server.world import GUILDS, Event
from tests.platforms.discord.conftest import Scene

ORGANISERS = "bericht lijst"


async def may(person: Person, scene: Scene, line: str = ORGANISERS) -> bool:
    """Whether somebody may give a command, in the private talk with the bot."""
    shown = await (await person.slash(await person.dm(), line, forged=True)).answer()
    return " is voor " not in shown.text


def lookups(scene: Scene) -> int:
    """How often members were looked up."""
    return sum("/members/" in path for _, path in scene.server.rest.calls)


async def test_in_the_guild(scene: Scene) -> None:
    """In the guild the roles come with the command: who gets or loses one notices at once, and nobody is looked up."""
    async with scene.home.running():
        (role,) = scene.guild.guild.members[scene.sjoera.id].roles

        async def may_here(person: Person) -> bool:
            shown = await (await person.slash(scene.desk, ORGANISERS, forged=True)).answer()
            return " is voor " not in shown.text

        assert [await may_here(person) for person in (scene.sjoera, scene.anna)] == [True, False]
        scene.guild.gives(scene.sjoera)
        scene.guild.gives(scene.anna, role)
        assert [await may_here(person) for person in (scene.sjoera, scene.anna)] == [False, True]
        assert lookups(scene) == 0


async def test_in_private(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """In private roles are looked up once in five minutes; after that who lost one or left has it no more."""
    now = [0.0]
    monkeypatch.setattr(standing.Standing.__init__, "__kwdefaults__", {"seconds": lambda: now[0]})
    async with scene.home.running():
        assert [await may(scene.sjoera, scene) for _ in range(3)] == [True] * 3
        assert lookups(scene) == 1
        scene.guild.gives(scene.sjoera)
        assert await may(scene.sjoera, scene)
        now[0] = standing.KEPT_SECONDS
        assert not await may(scene.sjoera, scene)
        assert await may(scene.anna, scene, "proef tel")
        assert await may(scene.anna, scene, "proef geheim")
        scene.guild.leaves(scene.anna)
        now[0] *= 2
        assert not await may(scene.anna, scene, "proef geheim")


@pytest.mark.parametrize("fault", [cut(), banned()])
async def test_lookup_fails(scene: Scene, fault: object) -> None:
    """Roles that cannot be looked up are none, and are looked up again at the next call."""
    async with scene.home.running():
        scene.server.faults.plan(fault, "GET", "/members/", times=2)  # type: ignore[arg-type]
        assert not await may(scene.sjoera, scene)
        scene.server.faults.clear()
        assert await may(scene.sjoera, scene)


async def test_slow_lookup(scene: Scene) -> None:
    """A look-up that takes longer than Discord waits makes no call late."""
    async with scene.home.running():
        for line in ("proef tel", "proef kleur"):
            scene.server.faults.plan(delay(3.5), "GET", "/members/")
            asked = await scene.anna.slash(await scene.anna.dm(), line, {"kleur": "rood"} if "kleur" in line else {})
            assert (await asked.answer()).text in {"Geteld: 1", "Gekozen: red"}
            scene.guild.leaves(scene.anna)
            scene.anna = scene.guild.person("anna-twee")


async def test_role_of_another_guild(scene: Scene) -> None:
    """A role counts in the campaign's guilds alone, even where another guild has one with the same id."""
    other = scene.server.guild("Elders")
    (role,) = scene.guild.guild.members[scene.sjoera.id].roles
    other.guild.roles[role.id] = Role(role.id, "organisatie", 8, 1)
    eve = other.person("eve", roles=[other.guild.roles[role.id]])
    async with scene.home.running():
        assert not await may(eve, scene)
        assert not await may(eve, scene, "proef geheim")


async def test_in_no_guild(scene: Scene) -> None:
    """Somebody in no guild of ours is a guest: asking is allowed, what members do is not."""
    eve = scene.server.person("eve")
    async with scene.home.running():
        assert (await (await eve.slash(await eve.dm(), "proef kleur", {"kleur": "rood"})).answer()).text
        assert not await may(eve, scene, "proef geheim")


async def test_organiser_by_account(scene: Scene) -> None:
    """An account that is an organiser by its own id is one everywhere."""
    home = dataclasses.replace(scene.home, organisers=[f"discord:user:{scene.bram.id}"])
    async with home.running():
        assert await may(scene.bram, scene)
        assert not await may(scene.sjoera, scene)


async def test_role_of_a_moment_ago(scene: Scene) -> None:
    """A role counts also where discord.py has not heard of it, as while the guild comes back from an outage."""
    role = Role(scene.server.clock.snowflake(), "nieuw", 0, 2)
    home = dataclasses.replace(scene.home, organisers=[f"discord:role:{role.id}"])
    async with home.running():
        scene.guild.guild.roles[role.id] = role
        scene.guild.gives(scene.anna, role)
        assert await may(scene.anna, scene)
        shown = await (await scene.anna.slash(scene.desk, ORGANISERS, forged=True)).answer()
        assert " is voor " not in shown.text


async def test_guild_with_an_outage(scene: Scene) -> None:
    """While Discord says that the guild is unavailable, who gives a command there keeps their role."""
    async with scene.home.running():
        scene.server.world.announce(Event("GUILD_DELETE", {"id": scene.guild.id, "unavailable": True}, GUILDS))
        shown = await (await scene.sjoera.slash(scene.desk, ORGANISERS)).answer()
        assert " is voor " not in shown.text
        assert await may(scene.anna, scene, "proef geheim")
