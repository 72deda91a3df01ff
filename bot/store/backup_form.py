"""The inside of a backup: gzipped lines of JSON, the same whatever database they come from.

    {"actiebot":"backup","created":1548586800000,"schema":1}
    {"table":"account","columns":["address","person","role","seen_at"]}
    ["matrix:@anna:example.org",1,"volunteer",1548586800000]
    {"table":"person","columns":["created_at","id",…],"counted":12}
    …
    {"rows":{"account":1,"person":1}}

Tables and columns are in alphabetical order, rows in that of their primary key. `counted` is the last number that was
given out, also when its row is gone: it must not come back as somebody else's.
"""

import dataclasses
import datetime as dt
import json
import pathlib
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from bot.core.moments import from_ms, to_ms
from bot.store.backup_error import BackupError, BackupReason, translated
from bot.store.sealed import Sealer, unsealed
from bot.store.shape import PAGE, Table

_GZIP = 31  # zlib's word for: with gzip's header, which holds no moment and no name here
_PIECE = 256 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds.

    Attributes:
        created: The campaign's clock at the moment of which it is.
        schema: The last migration of its database.
        rows: By table.
    """

    created: dt.datetime
    schema: int
    rows: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@dataclasses.dataclass(frozen=True, slots=True)
class TableHead:
    """The beginning of a table."""

    name: str
    columns: tuple[str, ...]
    counted: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """The first line."""

    created: dt.datetime
    schema: int


Rows = list[list[Any]]
Part = Head | TableHead | Rows | Summary
"""Of a backup, in order: one Head, of each table its TableHead and its Rows in portions, one Summary."""


class Packer:
    """Writes the lines."""

    def __init__(self, sealer: Sealer, head: Head) -> None:
        self._sealer = sealer
        self._gzip = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        self._head = head
        self._rows: dict[str, int] = {}
        self._put([{"actiebot": "backup", "created": to_ms(head.created), "schema": head.schema}])

    def table(self, table: Table, counted: int | None) -> None:
        line: dict[str, Any] = {"table": table.name, "columns": table.columns}
        self._put([line if counted is None else line | {"counted": counted}])
        self._rows[table.name] = 0

    def rows(self, table: Table, rows: Rows) -> None:
        self._put(rows)
        self._rows[table.name] += len(rows)

    def close(self) -> Summary:
        self._put([{"rows": self._rows}])
        self._sealer.write(self._gzip.flush())
        self._sealer.close()
        return Summary(self._head.created, self._head.schema, self._rows)

    def _put(self, lines: Sequence[object]) -> None:
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        self._sealer.write(self._gzip.compress(text.encode()))


def parts(file: pathlib.Path, key: str, *, newest: int) -> Generator[Part, None, None]:
    """Read a backup, each part only once it is known to be genuine; the last one says that all of it was there.

    Raises:
        BackupError: it cannot be read, or is newer than migration `newest`.
    """
    if not key:
        raise BackupError(BackupReason.NO_KEY, str(file))
    with translated(file, BackupReason.UNREADABLE), file.open("rb") as stream:
        try:
            yield from _parts(_lines(unsealed(stream, key, str(file))), str(file), newest)
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise BackupError(BackupReason.DAMAGED, str(file), repr(error)) from error


def _parts(lines: Iterator[bytes], place: str, newest: int) -> Iterator[Part]:
    first = json.loads(next(lines, b""))
    head = Head(from_ms(first["created"]), first["schema"])
    if head.schema > newest:
        raise BackupError(BackupReason.NEWER, place, f"{head.schema} > {newest}")
    yield head
    counts: dict[str, int] = {}
    width, portion, last = 0, [], None
    for line in lines:
        value = json.loads(line)
        if isinstance(value, list) and len(value) == width:
            portion.append(value)
            counts[next(reversed(counts))] += 1
        elif isinstance(value, dict):
            if portion:
                yield portion
                portion = []
            last = value
            if "table" in value:
                counts[value["table"]], width = 0, len(value["columns"])
                yield TableHead(value["table"], tuple(value["columns"]), value.get("counted"))
        else:
            raise ValueError(f"a row of {len(value)} values for {width} columns")
        if len(portion) == PAGE:
            yield portion
            portion = []
    if last is None or last.get("rows") != counts:
        raise ValueError("the rows are not as many as its last line says")
    yield Summary(head.created, head.schema, counts)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in _unzipped(pieces):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        raise ValueError("its last line has no end")


def _unzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    gzip = zlib.decompressobj(_GZIP)
    for piece in pieces:
        rest = piece
        while rest and not gzip.eof:
            yield gzip.decompress(rest, _PIECE)
            rest = gzip.unconsumed_tail
    if not gzip.eof or gzip.unused_data:
        raise ValueError("its gzip stream does not end where it should")
