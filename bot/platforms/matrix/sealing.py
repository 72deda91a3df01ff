"""Secrets at rest: AES-256-GCM, with a key that scrypt makes of what the host chose."""

import base64
import hashlib
import secrets

from Crypto.Cipher import AES

_FORMAT = "1"
_SALT, _NONCE, _TAG = 16, 12, 16  # bytes
_MOST_BYTES = 64 * 1024 * 1024  # scrypt needs 16 MiB for these costs


class WrongKey(Exception):
    """It was sealed with another key, or is damaged; there is no telling which."""


def seal(text: str, key: str) -> str:
    """Encrypt a text; each time it comes out differently."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    cipher = AES.new(stretched(key, salt), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(_FORMAT.encode())
    sealed, tag = cipher.encrypt_and_digest(text.encode())
    return f"{_FORMAT}.{base64.b64encode(salt + nonce + tag + sealed).decode()}"


def unseal(sealed: str, key: str) -> str:
    """The text that `seal` was given.

    Raises:
        WrongKey: this key does not open it.
    """
    format_, _, packed = sealed.strip().partition(".")
    try:
        raw = base64.b64decode(packed, validate=True)
        salt, nonce, tag, rest = _parts(raw)
        cipher = AES.new(stretched(key, salt), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
        cipher.update(format_.encode())
        return cipher.decrypt_and_verify(rest, tag).decode()
    except ValueError:
        raise WrongKey from None


def stretched(key: str, salt: bytes) -> bytes:
    """32 bytes out of a key that somebody chose; it takes a tenth of a second, which is what guessing costs too."""
    return hashlib.scrypt(key.encode(), salt=salt, n=2**14, r=8, p=1, maxmem=_MOST_BYTES, dklen=32)


def _parts(raw: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    ends = (_SALT, _SALT + _NONCE, _SALT + _NONCE + _TAG)
    return raw[: ends[0]], raw[ends[0] : ends[1]], raw[ends[1] : ends[2]], raw[ends[2] :]
