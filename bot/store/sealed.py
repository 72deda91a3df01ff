"""An encrypted file that is written and read from front to end, in little memory.

    header   magic, version, cost of scrypt, salt, proof of the key, checksum
    records  length (its highest bit: this is the last one), AES-256-GCM of at most 64 KiB, tag

The key of a file is scrypt(key, its own random salt), so a nonce need only differ within the file: the number of the
record, and whether it is the last. A record that was changed, swapped, repeated or left out does not open, nor does
a file without its last record; the header is authenticated with each of them.
"""

import dataclasses
import hmac
import secrets
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from Crypto.Cipher import AES
from Crypto.Protocol.KDF import scrypt

from bot.store.backup_error import BackupError, BackupReason

CHUNK = 64 * 1024

_MAGIC = b"actiebot-backup\n"
_VERSION = 1
_HEADER = struct.Struct(">16sBBBB16s16s")  # magic, version, log2 of N, r, p, salt, proof
_CHECKSUM = struct.Struct(">I")
_LENGTH = struct.Struct(">I")
_LAST = 1 << 31
_TAG_BYTES = 16
_HIGHEST_LOG_N, _HIGHEST_R, _HIGHEST_P = 18, 8, 16  # a forged header may not ask for all memory


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of the key costs: 128 · r · 2^log_n bytes of memory, p times."""

    log_n: int
    r: int
    p: int


# One of the settings that OWASP's Password Storage Cheat Sheet lists as equally strong; this one takes 32 MiB.
STRONG = Cost(log_n=15, r=8, p=3)


class Sealer:
    """Encrypts what is written into a stream; without `close` the file counts as cut."""

    def __init__(self, stream: BinaryIO, key: str, cost: Cost = STRONG) -> None:
        salt = secrets.token_bytes(16)
        secret, proof = _derive(key, salt, cost)
        head = _HEADER.pack(_MAGIC, _VERSION, cost.log_n, cost.r, cost.p, salt, proof)
        self._header = head + _CHECKSUM.pack(zlib.crc32(head))
        self._stream = stream
        self._secret = secret
        self._number = 0
        self._waiting = bytearray()
        stream.write(self._header)

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        """Write the last record."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, data: bytes, *, last: bool) -> None:
        cipher = AES.new(self._secret, AES.MODE_GCM, nonce=_nonce(self._number, last=last))
        cipher.update(self._header)
        sealed, tag = cipher.encrypt_and_digest(data)
        self._stream.write(_LENGTH.pack(len(data) | (_LAST if last else 0)) + sealed + tag)
        self._number += 1


def unsealed(stream: BinaryIO, key: str, place: str) -> Iterator[bytes]:
    """What was written into a file, piece by piece, each only once it is known to be genuine.

    Raises:
        BackupError: the key is another one, or the file is not as it was written; `place` is its name in there.
    """
    header, cost, salt, proof = _head(stream, place)
    secret, ours = _derive(key, salt, cost)
    if not hmac.compare_digest(proof, ours):
        raise BackupError(BackupReason.WRONG_KEY, place)
    number, last = 0, False
    while not last:
        (word,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size, place))
        last, length = bool(word & _LAST), word & ~_LAST
        if length > CHUNK:
            raise BackupError(BackupReason.DAMAGED, place, f"record {number} has a length of {length}")
        sealed = _exactly(stream, length, place)
        tag = _exactly(stream, _TAG_BYTES, place)
        cipher = AES.new(secret, AES.MODE_GCM, nonce=_nonce(number, last=last))
        cipher.update(header)
        try:
            data = cipher.decrypt_and_verify(sealed, tag)
        except ValueError as error:
            raise BackupError(BackupReason.DAMAGED, place, f"record {number}") from error
        yield data
        number += 1
    if stream.read(1):
        raise BackupError(BackupReason.DAMAGED, place, "there is something after its end")


def _head(stream: BinaryIO, place: str) -> tuple[bytes, Cost, bytes, bytes]:
    head = stream.read(_HEADER.size + _CHECKSUM.size)
    if not head or not _MAGIC.startswith(head[: len(_MAGIC)]):
        raise BackupError(BackupReason.FOREIGN, place)
    if len(head) > len(_MAGIC) and head[len(_MAGIC)] > _VERSION:
        raise BackupError(BackupReason.NEWER, place, f"file version {head[len(_MAGIC)]}")
    if len(head) < _HEADER.size + _CHECKSUM.size:
        raise BackupError(BackupReason.CUT, place)
    _, _, log_n, r, p, salt, proof = _HEADER.unpack_from(head)
    (checksum,) = _CHECKSUM.unpack_from(head, _HEADER.size)
    sane = 1 <= log_n <= _HIGHEST_LOG_N and 1 <= r <= _HIGHEST_R and 1 <= p <= _HIGHEST_P
    if checksum != zlib.crc32(head[: _HEADER.size]) or not sane:
        raise BackupError(BackupReason.DAMAGED, place, "header")
    return head, Cost(log_n, r, p), salt, proof


def _derive(key: str, salt: bytes, cost: Cost) -> tuple[bytes, bytes]:
    """The secret of a file, and what shows that the key is the right one without telling anything of the secret."""
    # As UTF-8: pycryptodome would take a str as Latin-1, and refuse one with a € in it.
    derived = scrypt(key.encode(), salt, key_len=48, N=1 << cost.log_n, r=cost.r, p=cost.p)
    return derived[:32], derived[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">QI", number, last)


def _exactly(stream: BinaryIO, size: int, place: str) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise BackupError(BackupReason.CUT, place)
    return data
