"""A homeserver to try the bot on: three accounts, an encrypted room and a config.yaml, kept in data/synapse."""
# ruff: noqa: INP001 - a program, not a package

import asyncio
import os
import pathlib
import re
import secrets
import signal
import socket
import sys
from typing import Any

import yaml

from tests.matrix_people import Person
from tests.synapse import SERVER_NAME, Absent, Account, MatrixError, Synapse, kept, quoted

ROOT = pathlib.Path(__file__).parent.parent
FOLDER = ROOT / "data/synapse"
CONFIG = FOLDER / "config.yaml"
ALIAS = "actie"
ROOM = f"#{ALIAS}:{SERVER_NAME}"
BOT, ORGANISER, VOLUNTEER = "actiebot", "sjoera", "anna"
_DEVICE = "SETUP"  # the same at each start, so that no row of dead devices grows


async def main() -> int:
    """Run it until Ctrl-C."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    port = int(os.environ.get("PORT", "8008"))
    if _taken(port):
        _print(f"Something listens on port {port} already. Choose another: make synapse PORT={port + 1}")
        return 1
    synapse = Synapse(FOLDER / "server", port=port)
    try:
        await synapse.start()
        await _furnish(synapse)
        _configure(synapse)
        _explain(synapse)
        while synapse.running and not stop.is_set():  # noqa: ASYNC110 - its death is no event
            await asyncio.sleep(0.2)
    finally:
        await synapse.stop()
    return 0 if stop.is_set() else 1


async def _furnish(synapse: Synapse) -> None:
    """Accounts, and a room that the bot is invited to; what is there already stays as it is."""
    people = {name: Person(synapse, await _account(synapse, name)) for name in (BOT, ORGANISER, VOLUNTEER)}
    organiser = people[ORGANISER]
    try:
        room = (await organiser.call("GET", f"/directory/room/{quoted(ROOM)}"))["room_id"]
    except MatrixError:
        room = await organiser.create_room(name="Actie", alias=ALIAS, encrypted=True)
    await organiser.join(room)
    for person in (people[BOT], people[VOLUNTEER]):
        if person.user_id not in await organiser.members(room) and room not in await person.invites():
            await organiser.invite(room, person.user_id)
    await people[VOLUNTEER].join(room)


async def _account(synapse: Synapse, name: str) -> Account:
    password = kept(_password(name), secrets.token_urlsafe(12))
    try:
        await synapse.register(name, password=password)
        _print(f"New account: @{name}:{SERVER_NAME}, password {password}")
    except MatrixError as error:
        if error.code != "M_USER_IN_USE":
            raise
    return await synapse.login(name, password, device_id=_DEVICE)


def _configure(synapse: Synapse) -> None:
    """The example's configuration, pointed here; of one that is there already only the port is changed."""
    if CONFIG.exists():
        CONFIG.write_text(re.sub(r"http://127\.0\.0\.1:\d+", synapse.url, CONFIG.read_text()))
        return
    kept(FOLDER / "store_key", secrets.token_urlsafe(32))
    example: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text())
    example["storage"] = {"url": "sqlite:///actiebot.db"}
    example["platforms"] = {"terminal": {}, "matrix": {
        "homeserver": synapse.url,
        "user_id": f"@{BOT}:{SERVER_NAME}",
        "password": f"${{file:{_password(BOT).name}}}",
        "store": "matrix",
        "store_key": "${file:store_key}",
        "invites_from": [f"*:{SERVER_NAME}"],
    }}  # fmt: skip
    example["roles"]["organiser"] = [f"matrix:@{ORGANISER}:{SERVER_NAME}", f"terminal:{ORGANISER}"]
    for kind in ("announcements", "volunteers"):
        example["rooms"][kind] = [f"matrix:{ROOM}"]
    _relocate(example)
    CONFIG.write_text(yaml.safe_dump(example, sort_keys=False, allow_unicode=True))


def _relocate(example: dict[str, Any]) -> None:
    """Make the paths of the example's files relative to where our copy of it is."""
    campaign = pathlib.Path(os.path.relpath(ROOT, FOLDER))
    for name, path in example["content"].items():
        example["content"][name] = str(campaign / path)
    source = example["petition"]["source"]
    source["file"] = str(campaign / source["file"])


def _explain(synapse: Synapse) -> None:
    folder = FOLDER.relative_to(ROOT)
    _print(f"""
Synapse runs on {synapse.url}, as {SERVER_NAME}; Ctrl-C stops it.
  The bot:     .venv/bin/actiebot run --config {folder}/{CONFIG.name}
  Yourself:    any Matrix client with the homeserver {synapse.url}, as {ORGANISER} (organiser) or {VOLUNTEER};
               the passwords are in {folder}/*.password
  The room:    {ROOM}, encrypted; {BOT} is invited
  Start anew:  remove {folder}
""")


def _password(name: str) -> pathlib.Path:
    return FOLDER / f"{name}.password"


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except (Absent, RuntimeError) as error:
        sys.exit(str(error))
