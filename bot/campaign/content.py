"""What volunteers edit: the answers, the values in them, and examples of words and questions."""

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.campaign.entries import Entry, Source, Variant, read_entries
from bot.campaign.figures import Reading, Readings, newest, read_figures, spellings
from bot.campaign.reading import LANGUAGES, Node
from bot.campaign.wording import check_answer
from bot.core.document import Document, Problem

__all__ = ["Content", "ContentPaths", "Entry", "Reading", "Source", "Variant", "read_content", "read_document"]

Read = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class ContentPaths:
    """The files of a campaign; None: the campaign has none."""

    faq: Path | None = None
    values: Path | None = None
    elsewhere: Path | None = None
    words: Path | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """All of it, taken over whole.

    Attributes:
        readings: By placeholder, oldest first.
        elsewhere: Questions that are not ours to answer, by language.
        words: Groups of words that mean the same, each by language.
    """

    entries: tuple[Entry, ...]
    readings: Readings
    elsewhere: Mapping[str, tuple[str, ...]]
    words: tuple[Mapping[str, tuple[str, ...]], ...]

    def reading(self, placeholder: str, now: dt.datetime) -> Reading | None:
        """The newest reading of a placeholder that is not after a moment."""
        return newest(self.readings, placeholder, now)


def read_content(paths: ContentPaths, zone: str, read: Read) -> tuple[Content, list[Problem]]:
    """Everything that can be read, and every problem, file by file in the order of the lines.

    Args:
        paths: Which files.
        zone: The campaign's IANA zone: a date is the whole day there.
        read: Gives the text of a file; may raise OSError or UnicodeDecodeError.

    Returns:
        The content and the problems. With a mistake among them the content is not to be used.
    """
    files: list[list[Problem]] = []

    def root(path: Path | None) -> Node:
        document = Document("", "") if path is None else read_document(path, read)
        node = Node.root(document, zone)
        files.append(node.problems)
        return node

    values, faq = root(paths.values), root(paths.faq)
    readings = read_figures(values)
    checked = functools.partial(check_answer, placeholders=readings.keys(), spelled=spellings(readings))
    if paths.faq and not faq and not faq.problems:
        faq.mistake("document.empty")
    entries = read_entries(faq, checked)
    content = Content(entries, readings, _elsewhere(root(paths.elsewhere)), _words(root(paths.words)))
    return content, [problem for found in files for problem in sorted(found, key=lambda problem: problem.line)]


def read_document(path: Path, read: Read) -> Document:
    """A file as a document; that it is not there or cannot be read is a problem of it."""
    try:
        return Document(str(path), read(path))
    except FileNotFoundError:
        key = "document.missing"
    except (OSError, UnicodeDecodeError):
        key = "document.unreadable"
    document = Document(str(path), "")
    document.problems.append(document.problem((), key))
    return document


def _elsewhere(root: Node) -> dict[str, tuple[str, ...]]:
    """One list a language, or groups of these."""
    nodes = [root] if isinstance(root.value, dict) else root.items()
    groups = [node.lists() for node in nodes]
    return {language: tuple(text for group in groups for text in group[language]) for language in LANGUAGES}


def _words(root: Node) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    return tuple(node.lists() for node in root.items())
