"""The campaign's files, read, checked and indexed; kept in the user's cache until a file or the program changes.

Reading 8,000 phrasings and counting their words takes about a second and 20 MB that are not given back; taking the
result from the cache takes a twentieth of that. A cache that is missing, old or broken is made anew.
"""

import contextlib
import dataclasses
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import structlog

import bot
from bot.campaign.content import Content, ContentPaths, read_content
from bot.campaign.faq import index_of
from bot.campaign.ranking import Index
from bot.config import read_text
from bot.core.document import Problem, mistakes

MOST_KEPT = 5

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """What answering needs: the answers without their other phrasings, and the index of those."""

    content: Content
    index: Index


def prepare(
    paths: ContentPaths, zone: str, environ: Mapping[str, str] = os.environ
) -> tuple[Prepared | None, list[Problem]]:
    """Everything in the campaign's files, None when there is a mistake; and the problems found.

    What comes from the cache was checked when it was put there; its notes are not said again.
    """
    place = _place(paths, zone, environ)
    if kept := _load(place):
        return kept, []
    content, problems = read_content(paths, zone, read_text)
    if mistakes(problems):
        return None, problems
    light = tuple(dataclasses.replace(entry, also={}, keywords={}) for entry in content.entries)
    prepared = Prepared(dataclasses.replace(content, entries=light, elsewhere={}, words=()), index_of(content))
    _save(place, prepared)
    return prepared, problems


def _place(paths: ContentPaths, zone: str, environ: Mapping[str, str]) -> Path | None:
    """The file for exactly these texts and this program; None where the user has no cache."""
    folder = environ.get("XDG_CACHE_HOME") or (environ.get("HOME", "") and f"{environ['HOME']}/.cache")
    if not folder or not Path(folder).is_absolute():
        return None
    digest = hashlib.blake2b(f"{sys.version}{zone}{_program()}".encode(), digest_size=16)
    for file in dataclasses.astuple(paths):
        with contextlib.suppress(OSError):
            digest.update(b"\0" + str(file).encode() + b"\0" + (file.read_bytes() if file else b""))
    return Path(folder) / "actiebot" / f"{digest.hexdigest()}.answers"


def _program() -> str:
    """Changes with every edit of the program."""
    folder = Path(bot.__file__).parent
    files = sorted((*folder.glob("campaign/*.py"), *folder.glob("core/*.py"), Path(__file__)))
    return "".join(f"{file.name}{(found := file.stat()).st_mtime_ns}{found.st_size}" for file in files)


def _load(place: Path | None) -> Prepared | None:
    if place is None:
        return None
    try:
        with place.open("rb") as file:
            # Only what this user alone can write is unpickled: it may hold code.
            if os.fstat(file.fileno()).st_uid != os.geteuid() or os.fstat(file.fileno()).st_mode & 0o022:
                return None
            kept = pickle.load(file)  # noqa: S301 - see above
    except FileNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001 - a pickle can break in any way, and is made anew
        log.debug("the cache cannot be read", error=repr(error))
        return None
    return kept if isinstance(kept, Prepared) else None


def _save(place: Path | None, prepared: Prepared) -> None:
    """Whole or not at all; a cache that cannot be written is no fault."""
    if place is None:
        return
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
            pickle.dump(prepared, file, protocol=pickle.HIGHEST_PROTOCOL)
        Path(file.name).replace(place)
        kept = sorted(place.parent.glob("*.answers"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in kept[MOST_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.debug("the cache cannot be written", error=repr(error))
