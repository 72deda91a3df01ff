"""Words that stand for a button: "nee hoor" beneath a question with a button "Nee".

In a private talk a person's whole message may be such a word. It answers the bot's last question, and only where one
button alone can be meant; anything else is a line like any other.
"""

import dataclasses
import datetime as dt
import enum
import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.core.invocation import Invocation
from bot.core.parameters import clean

OPEN_FOR = dt.timedelta(days=7)
"""How long a question can be answered in a word."""
LOOK_BACK = 50
"""So many messages before the word a question is looked for."""


class Word(enum.Enum):
    """What people say: as a whole message, or as the beginning of a button's label."""

    YES = enum.auto()
    NO = enum.auto()
    DONE = enum.auto()
    CANNOT = enum.auto()
    STOP = enum.auto()


# What stands in [] may be left out; everything as `_bare` leaves it.
_PHRASES = {
    Word.YES: (
        "ja", "jaa", "jazeker", "jahoor", "jawel", "jep", "[ja] zeker [weten]", "[ja] tuurlijk|natuurlijk",
        "[ja] doe maar", "ja [dat] klopt", "ja [dat] is goed", "ja [dat] ben ik", "ja dat kan", "ja dat wil ik [wel]",
        "ja ik kan|kom|wil", "ja prima|ok|oke",
        "yes", "yep", "yeah", "yup", "[yes] sure", "[yes] of course", "yes i do|can|am|will", "yes [it|that] is [me]",
        "yes thats me",
    ),
    Word.NO: (
        "nee", "neen", "neuh", "nee nee", "nee joh", "nee toch niet", "[nee] liever niet", "nee ik niet",
        "no", "no no", "nope", "nah", "no i do not", "no i dont", "[no] [i would] rather not",
    ),
    Word.DONE: (
        "[het|dat|t] [is] [al] [helemaal] klaar|gedaan|gelukt|afgerond", "[ik] ben [er] [al] [helemaal] klaar",
        "[ik] heb het|t [al] gedaan", "[dat] heb ik [al] gedaan", "[its|it is|all|im|i am] [already] done|finished",
        "[ive|i have] done|finished it",
    ),
    Word.CANNOT: (
        "[het|dat|t] lukt [me|mij] [helaas] niet [meer]", "[het|dat|t] gaat [me|mij] [helaas] niet lukken",
        "[het|dat|t] [is] [me|mij] [helaas] niet gelukt", "[ik|dat] kan [helaas] niet [meer]",
        "[i] cant|cannot [do|make] [it|this|that]", "[i] can not [do|make] [it|this|that]", "no can do",
    ),
    Word.STOP: (
        "stop", "stop maar", "stop ermee|hiermee|daarmee", "stoppen", "stop it|this|that", "unsubscribe",
    ),
}  # fmt: skip
_KIND = (
    "hoor", "graag", "sorry", "helaas", "alsjeblieft", "alstublieft", "aub", "bedankt", "dank [je|u] [wel]",
    "dankjewel", "dankuwel", "please", "thanks", "thank you",
)  # fmt: skip
_LONGEST = 60
_APOSTROPHE = re.compile("['\u2018\u2019\u00b4`]")
_SMILE = re.compile(r"(?<!\w)[:;=]-?[)(dp](?!\w)|<3")


def _pattern(phrases: Sequence[str]) -> str:
    """Any of some phrases, each word with a space before it."""
    return "|".join("".join(map(_piece, re.findall(r"\[[^]]*\]|\S+", phrase))) for phrase in phrases)


def _piece(piece: str) -> str:
    return f"(?: (?:{piece[1:-1]}))?" if piece.startswith("[") and piece.endswith("]") else f" (?:{piece})"


_ANY = {word: _pattern(phrases) for word, phrases in _PHRASES.items()}
_WHOLE = {word: re.compile(pattern) for word, pattern in _ANY.items()}
_BEGINS = {word: re.compile(rf"(?:{pattern})\b") for word, pattern in _ANY.items()}
_KINDLY = re.compile(rf"(?: sorry| helaas| please)*(?P<said>.+?)(?:{_pattern(_KIND)})*")
_BOTH = {
    Word.DONE: re.compile(rf"(?:{_ANY[Word.YES]})(?P<more>.+)"),
    Word.CANNOT: re.compile(rf"(?:{_ANY[Word.NO]})(?P<more>.+)"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A message of the bot with buttons, by their labels."""

    message: str
    labels: Sequence[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A message of the person."""

    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Tap:
    """A button of a message was used; None: of whatever was asked last."""

    message: str | None


Turn = Question | Said | Tap


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """A button: the message beneath which it stands, and its place there."""

    message: str
    index: int


def words(text: str) -> frozenset[Word]:
    """What a whole message may stand for: "nee, lukt niet" for either; none: it is no such word."""
    bare = _bare(text)
    if len(bare) > _LONGEST or "?" in text:
        return frozenset()
    said = found["said"] if (found := _KINDLY.fullmatch(bare)) else bare
    return frozenset(word for word in Word if _WHOLE[word].fullmatch(said)) | _both(said)


def _both(said: str) -> frozenset[Word]:
    """Yes or no with the reason behind it."""
    for second, first in ((Word.DONE, Word.YES), (Word.CANNOT, Word.NO)):
        if (found := _BOTH[second].fullmatch(said)) and _WHOLE[second].fullmatch(found["more"]):
            return frozenset({first, second})
    return frozenset()


def button(text: str, labels: Sequence[str]) -> int | None:
    """Which button a message stands for; None: none, or more than one."""
    said = words(text)
    fitting = [index for index, label in enumerate(labels) if any(_BEGINS[word].match(_bare(label)) for word in said)]
    return fitting[0] if len(fitting) == 1 else None


def chosen(text: str, talk: Iterable[Turn], *, about: str | None = None) -> Chosen | None:
    """The button that a message stands for in a private talk.

    The last question counts, whatever was said after it; it is closed once it was answered, but for the same answer:
    whoever says "ja" twice hears twice what became of it.

    Args:
        text: The message.
        talk: What was said before it, the newest first.
        about: The message that it is a reply to: that is then the question.
    """
    between: list[Turn] = []
    for turn in talk:
        if isinstance(turn, Question) and about in {None, turn.message}:
            index = button(text, turn.labels)
            closed = about is None and any(_answers(one, turn, index) for one in between)
            return None if index is None or closed else Chosen(turn.message, index)
        between.append(turn)
    return None


def stopped(call: Invocation) -> Invocation:
    """What a line "stop" asks for where it stands for no button: nothing any more that was not asked for."""
    return dataclasses.replace(call, line=None, perhaps=False, command="me.messages", values={"messages": "off"})


def _answers(turn: Turn, question: Question, index: int | None) -> bool:
    """Whether a question was answered by this, and otherwise than with one button."""
    match turn:
        case Tap(message):
            return message in {None, question.message}
        case Said(text):
            return button(text, question.labels) not in {None, index}
    return False


def _bare(text: str) -> str:
    """Letters and digits alone, small, a space before each word; "can't" is one word, "jaaaa" is "jaa"."""
    lowered = _SMILE.sub(" ", clean(text).casefold())
    plain = "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    found = re.findall(r"[^\W_]+", _APOSTROPHE.sub("", plain))
    return re.sub(r"(.)\1{2,}", r"\1\1", "".join(f" {word}" for word in found))
