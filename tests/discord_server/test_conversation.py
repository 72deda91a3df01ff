"""discord.py as it is talks with the stand-in as with Discord."""

import io

import discord
import pytest

from tests.discord_server.client import Impossible
from tests.discord_server.home import Home
from tests.discord_server.interaction import NotThere, Shown
from tests.discord_server.people import Choice, Person
from tests.discord_server.place import MISSING_ACCESS, Channel
from tests.discord_server.server import DiscordServer
from tests.discord_server.small_bot import SmallBot, eventually, hello, running


async def said(person: Person, where: Channel, line: str, **values: object) -> Shown:
    return await (await person.slash(where, line, values)).answer()


async def test_nothing_breaks_a_rule(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """Everything that discord.py sends and everything that comes back fits Discord's description."""
    assert server.rest.description.present or pytest.skip("Discord's description is not on this machine")
    await said(anna, room, "hallo", naam="Bram")
    board = await said(anna, room, "bord")
    await (await anna.choose(board, "Ja")).answer()
    await (await anna.submit(await (await anna.tap(board, "Schrijf")).form(), {"Tekst": "Hoi"})).answer()
    await anna.complete("vraag", "onderwerp", "g")
    await said(anna, await anna.dm(), "traag")
    await _everything(bot, room, anna)
    assert server.violations == []


async def _everything(bot: SmallBot, room: Channel, anna: Person) -> None:
    """The requests that no interaction makes."""
    channel = await bot.fetch_channel(int(room.id))
    assert isinstance(channel, discord.TextChannel)
    picture = discord.File(io.BytesIO(b"GIF89a"), "balk.gif", description="De balk")
    sent = await channel.send(
        "Kijk", file=picture, embed=discord.Embed(title="X").set_image(url="attachment://balk.gif")
    )
    await sent.edit(content="Kijk nog eens")
    assert [one.id async for one in channel.history(limit=1)] == [sent.id]
    await (await channel.fetch_message(sent.id)).reply("Antwoord")
    await sent.delete()
    async with channel.typing():
        pass
    guild = await bot.fetch_guild(int(room.guild.id) if room.guild else 0)
    await guild.fetch_member(int(anna.id))
    await guild.fetch_roles()
    await guild.fetch_channels()
    await (await bot.fetch_user(int(anna.id))).send("Hoi")
    await bot.tree.sync(guild=guild)
    assert {one.name for one in await bot.tree.fetch_commands()} >= {"hallo"}
    assert [one.name async for one in bot.fetch_guilds()] == [guild.name]
    soon = discord.utils.utcnow()
    await guild.create_scheduled_event(
        name="Actiedag",
        start_time=soon.replace(year=2100),
        end_time=soon.replace(year=2101),
        location="Dam",
        privacy_level=discord.PrivacyLevel.guild_only,
        entity_type=discord.EntityType.external,
    )
    assert [one.name for one in await guild.fetch_scheduled_events()] == ["Actiedag"]


async def test_slash_command(bot: SmallBot, room: Channel, anna: Person) -> None:
    """A command with its options is answered where it was typed."""
    answer = await said(anna, room, "hallo", naam="Bram")
    assert (answer.text, answer.ephemeral, answer.channel) == ("Hallo Bram", False, room)


async def test_ephemeral_answer(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """What only the asker sees does not stand in the channel."""
    assert (await said(anna, room, "hallo", naam="Bram", geheim=True)).ephemeral
    assert server.messages(room) == []


async def test_a_member_as_value(bot: SmallBot, home: Home, room: Channel, anna: Person) -> None:
    """A person is picked and arrives as a member, with the name of that guild."""
    assert (
        await said(anna, room, "hallo", naam="x", wie=home.person("Bram", nick="Brammetje"))
    ).text == "Hallo Brammetje"


async def test_deferred_answer(bot: SmallBot, anna: Person) -> None:
    """An answer that is still to come is read once it is there, in private too."""
    interaction = await anna.slash(await anna.dm(), "traag")
    assert (await interaction.answer()).text == "Klaar\nHet is zover"
    await interaction.until(lambda: len(interaction.shown()) == 2)
    assert [one.ephemeral for one in interaction.shown()] == [True, True]


async def test_first_follow_up_takes_the_place_of_thinking(bot: SmallBot, room: Channel, anna: Person) -> None:
    """Said after "thinking", the first thing is the answer itself, as private as the thinking was."""

    @bot.tree.command(name="later", description="Later")
    async def later(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("Nu")

    await bot.tree.sync()
    interaction = await anna.slash(room, "later")
    answer = await interaction.answer()
    assert (answer.text, answer.ephemeral, len(interaction.shown())) == ("Nu", True, 1)


async def test_buttons(bot: SmallBot, room: Channel, anna: Person) -> None:
    """A button answers its presser, and may change the message that it is beneath."""
    board = await said(anna, room, "bord")
    assert board.buttons == ["Neem", "Klaar", "Schrijf"]
    assert (await (await anna.tap(board, "Neem")).answer()).text == "Voor Anna"
    done = await (await anna.tap(board, "Klaar")).answer()
    assert (done.id, done.text, done.buttons) == (board.id, "Gedaan", [])
    with pytest.raises(Impossible):
        await anna.tap(board, "Neem")


async def test_forged_button(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """A made-up id reaches the bot; nobody answers it."""
    server.world.patience_seconds = 0.1
    with pytest.raises(NotThere):
        await (await anna.tap(await said(anna, room, "bord"), custom_id="nonsense")).answer()


async def test_list(bot: SmallBot, room: Channel, anna: Person) -> None:
    """A choice from a list changes the message after a deferred update."""
    assert (await (await anna.choose(await said(anna, room, "bord"), "Ja")).answer()).text == "Gekozen: ['1']"


async def test_form(bot: SmallBot, room: Channel, anna: Person) -> None:
    """A form is filled in and answered; too much is not taken."""
    form = await (await anna.tap(await said(anna, room, "bord"), "Schrijf")).form()
    assert (form.title, list(form.fields)) == ("Aankondiging", ["Tekst"])
    with pytest.raises(Impossible):
        await anna.submit(form, {"Tekst": "x" * 101})
    assert (await (await anna.submit(form, {"Tekst": "Hoi"})).answer()).text == "Gelezen: Hoi"


async def test_autocompletion(bot: SmallBot, anna: Person) -> None:
    """What is typed so far brings the values that hold it."""
    assert await anna.complete("vraag", "onderwerp", "beg") == [Choice("Begroting", "begroting")]


async def test_what_a_client_refuses(bot: SmallBot, home: Home, room: Channel, anna: Person) -> None:
    """No command without its required value, with an unknown one, or that is not there; forged it is sent."""
    for line, values in (("hallo", {}), ("hallo", {"naam": "x", "leeftijd": "3"}), ("weg", {})):
        with pytest.raises(Impossible):
            await anna.slash(room, line, values)
    with pytest.raises(Impossible):
        await anna.slash(room, "hallo", {"naam": "x", "geheim": "ja"})
    assert (await anna.slash(room, "hallo", {"naam": "", "geheim": True}, forged=True)).data["name"] == "hallo"


async def test_organisers_alone(bot: SmallBot, home: Home, room: Channel, anna: Person) -> None:
    """A command for administrators is not seen by others."""
    boss = home.person("Baas", roles=[home.role("organisatie", administrator=True)])
    hello.default_permissions = discord.Permissions.none()
    try:
        await bot.tree.sync()
    finally:
        hello.default_permissions = None
    with pytest.raises(Impossible):
        await anna.slash(room, "hallo", {"naam": "Bram"})
    assert (await said(boss, room, "hallo", naam="Bram")).text == "Hallo Bram"


async def test_content_of_messages(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """Without the intent a message is empty, except in private and where the bot is named."""
    named = f"Hoi {server.world.bot.mention}"
    await anna.says(room, "Voor de groep")
    await anna.says(room, named)
    await anna.says(await anna.dm(), "Voor jou")
    await eventually(lambda: len(bot.heard) == 3)
    assert bot.heard == ["", named, "Voor jou"]


async def test_nobody_there(server: DiscordServer, room: Channel, anna: Person) -> None:
    """Without a bot the person reads at once that it did not respond; when it may come back, after three seconds."""
    async with running(server):
        pass
    server.world.patience_seconds = 0.2
    with pytest.raises(NotThere):
        await (await anna.slash(room, "hallo", {"naam": "Bram"})).answer()
    server.world.patience_seconds = 60
    server.gateway.forget()
    with pytest.raises(NotThere):
        await (await anna.slash(room, "hallo", {"naam": "Bram"})).answer()


async def test_silence(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """A bot that says nothing in time did not respond."""
    server.world.patience_seconds = 0.1
    with pytest.raises(NotThere):
        await said(anna, room, "stil")


async def test_late_answer(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """After three seconds an interaction is unknown, and the person has read that nobody responded."""
    server.late = True
    interaction = await anna.slash(room, "hallo", {"naam": "Bram"})
    interaction.patience_seconds = 0.2
    with pytest.raises(NotThere):
        await interaction.answer()
    assert server.messages(room) == []
    assert any("/callback" in path for _, path in server.rest.calls)


async def test_second_answer_and_expiry(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """An interaction is answered once, and its token lives a quarter of an hour."""
    codes: list[int] = []

    @bot.tree.command(name="dubbel", description="Twee keer")
    async def double(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Eén")
        interaction.response._response_type = None
        for act in (lambda: interaction.response.send_message("Twee"), lambda: _after_long(server, interaction)):
            try:
                await act()
            except discord.HTTPException as error:
                codes.append(error.code)

    await bot.tree.sync()
    await said(anna, room, "dubbel")
    await eventually(lambda: len(codes) == 2)
    assert codes == [40060, 50027]


async def _after_long(server: DiscordServer, interaction: discord.Interaction) -> None:
    server.clock.advance(15 * 60 + 1)
    await interaction.followup.send("Drie")


async def test_closed_doors(bot: SmallBot, home: Home, room: Channel, anna: Person) -> None:
    """A person who takes no private messages, and a channel that is closed to the bot, refuse with Discord's codes."""
    channel = bot.get_partial_messageable(int(room.id))
    anna.closes_dms()
    home.forbids(room)
    codes = []
    for target in (await bot.fetch_user(int(anna.id)), channel):
        with pytest.raises(discord.Forbidden) as refused:
            await target.send("Hoi")
        codes.append(refused.value.code)
    home.forbids(room, MISSING_ACCESS)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.fetch_message(1)
    home.allows(room)
    with pytest.raises(discord.NotFound) as unknown:
        await channel.fetch_message(1)
    assert [*codes, refused.value.code, unknown.value.code] == [50007, 50013, 50001, 10008]


async def test_in_a_thread(server: DiscordServer, bot: SmallBot, home: Home, room: Channel, anna: Person) -> None:
    """A thread is a channel of its own."""
    thread = home.thread(room, "draad")
    assert (await said(anna, thread, "hallo", naam="Bram")).channel is thread
    assert isinstance(await bot.fetch_channel(int(thread.id)), discord.Thread)
    assert (len(server.messages(thread)), server.messages(room), server.violations) == (1, [], [])


async def test_only_where_one_is(home: Home, room: Channel, anna: Person) -> None:
    """Nobody speaks in a guild or a private channel of others."""
    bram = home.person("Bram")
    home.leaves(bram)
    for place in (room, await anna.dm()):
        with pytest.raises(Impossible):
            await bram.says(place, "Hoi")


async def test_our_own_answers_are_held_against_it(server: DiscordServer, room: Channel) -> None:
    """An answer of the stand-in that Discord would not give is found."""
    description = server.rest.description
    assert description.present or pytest.skip("Discord's description is not on this machine")
    template = "/channels/{channel_id}"
    assert description.answer_faults("GET", template, 200, room.payload()) == []
    assert description.answer_faults("GET", template, 200, room.payload() | {"name": 1}) != []
    assert description.answer_faults("DELETE", template + "/messages/{message_id}", 204, {}) != []
