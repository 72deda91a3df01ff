"""The folder with the bot's device: its login and its keys, for one process at a time and for nobody else's eyes."""

import contextlib
import fcntl
import os
import pathlib
import sqlite3
import tempfile
import urllib.parse
from collections.abc import Iterator

from bot.core.platform import Off
from bot.core.reply import Phrase
from bot.platforms.matrix.sealing import WrongKey, seal, stretched, unseal


class Folder:
    """Files that are sealed, and the files of nio's crypto store."""

    def __init__(self, path: pathlib.Path, key: str) -> None:
        """Name a folder; it need not exist.

        Args:
            path: Of the bot alone.
            key: `store_key` of the configuration.
        """
        self.path = path
        self._key = key

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder, and have it for ourselves for the length of a block.

        Two processes on one device lose each other's keys.

        Raises:
            Off: another process has it, or it cannot be made.
        """
        descriptor = self._opened()
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Off(Phrase("matrix.off_busy", {"folder": str(self.path)})) from None
            yield
        finally:
            os.close(descriptor)

    def read(self, name: str) -> str | None:
        """What `write` put there.

        Raises:
            Off: with another key than ours.
        """
        try:
            return unseal((self.path / name).read_text("utf-8"), self._key)
        except FileNotFoundError:
            return None
        except WrongKey:
            raise self.sealed_otherwise() from None

    def write(self, name: str, text: str) -> None:
        """Keep a text, sealed; whole or not at all, whenever the power goes."""
        handle, part = tempfile.mkstemp(prefix=f".{name}.", dir=self.path)  # 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(seal(text, self._key))
                stream.flush()
                os.fsync(stream.fileno())
            pathlib.Path(part).replace(self.path / name)
        except BaseException:
            pathlib.Path(part).unlink(missing_ok=True)
            raise

    def crypto_file(self, user_id: str, device_id: str) -> pathlib.Path:
        """Where nio keeps a device's keys."""
        return self.path / f"{urllib.parse.quote(f'{user_id} {device_id}', safe='')}.db"

    def pickle_key(self, user_id: str) -> str:
        """What nio encrypts them with; nio itself hashes this only once, which makes guessing cheap."""
        return stretched(self._key, f"nio {user_id}".encode()).hex()

    def identity(self, user_id: str, device_id: str) -> str | None:
        """The public Ed25519 key of a device whose private keys are here, as the server shows it.

        Raises:
            Off: `store_key` is not the one that they were encrypted with, or the file is damaged.
        """
        import nio
        import vodozemac

        pickle = self._pickle(user_id, device_id)
        if pickle is None:
            return None
        try:
            account = nio.crypto.OlmAccount.from_pickle(pickle, self.pickle_key(user_id))
        except (vodozemac.PickleException, vodozemac.LibolmPickleException):
            raise self.sealed_otherwise() from None
        return str(account.identity_keys["ed25519"])

    def sealed_otherwise(self) -> Off:
        """The refusal where `store_key` is another than the one that was used before."""
        return Off(Phrase("matrix.off_store_key", {"folder": str(self.path)}))

    def _opened(self) -> int:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            values = {"folder": str(self.path), "reason": str(error.strerror)}
            raise Off(Phrase("matrix.off_folder", values)) from error

    def _pickle(self, user_id: str, device_id: str) -> bytes | None:
        file = self.crypto_file(user_id, device_id)
        if not file.exists():
            return None
        try:
            with contextlib.closing(sqlite3.connect(file)) as link:
                if not link.execute("SELECT 1 FROM sqlite_master WHERE name = 'accounts'").fetchone():
                    return None  # stopped before it was filled
                found = link.execute(
                    "SELECT account FROM accounts WHERE user_id = ? AND device_id = ?", (user_id, device_id)
                ).fetchone()
        except sqlite3.DatabaseError as error:
            raise Off(Phrase("matrix.off_damaged", {"file": str(file), "reason": str(error)})) from error
        return bytes(found[0]) if found else None


def must_encrypt() -> None:
    """Refuse to go on without encryption: without it nio sends plaintext into encrypted rooms.

    Raises:
        Off: what nio needs for it is not installed.
    """
    import nio

    if not nio.crypto.ENCRYPTION_ENABLED:
        raise Off(Phrase("matrix.off_no_encryption"))
