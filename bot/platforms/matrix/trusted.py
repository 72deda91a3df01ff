"""Whether people's apps trust a device: they go by the keys that the homeserver shows, and so do we."""

import base64
from collections.abc import Mapping
from typing import Any

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from nio import Api

from bot.platforms.matrix.asking import dig


def is_signed(answer: Mapping[str, Any], user_id: str, device_id: str) -> bool:
    """Whether the account's identity has signed a device.

    Args:
        answer: Of /keys/query.
        user_id: Whose device it is.
        device_id: The device.
    """
    master = dig(answer, "master_keys", user_id)
    signing = dig(answer, "self_signing_keys", user_id)
    device = dig(answer, "device_keys", user_id, device_id)
    return _has_signed(master, signing, user_id) and _has_signed(signing, device, user_id)


def _has_signed(signer: Any, signed: Any, user_id: str) -> bool:
    """Whether the one public key in `signer` has signed an object."""
    keys = dig(signer, "keys")
    if not isinstance(keys, dict) or len(keys) != 1 or not isinstance(signed, dict):
        return False
    ((name, public),) = keys.items()
    given = dig(signed, "signatures", user_id, name)
    bare = {part: value for part, value in signed.items() if part not in {"signatures", "unsigned"}}
    try:
        key: ECC.EccKey = eddsa.import_public_key(_bytes(public))
        eddsa.new(key, "rfc8032").verify(str(Api.to_canonical_json(bare)).encode(), _bytes(given))
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _bytes(text: Any) -> bytes:
    """Base64 without its padding, as Matrix writes it."""
    return base64.b64decode(text + "=" * (-len(text) % 4))
