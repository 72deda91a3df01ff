"""What may not stand in an answer: things that come true or untrue by themselves, and what nobody can read."""

import re
from collections.abc import Collection, Mapping

from bot.campaign.figures import PROVIDED, by_hand
from bot.campaign.reading import Node
from bot.core.document import suggestion

MOST, MANY = 1500, 900  # characters of an answer: refused above the first, a note above the second
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_DAYS_NL = "maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag"
_DAYS_EN = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
# "morgen" is tomorrow, unless it is a morning ("de morgen", "goede morgen"); "de volgende maand" may be a term.
_RELATIVE = {
    "nl": re.compile(
        r"\b(?:(?=morgen\b)(?<!\bde )(?<!\belke )(?<!\biedere )(?<!\bhele )(?<!\bgoede )morgen"
        r"|morgen(?:ochtend|middag|avond)"
        r"|overmorgen|gisteren|gister(?:ochtend|middag|avond)|eergisteren|vandaag(?! de dag)"
        r"|van(?:avond|middag|nacht|ochtend|morgen)"
        rf"|(?:volgende|vorige|komende?|afgelopen|aanstaande|deze|dit) (?:week|weekend|{_DAYS_NL})"
        r"|(?=[vka])(?<!\bde )(?<!\been )(?:volgende|vorige|komende|afgelopen) maand"
        r"|(?=[vk])(?<!\bhet )(?:volgend|vorig|komend) jaar)\b",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"\b(?:tomorrow|yesterday|today|tonight"
        rf"|(?:next|last|this|coming) (?:week|weekend|{_DAYS_EN})(?! of)"
        r"|(?=[nl])(?<!\bthe )(?<!\byour )(?:next|last) (?:month|year)(?! of))\b",
        re.IGNORECASE,
    ),
}
_DISSOLVED = re.compile(r"\b(?:OPTA|NMa|NMA)\b")
_SUCCESSOR = re.compile(r"\bACM\b")


def check_answer(node: Node, *, placeholders: Collection[str], spelled: Mapping[str, str]) -> None:
    """Report what is wrong with the words of an answer, in each language."""
    for language, relative in _RELATIVE.items():
        if isinstance(node[language].value, str):
            _check_text(node[language], relative, placeholders, spelled)


def _check_text(
    node: Node, relative: re.Pattern[str], placeholders: Collection[str], spelled: Mapping[str, str]
) -> None:
    text: str = node.value
    if len(text) > MOST:
        node.mistake("content.too-long", length=len(text), most=MOST)
    elif len(text) > MANY:
        node.note("content.long", length=len(text), many=MANY)
    for found in dict.fromkeys(found.group() for found in relative.finditer(text)):
        node.mistake("content.relative", found=found)
    if (body := _DISSOLVED.search(text)) and not _SUCCESSOR.search(text):
        node.mistake("content.dissolved", body=body.group())
    for number, key in by_hand(text, spelled):
        node.mistake("content.by-hand", number=number, placeholder=f"{{{key}}}")
    _check_placeholders(node, text, placeholders)


def _check_placeholders(node: Node, text: str, placeholders: Collection[str]) -> None:
    for name in dict.fromkeys(_PLACEHOLDER.findall(text)):
        if name in placeholders or PROVIDED.fullmatch(name):
            continue
        meant = suggestion(name, {*placeholders, "petition.count", "donations.total"})
        if meant:
            node.mistake("content.placeholder-like", name=f"{{{name}}}", meant=f"{{{meant}}}")
        else:
            node.mistake("content.placeholder", name=f"{{{name}}}")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        node.mistake("content.brace")
