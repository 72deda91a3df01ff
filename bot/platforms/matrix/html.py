"""CommonMark -> the HTML that Matrix clients show."""

import html
from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from bot.core.markdown import unescaped

# Of the tags, attributes and schemes that clients let through (client-server API, m.room.message msgtypes, "HTML"),
# those that CommonMark has; pictures are messages of their own, since clients show only those from mxc: addresses.
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "ul",
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)


class _Renderer(RendererHTML):
    """A soft break is a space, since some clients show every line end; a picture is a link to it."""

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return " "

    def hardbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "<br>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children or (), options, env)
        return f'<a href="{escaped(str(token.attrs["src"]))}">{escaped(alt)}</a>'


_RENDERER = _Renderer()
_OPTIONS = MarkdownIt("commonmark", {"html": False}).options


def simple_html(text: str) -> str:
    """Text in which nothing is markup (`bot.core.markdown.is_simple`) as paragraphs: no parser is needed."""
    if not text:
        return ""
    shown = html.escape(text, quote=False)
    if "\n" in shown:
        shown = shown.replace("\\\n", "<br>").replace("\n\n", "</p><p>")
    return f"<p>{unescaped(shown)}</p>"


def drawn(tokens: Sequence[Token]) -> str:
    """CommonMark, as the parser's tokens, as HTML with only tags that every client shows."""
    shown: str = _RENDERER.render(tokens, _OPTIONS, {})
    cleaned: str = _CLEANER.clean(shown)
    # Between tags no character is text, but some clients show line ends there as empty lines.
    return cleaned.replace(">\n<", "><").strip()


def escaped(text: str) -> str:
    """Plain text, within HTML or an attribute of it."""
    return html.escape(text)


def link(label: str, address: str) -> str:
    """A link with a label in HTML; only the label where the address is not one that clients follow."""
    return str(_CLEANER.clean(f'<a href="{escaped(address)}">{label}</a>'))
