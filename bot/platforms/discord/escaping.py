"""Text as Discord shows it: every character stands for itself, and nobody is mentioned.

Discord has a Markdown of its own (headings, subtext, spoilers, moments, mentions, emoji by name) and no way to send
text that is not read as such. Its rules are not published; these cover those of its clients as bots have met them.
"""

import re

from bot.core.markup import code_span

_UNSEEN = "\u200b"  # a space of no width: `bot.core.parameters.clean` takes it out of what people type
_RULES = (
    r"(?P<backslash>[\\*_`|~\[\]<])"
    r"|(?P<emoji>:)(?=\S*?:{last})"  # of a word with two: :smile:
    r"|(?P<scheme>:)(?=//?)"  # other than the web's, such as steam://
    # An invitation shows a card without https:// before it too.
    r"|(?P<invite>(?:(?<=discord\.gg)|(?<=discord\.com)|(?<=discordapp\.com)|(?<=discord\.new))/)"
    r"|(?P<apart>@(?=everyone|here)|(?<=<)[@#])"
)
_ALONE = re.compile(_RULES.replace("{last}", ""), re.IGNORECASE)
_FOLLOWED = re.compile(_RULES.replace("{last}", r"|\S*\Z"), re.IGNORECASE)  # the next colon may come after the text
# A heading, subtext, a quote or an item of a list.
_OPENING = re.compile(r"(?P<before>\s*\d*)(?P<mark>(?<=\d)\.|(?<!\d)[#>+-])(?=[#>+-]*(?:\s|$))")
_URL = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_AFTER = ".,:;!?'\"’”*_~|]}`\\"  # belongs to the sentence, not to the address before it
_UNSAFE = re.compile(r"[\s<>()\[\]\\*`|\"]")
_UNSAFE_SHOWN = re.compile(r"[\\*`|]")
_FENCE = "```"
_TICKS = re.compile(r"`(?=`)")
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def escaped(text: str, *, followed: bool = False) -> str:
    """Words, for the beginning of a line or anywhere else in it; `followed`: something that has marks comes next."""
    rules = _FOLLOWED if followed else _ALONE
    shown = rules.sub(lambda found: f"{found[0]}{_UNSEEN}" if found["apart"] else f"\\{found[0]}", text)
    return _OPENING.sub(r"\g<before>\\\g<mark>", shown, count=1) if _OPENING.match(shown) else shown


def urls(text: str) -> list[tuple[int, int]]:
    """Where addresses of the web stand in a text: Discord makes links of them."""
    return [found for match in _URL.finditer(text) if (found := _trimmed(text, *match.span()))]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """An address without the full stop of its sentence, or the bracket that was opened before it."""
    while True:
        url = text[start:end]
        if url.endswith(tuple(_AFTER)) or (url.endswith(")") and url.count(")") > url.count("(")):
            end -= 1
        else:
            return (start, end) if is_web(url) else None


def is_web(url: str) -> bool:
    """Whether it is an address that we make a link of."""
    return _WEB.match(url) is not None


def bare(url: str) -> str:
    """An address of the web that is seen, without a preview of what is there."""
    return f"<{_UNSAFE_SHOWN.sub(_percent, url)}>"


def masked(label: str, url: str) -> str:
    """A link with a label; brackets in the label would end it, whatever stands before them."""
    words = escaped(label.replace("[", "(").replace("]", ")"))
    return f"[{words}](<{_UNSAFE.sub(_percent, url)}>)"


def code(text: str) -> str:
    """A piece of code within a line; three backticks would open a block."""
    return code_span(_TICKS.sub(f"`{_UNSEEN}", text))


def block(lines: str) -> str:
    """Lines of code, which nothing in them can end."""
    return f"{_FENCE}\n{lines.replace(_FENCE, f'``{_UNSEEN}`')}\n{_FENCE}"


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())
