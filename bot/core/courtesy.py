"""Greetings and thanks: they are no questions, and no answer is near to them."""

import enum
import re
import unicodedata

_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_LONGEST = 60
_HELLO = {
    "hoi", "hallo", "hai", "hey", "hé", "hi", "hello", "hiya", "goedemorgen", "goedemiddag", "goedenavond", "goedendag",
    "goeiemorgen", "goeiemiddag", "goeienavond", "goeiedag", "dag", "moin", "test",
}  # fmt: skip
_THANKS = {
    "bedankt", "dank", "dankje", "dankjewel", "dankuwel", "merci", "thanks", "thank", "thx", "top",
}  # fmt: skip
_FILLING = {
    "allemaal", "bot", "daar", "je", "jij", "jullie", "u", "wel", "heel", "erg", "hartelijk", "zeer", "veel", "voor",
    "de", "het", "hulp", "antwoord", "snelle", "goede", "goed", "morgen", "middag", "avond", "ochtend", "en", "good",
    "morning", "afternoon", "evening", "there", "you", "very", "much", "so", "many", "for", "the", "help", "answer",
    "everybody", "all", "and",
}  # fmt: skip


class Courtesy(enum.Enum):
    HELLO = "hello"
    THANKS = "thanks"


def of(text: str) -> Courtesy | None:
    """What a line is that says nothing else: "Hoi bot!", "hartelijk dank"; None: it says something."""
    if len(text) > _LONGEST or "?" in text:
        return None
    words = set(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))
    if words & _THANKS and words <= _THANKS | _HELLO | _FILLING:
        return Courtesy.THANKS
    day = words & {"good", "goede", "goed"} and words & {"morning", "afternoon", "evening", "morgen", "middag", "avond"}
    return Courtesy.HELLO if (words & _HELLO or day) and words <= _HELLO | _FILLING else None
