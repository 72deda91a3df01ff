"""Discord, as far as the bot needs it: a stand-in on this machine."""

from tests.discord_server.client import Impossible
from tests.discord_server.home import Home
from tests.discord_server.interaction import Interaction, Modal, NotThere, Shown
from tests.discord_server.message import Message
from tests.discord_server.people import Choice, Person
from tests.discord_server.place import Channel, May, Role
from tests.discord_server.server import DiscordServer

__all__ = [
    "Channel", "Choice", "DiscordServer", "Home", "Impossible", "Interaction", "May", "Message", "Modal", "NotThere",
    "Person", "Role", "Shown",
]  # fmt: skip
