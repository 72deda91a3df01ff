"""The encrypted file by itself: nothing comes out of it that was not put in, in that order, to its end."""

import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.backup_error import BackupError
from bot.store.sealed import _CHECKSUM, _HEADER, CHUNK, Cost, Sealer, unsealed

KEY = "sleutel"
CHEAP = Cost(log_n=1, r=1, p=1)
HEAD = _HEADER.size + _CHECKSUM.size
RECORD = 4 + CHUNK + 16
LAST = 1 << 31


def sealed(*pieces: bytes) -> bytes:
    stream = io.BytesIO()
    sealer = Sealer(stream, KEY, CHEAP)
    for piece in pieces:
        sealer.write(piece)
    sealer.close()
    return stream.getvalue()


def opened(content: bytes) -> tuple[list[bytes], str]:
    """What comes out before it is refused, and why it is."""
    found: list[bytes] = []
    try:
        for piece in unsealed(io.BytesIO(content), KEY, "file"):
            found.append(piece)  # noqa: PERF402 - what came out before the error counts
    except BackupError as error:
        return found, error.reason
    return found, ""


CHUNKS = [bytes([letter]) * CHUNK for letter in b"abcd"]
WHOLE = sealed(*CHUNKS)
RECORDS = [WHOLE[HEAD + n * RECORD : HEAD + (n + 1) * RECORD] for n in range(4)]


def flagged(record: bytes, *, last: bool) -> bytes:
    word = int.from_bytes(record[:4], "big")
    return (word | LAST if last else word & ~LAST).to_bytes(4, "big") + record[4:]


def test_as_it_was_put_in() -> None:
    """Four chunks are four records, of which the last says so."""
    assert WHOLE[:HEAD] + b"".join(RECORDS) == WHOLE
    assert [bool(int.from_bytes(record[:4], "big") & LAST) for record in RECORDS] == [False, False, False, True]
    assert opened(WHOLE) == (CHUNKS, "")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=3 * CHUNK), max_size=4))
def test_any_pieces(pieces: list[bytes]) -> None:
    """However it is written, it comes out the same, also when it is nothing or ends at a full record."""
    assert b"".join(opened(sealed(*pieces))[0]) == b"".join(pieces)


ORDERS = [order for n in range(1, 5) for order in itertools.product(range(4), repeat=n) if order != (0, 1, 2, 3)]


def test_every_other_order() -> None:
    """Any other sequence of its own records is refused, and up to there only what belongs there comes out.

    That they say of themselves which is the last changes nothing: it is part of what is authenticated.
    """
    for order in ORDERS:
        for last in (True, False):
            records = [flagged(RECORDS[n], last=False) for n in order[:-1]] + [flagged(RECORDS[order[-1]], last=last)]
            found, reason = opened(WHOLE[:HEAD] + b"".join(records))
            assert reason in {"damaged", "cut"}, (order, last)
            assert found == CHUNKS[: len(found)], (order, last)


def test_cut_and_finished_by_somebody() -> None:
    """A file cut between two records, with the one before marked as the last, is refused."""
    for n in range(1, 4):
        content = WHOLE[:HEAD] + b"".join(RECORDS[: n - 1]) + flagged(RECORDS[n - 1], last=True)
        assert opened(content) == (CHUNKS[: n - 1], "damaged")


def test_records_of_another_file() -> None:
    """A record of another file with the same key does not fit, nor does the header."""
    other = sealed(*CHUNKS)
    assert opened(WHOLE[: HEAD + RECORD] + other[HEAD + RECORD :]) == (CHUNKS[:1], "damaged")
    assert opened(other[:HEAD] + WHOLE[HEAD:]) == ([], "damaged")


@pytest.mark.parametrize("at", [HEAD, HEAD + 1, HEAD + 4, HEAD + 4 + CHUNK, HEAD + RECORD - 1])
def test_one_bit(at: int) -> None:
    """One changed bit in length, text or tag of the first record: nothing comes out."""
    found, reason = opened(WHOLE[:at] + bytes([WHOLE[at] ^ 1]) + WHOLE[at + 1 :])
    assert found == []
    assert reason in {"damaged", "cut"}
