"""What we are measured beside: a bot on matrix-nio that answers `pong` from memory, and nothing else."""

import asyncio
import sys

import nio


async def main(url: str, user: str, device: str, token: str, limit: str, store: str = "") -> None:
    """Answer until stopped.

    Args:
        url: Of the homeserver.
        user: The account.
        device: Its device.
        token: Of a login with that device.
        limit: How many events of a room one sync may bring; 10 is what a homeserver takes by itself.
        store: A folder for keys; without one there is no encryption.
    """
    client = nio.AsyncClient(url, user, device_id=device, store_path=store)
    client.restore_login(user, device, token)

    async def answer(room: nio.MatrixRoom, event: nio.RoomMessageText) -> None:
        if event.body == "!ping":
            pong = {"msgtype": "m.text", "body": "pong"}
            await client.room_send(room.room_id, "m.room.message", pong, ignore_unverified_devices=True)

    await client.sync(full_state=True)  # what was said before is not for us
    client.add_event_callback(answer, nio.RoomMessageText)
    await client.sync_forever(30_000, {"room": {"timeline": {"limit": int(limit)}}})


asyncio.run(main(*sys.argv[1:]))
