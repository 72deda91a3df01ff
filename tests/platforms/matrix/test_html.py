"""What a Matrix client gets to show: only harmless tags, and only those that we wrote ourselves."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.markdown import is_simple, parsed, plain, unescaped
from bot.core.markup import Markup
from bot.core.parameters import clean
from bot.platforms.matrix.blocks import of_markdown
from bot.platforms.matrix.html import drawn, link, simple_html
from tests.core.small_catalogue import CATALOGUE
from tests.nasty import NASTY, squeezed
from tests.platforms.matrix.reader import Reader

MARKUP = Markup(CATALOGUE, "!", code=True)
ANSWER = """Stap nog niet over: dat vroeg het actiecomité op 27 januari 2019 aan alle klanten. **Blijf tot er een
alternatief is**, zegt het comité. Zeg dus niets op voordat je weet waar je heen gaat en wat je dan kwijtraakt.

- Het comité belooft hoe dan ook een oplossing, met of zonder KPN.
- Let op je mail: na een maand kun je meestal niet meer in de oude mailbox.
- Wil je toch weg? Kijk op [Overstappen zonder zorgen](https://www.acm.nl/overstappen).

Dit is het advies van het comité, geen regel. Jij beslist."""


def page(markdown: str) -> str:
    block = of_markdown(markdown)
    return f"<p>{block.html}</p>" if block.inline else block.html


@pytest.mark.parametrize(
    "frame",
    ["{}", "Taak **{}** van {}", "- {}\n- *{}*", "Eerst.\n\n{}\n\n> {}", "[{}](https://x.nl/)", "1. {}\n\n   {}"],
)
@given(value=NASTY)
@example("<script>alert(1)</script>")
@example("<img src=x onerror=y>")
@example('"><a href="javascript:x">@room</a> [x](https://y.nl) @anna:x.nl')
@example("&lt;b&gt; &amp; &#60;")
@example("a\n\n- b\n# c\n    d\n```e")
@settings(max_examples=300)
def test_text_of_people_brings_no_tags(frame: str, value: str) -> None:
    """Whatever stands in a value, the tags are those of our own sentence, and the words are the value's."""
    if not (quoted := MARKUP.quote(value)):
        return  # bold nothing is four stars, our own
    read, harmless = Reader(page(frame.replace("{}", quoted))), Reader(page(frame.replace("{}", "Anna")))
    assert [tag for tag in read.tags if tag != "br"] == harmless.tags
    assert squeezed(read.words) == squeezed(harmless.words.replace("Anna", clean(value).strip()))


@given(NASTY)
@example("`</code><b>")
@settings(max_examples=500)
def test_values_of_a_typed_command_bring_no_tags(value: str) -> None:
    """A typed command is code, and nothing but code."""
    typed = {"title": value, "place": value}
    read = Reader(page(f"Typ {MARKUP.typed('task.add', typed, 'nl')}."))
    assert read.tags == ["p", "code"]
    assert squeezed(read.words) == squeezed(f"Typ {MARKUP.line('task.add', typed, 'nl')}.")


@given(st.text(st.sampled_from("ab1 .)-+#=~\\*\n\t:!é\u00a0<&\"'"), max_size=30))
@example("a\\\nb\n\nc \\<b\\>")
@settings(max_examples=2000)
def test_the_short_way_gives_the_same_html(text: str) -> None:
    """Text that needs no parser looks as the parser would have it."""
    if is_simple(text):
        assert Reader(simple_html(text)).tags == Reader(drawn(parsed(text))).tags
        assert squeezed(Reader(simple_html(text)).words) == squeezed(Reader(drawn(parsed(text))).words)


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("een **twee** *drie* `vier`", "<p>een <strong>twee</strong> <em>drie</em> <code>vier</code></p>"),
        ("een\ntwee\\\ndrie", "<p>een twee<br>drie</p>"),
        ("een\n\ntwee", "<p>een</p><p>twee</p>"),
        ("- a\n- b\n  - c", "<ul><li>a</li><li>b\n<ul><li>c</li></ul></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a", "<blockquote><p>a</p></blockquote>"),
        ("```sh\na\n\nb\n```", "<pre><code>a\n\nb\n</code></pre>"),
        ("[a](https://x.nl)", '<p><a href="https://x.nl" rel="noopener noreferrer">a</a></p>'),
        ("<mailto:a@x.nl>", '<p><a href="mailto:a@x.nl" rel="noopener noreferrer">mailto:a@x.nl</a></p>'),
        ("[a](javascript:x)", "<p>[a](javascript:x)</p>"),
        ("[a](ftp://x.nl) [b](/c)", '<p><a rel="noopener noreferrer">a</a> <a rel="noopener noreferrer">b</a></p>'),
        ("![foto](https://x.nl/a.png)", '<p><a href="https://x.nl/a.png" rel="noopener noreferrer">foto</a></p>'),
        ("<b>x</b> <script>y</script>", "<p>&lt;b&gt;x&lt;/b&gt; &lt;script&gt;y&lt;/script&gt;</p>"),
        ("", "<p></p>"),
    ],
)
def test_what_organisers_write(markdown: str, shown: str) -> None:
    """CommonMark of organisers becomes tags that every client shows; raw HTML does not."""
    assert page(markdown) == shown


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "/x", "ftp://x.nl", "mxc://x/y"])
def test_a_strange_address_is_no_link(address: str) -> None:
    """Only the web and mail can be followed."""
    assert "href" not in link("hier", address)


def test_a_link_keeps_to_its_attribute() -> None:
    """An address cannot end its own attribute."""
    assert Reader(link("hier", 'https://x.nl/"><b>')).tags == ['a href=https://x.nl/"><b> rel=noopener noreferrer']


def test_the_short_way_is_short() -> None:
    """Text without markup takes some 10 µs; with room for a busy machine."""
    text = MARKUP.quote("Ja, dat kan. Je houdt je nummer (vraag het meteen).\n\nLet op: zeg zelf niets op!")
    assert is_simple(text)
    assert _best_seconds(lambda: (simple_html(text), unescaped(text))) < 0.000_1


def test_an_answer_is_quick() -> None:
    """A typical answer takes some 0.4 ms the first time, and almost nothing after that."""
    assert _best_seconds(lambda: drawn(parsed(ANSWER))) < 0.002
    assert _best_seconds(lambda: of_markdown(ANSWER)) < 0.000_1


def _best_seconds(run: Callable[[], object]) -> float:
    return min(_seconds(run) for _ in range(100))


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def test_html_and_text_say_the_same() -> None:
    """Who reads the plain text misses nothing but the looks."""
    words = re.sub(r"[•\s]+|\(https:[^)]*\)", "", plain(ANSWER))
    assert re.sub(r"\s+", "", Reader(page(ANSWER)).words) == words
