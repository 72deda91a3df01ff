"""The guild where the people of a test are."""

from collections.abc import Sequence

from tests.discord_server.people import Person
from tests.discord_server.place import (
    EVERYTHING,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    TALK,
    Channel,
    Guild,
    Kind,
    Member,
    Overwrite,
    Role,
)
from tests.discord_server.world import GUILDS, Event, World


class Home:
    """A guild, to be furnished by a test."""

    def __init__(self, world: World, name: str, locale: str) -> None:
        self.world = world
        number = world.clock.snowflake()
        joined = world.clock.stamp()
        owner = world.user(f"{name}-eigenaar", locale=locale)
        self.guild = Guild(number, name, locale, owner, Member(world.bot, joined))
        self.guild.roles[number] = Role(number, "@everyone", int(TALK), 0)
        for member in (self.guild.bot, Member(owner, joined)):
            self.guild.members[member.user.id] = member
        self.owner = Person(world, owner, self.guild)
        world.guilds[number] = self.guild
        world.announce(Event("GUILD_CREATE", self.guild.created(), GUILDS))

    @property
    def id(self) -> str:
        return self.guild.id

    @property
    def name(self) -> str:
        return self.guild.name

    def channel(self, name: str) -> Channel:
        """A new text channel."""
        return self._open(name, Kind.TEXT)

    def category(self, name: str) -> Channel:
        """What stands above channels."""
        return self._open(name, Kind.CATEGORY)

    def thread(self, parent: Channel, name: str) -> Channel:
        """A new public thread in a channel."""
        return self._open(name, Kind.THREAD, parent)

    def _open(self, name: str, kind: Kind, parent: Channel | None = None) -> Channel:
        made = Channel(
            self.world.clock.snowflake(), name, kind, self.guild, parent=parent,
            position=len(self.guild.channels), made=self.world.clock.stamp(),
        )  # fmt: skip
        self.guild.channels[made.id] = self.world.channels[made.id] = made
        event = "THREAD_CREATE" if kind == Kind.THREAD else "CHANNEL_CREATE"
        self.world.announce(Event(event, made.payload(), GUILDS))
        return made

    def role(self, name: str, *, permissions: int = 0, administrator: bool = False) -> Role:
        """A new role."""
        held = int(EVERYTHING) if administrator else permissions
        made = Role(self.world.clock.snowflake(), name, held, len(self.guild.roles))
        self.guild.roles[made.id] = made
        data = {"guild_id": self.id, "role": made.payload()}
        self.world.announce(Event("GUILD_ROLE_CREATE", data, GUILDS))
        return made

    def person(self, name: str, *, roles: Sequence[Role] = (), locale: str = "nl", nick: str | None = None) -> Person:
        """Somebody new, who is a member here."""
        return self.joins(Person(self.world, self.world.user(name, locale=locale)), roles=roles, nick=nick)

    def joins(self, person: Person, *, roles: Sequence[Role] = (), nick: str | None = None) -> Person:
        """Somebody from elsewhere becomes a member here as well."""
        member = Member(person.user, self.world.clock.stamp(), list(roles), nick)
        self.guild.members[person.id] = member
        return Person(self.world, person.user, self.guild)

    def leaves(self, person: Person) -> None:
        del self.guild.members[person.id]

    def gives(self, person: Person, *roles: Role) -> None:
        """Let a member have these roles, and no others."""
        self.guild.members[person.id].roles = list(roles)

    def forbids(self, channel: Channel, code: int = MISSING_PERMISSIONS) -> None:
        """Let the bot not speak in a channel, or with 50001 not see it."""
        channel.refuses = code
        self.world.announce(Event("CHANNEL_UPDATE", channel.payload(), GUILDS))

    def allows(self, channel: Channel) -> None:
        """Let the bot speak there again."""
        channel.refuses = None
        self.world.announce(Event("CHANNEL_UPDATE", channel.payload(), GUILDS))

    def overwrites(self, channel: Channel, whom: Role | Person | None = None, *, allow: int = 0, deny: int = 0) -> None:
        """Let a role or a member, or else everybody, do more or less in one channel than elsewhere."""
        id_ = whom.id if whom else self.id
        channel.overwrites[id_] = Overwrite(id_, isinstance(whom, Person), allow, deny)
        self.world.announce(Event("CHANNEL_UPDATE", channel.payload(), GUILDS))

    def shows(self, name: str, *roles: Role) -> None:
        """Let administrators show a command to some roles: Server Settings, Integrations."""
        (command,) = (one for one in self.world.visible(self.guild) if one.name == name)
        self.guild.shown[command.id] = list(roles)

    def dismisses_bot(self) -> None:
        """Send the bot away: it is in no channel here any more."""
        del self.world.guilds[self.id]
        for channel in self.guild.channels.values():
            channel.refuses = MISSING_ACCESS
        self.world.announce(Event("GUILD_DELETE", {"id": self.id}, GUILDS))

    def closes(self, channel: Channel) -> None:
        """Take a channel away."""
        del self.guild.channels[channel.id], self.world.channels[channel.id]
        self.world.announce(Event("CHANNEL_DELETE", channel.payload(), GUILDS))
