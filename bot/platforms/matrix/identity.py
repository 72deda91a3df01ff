"""The bot's identity on Matrix: three keys beyond any device, by which people's apps know a device for the bot's."""

import base64
import dataclasses
import json
import secrets
from collections.abc import Mapping
from typing import Any, Self

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from nio import Api

Signatures = dict[str, dict[str, str]]


class Key:
    """An Ed25519 key."""

    def __init__(self, seed: bytes) -> None:
        """Make the key of a seed of 32 bytes."""
        self.seed = seed
        self._key = ECC.construct(curve="Ed25519", seed=seed)
        self.public = _base64(self._key.public_key().export_key(format="raw"))

    @property
    def id(self) -> str:
        return f"ed25519:{self.public}"

    def signature(self, user_id: str, value: Mapping[str, Any]) -> Signatures:
        """What stands beneath a JSON object under "signatures"; signing the same again gives the same."""
        signed = eddsa.new(self._key, "rfc8032").sign(_canonical(value))
        return {user_id: {self.id: _base64(signed)}}

    def signed(self, user_id: str, value: Mapping[str, Any]) -> bool:
        """Whether this key's signature stands beneath a JSON object, and is right."""
        given = value.get("signatures", {}).get(user_id, {}).get(self.id)
        return bool(given == self.signature(user_id, value)[user_id][self.id])


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What the bot is: its master key signs the others; one of them signs devices, the other one people."""

    master: Key
    self_signing: Key
    user_signing: Key

    @classmethod
    def new(cls) -> Self:
        return cls(*(Key(secrets.token_bytes(32)) for _ in dataclasses.fields(cls)))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The one that `to_json` wrote."""
        return cls(**{name: Key(base64.b64decode(seed)) for name, seed in json.loads(text).items()})

    def to_json(self) -> str:
        """Its seeds: whoever has them is the bot."""
        keys = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return json.dumps({name: base64.b64encode(key.seed).decode() for name, key in keys.items()})

    def shown(self, user_id: str, master_signatures: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Its public keys as one uploads them.

        Args:
            user_id: Whose it is.
            master_signatures: By a device, beneath `bare_master`.
        """
        return {
            "master_key": {**self.bare_master(user_id), "signatures": dict(master_signatures)},
            "self_signing_key": self._by_master(_shown(user_id, "self_signing", self.self_signing)),
            "user_signing_key": self._by_master(_shown(user_id, "user_signing", self.user_signing)),
        }

    def bare_master(self, user_id: str) -> dict[str, Any]:
        """The master key without signatures."""
        return _shown(user_id, "master", self.master)

    def _by_master(self, key: dict[str, Any]) -> dict[str, Any]:
        return {**key, "signatures": self.master.signature(key["user_id"], key)}


def _shown(user_id: str, usage: str, key: Key) -> dict[str, Any]:
    return {"user_id": user_id, "usage": [usage], "keys": {key.id: key.public}}


def _canonical(value: Mapping[str, Any]) -> bytes:
    bare = {name: part for name, part in value.items() if name not in {"signatures", "unsigned"}}
    return str(Api.to_canonical_json(bare)).encode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
