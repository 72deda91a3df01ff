"""`actiebot check`: every problem in the configuration and the campaign's files, and the words for them."""

import functools
import importlib.resources
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.campaign.content import ContentPaths, read_content
from bot.config import NOT_BUILT, Config, ContentFiles, read_config, read_document, read_text
from bot.config.values import zone as read_zone
from bot.core.document import Document, Place, Problem

_WORDS = (("bot.core", "document.yaml"), ("bot.config", "problems.yaml"), ("bot.campaign", "content.yaml"))
_ZONE = "Europe/Amsterdam"  # only while the configuration does not say a zone that can be used


def check(path: Path, environ: Mapping[str, str]) -> list[Problem]:
    """All mistakes and notes, file by file in the order of the lines; nothing is changed and no network is used.

    Args:
        path: Of config.yaml.
        environ: Where `${NAME}` is looked up.
    """
    document = read_document(path)
    config, problems = read_config(document, environ)
    files = config.content if config else _files(document)
    zone = config.campaign.timezone if config else _zone(document)
    problems += _missing(document, _awaited(files, config))
    problems.sort(key=lambda problem: problem.line)
    _, found = read_content(content_paths(files), zone, read_text)
    return problems + found


def content_paths(files: ContentFiles) -> ContentPaths:
    """The files that `read_content` reads."""
    return ContentPaths(faq=files.faq, values=files.values, elsewhere=files.elsewhere, words=files.words)


def language_of(path: Path) -> str:
    """The campaign's language, Dutch when the configuration does not say it."""
    return "en" if read_document(path).at(("campaign", "language")) == "en" else "nl"


def render(problem: Problem, language: str) -> str:
    """`FILE:LINE: path: what is wrong, what would be right`."""
    return problem.said(words(), language)


@functools.cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The sentences for all problems, by key and language."""
    return {key: said for package, name in _WORDS for key, said in _read(package, name).items()}


def _read(package: str, name: str) -> dict[str, dict[str, str]]:
    text = (importlib.resources.files(package) / name).read_text(encoding="utf-8")
    sentences: dict[str, dict[str, str]] = Document(name, text).value
    return sentences


def _files(document: Document) -> ContentFiles:
    """The content files of a configuration that has mistakes, as far as they can be told."""
    section = document.at(("content",))
    fits = {}
    for name, value in section.items() if isinstance(section, dict) else ():
        try:
            ContentFiles.model_validate({name: value}, context={"base": Path(document.file).parent})
        except ValidationError:
            continue
        fits[name] = value
    return ContentFiles.model_validate(fits, context={"base": Path(document.file).parent})


def _zone(document: Document) -> str:
    try:
        return read_zone(document.at(("campaign", "timezone")))
    except ValueError:
        return _ZONE


def _missing(document: Document, awaited: Iterable[tuple[Place, Path | None]]) -> Iterator[Problem]:
    """Files that are read later; a part that is not built yet does not need its file."""
    for place, path in awaited:
        built = not any(place[: len(part)] == part for part in NOT_BUILT)
        if path is not None and built and not path.exists():
            yield document.problem(place, "config.file-missing", {"path": str(path)})


def _awaited(files: ContentFiles, config: Config | None) -> Iterator[tuple[Place, Path | None]]:
    yield ("content", "calendar"), files.calendar
    yield ("content", "tasks"), files.tasks
    for name in ("petition", "donations"):
        section = getattr(config, name, None)
        yield (name, "source", "file"), getattr(section and section.source, "file", None)
