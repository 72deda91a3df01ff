"""What lies on the disk is of no use without the key."""

import base64

import pytest

from bot.platforms.matrix.sealing import WrongKey, seal, unseal

KEY = "sleutel é 🔑"


@pytest.mark.parametrize("text", ["", "geheim", "één 🔑 en\nnog wat", "x" * 100_000])
def test_back_again(text: str) -> None:
    """What is sealed comes back, whatever it is."""
    assert unseal(seal(text, KEY), KEY) == text


def test_each_time_different() -> None:
    """The same text is not sealed the same twice, and does not show through."""
    once, again = seal("geheim", KEY), seal("geheim", KEY)
    assert once != again
    assert "geheim" not in once
    assert b"geheim" not in base64.b64decode(once.split(".")[1])


@pytest.mark.parametrize("key", ["", "sleutel e 🔑", KEY + " "])
def test_another_key(key: str) -> None:
    """Another key does not open it."""
    with pytest.raises(WrongKey):
        unseal(seal("geheim", KEY), key)


@pytest.mark.parametrize("place", [0, 16, 28, 44, -1])
def test_changed(place: int) -> None:
    """One bit is another, wherever it is: it does not open."""
    raw = bytearray(base64.b64decode(seal("geheim", KEY).split(".")[1]))
    raw[place] ^= 1
    with pytest.raises(WrongKey):
        unseal(f"1.{base64.b64encode(raw).decode()}", KEY)


@pytest.mark.parametrize("text", ["", "1.", "geheim", "1.é", "1.AAAA", "2." + seal("geheim", KEY)[2:]])
def test_not_sealed(text: str) -> None:
    """What was never sealed, or in another way, is refused in the same words."""
    with pytest.raises(WrongKey):
        unseal(text, KEY)
