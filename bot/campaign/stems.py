"""Text to words and words to stems, in Dutch and English."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import Stemmer

LANGUAGES = ("nl", "en")
LONGEST_TEXT = 8_000
MOST_WORDS = 80
LONGEST_WORD = 40
KNOWN_STEMS = 8_192

# Letters that Unicode does not decompose, and the apostrophes that telephones type.
_LETTERS = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l"})
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|'[a-z]\b")
_DOUBLE_VOWEL = re.compile(r"(aa|ee|oo|uu)")

# How people type in a chat, and what they mean. One way only: "me" is as often "mijn" as "mij", and both sides of a
# comparison pass here, so that a wrong guess does no harm.
_CHAT = {
    "'k": "ik", "'n": "een", "'t": "het", "abo": "abonnement", "aub": "alstublieft", "cant": "cannot", "d'r": "haar",
    "da": "dat", "das": "dat is", "dont": "do not", "dr": "haar", "eff": "even", "effe": "even", "effen": "even",
    "efkes": "even", "egt": "echt", "evt": "eventueel", "ff": "even", "gonna": "going to", "gwn": "gewoon",
    "hoelang": "hoe lang", "idd": "inderdaad", "ie": "hij", "iig": "in ieder geval", "im": "i am",
    "ipv": "in plaats van", "ive": "i have", "k": "ik", "kheb": "ik heb", "m'n": "mijn", "mbt": "over", "me": "mijn",
    "miss": "misschien", "mn": "mijn", "mss": "misschien", "n": "een", "ni": "niet", "nie": "niet", "nr": "nummer",
    "ns": "eens", "nt": "niet", "ofzo": "of zo", "pls": "please", "plz": "please", "svp": "alstublieft", "t": "het",
    "tel": "telefoon", "thx": "thanks", "tog": "toch", "ur": "your", "vd": "van de", "vh": "van het", "wa": "wat",
    "wanna": "want to", "whats": "what is", "wnr": "wanneer", "wrm": "waarom", "z'n": "zijn", "zn": "zijn",
}  # fmt: skip


def _stemmer(algorithm: str) -> Callable[[str], str]:
    stem: Callable[[str], str] = Stemmer.Stemmer(algorithm, 0).stemWord  # without its own cache
    return stem


# Snowball's "dutch" is Kraaij-Pohlmann since version 3: it also undoes ge- (opgezegd becomes opzeg, gebeld bel).
_STEM = {"nl": _stemmer("dutch"), "en": _stemmer("english")}


def fold(text: str) -> str:
    """The text in small letters and without accents."""
    text = text.lower()
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in parts if not unicodedata.combining(c))


def tokens(text: str) -> list[str]:
    """The words of a text, folded, chat spelling written out; at most the first 80."""
    folded = fold(text[:LONGEST_TEXT])
    words: list[str] = _WORD.findall(folded)[:MOST_WORDS]
    if _CHAT.keys().isdisjoint(words) and "'" not in folded:
        return [word[:LONGEST_WORD] for word in words]
    return [plain for word in words for plain in _plain(word)][:MOST_WORDS]


def _plain(word: str) -> list[str]:
    if word in _CHAT:
        return _CHAT[word].split()
    return [(_without_apostrophe(word) if "'" in word else word)[:LONGEST_WORD]]


def _without_apostrophe(word: str) -> str:
    """Foto's and Anna's lose the s; don't becomes dont."""
    head, _, tail = word.partition("'")
    return head if tail == "s" and head else head + tail


@lru_cache(KNOWN_STEMS)
def stem(word: str, language: str) -> str:
    """What the inflections of a folded word have in common; not always a word itself."""
    found = _STEM[language](word)
    if language == "en":
        return found
    if found.endswith(("gt", "dt")):
        found = found[:-1]  # zegt and wordt, which the stemmer leaves
    return _DOUBLE_VOWEL.sub(lambda match: match.group()[0], found)
