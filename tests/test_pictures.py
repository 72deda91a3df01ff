"""The pictures of the documentation: Discord's Markdown is shown as Discord shows it."""

import pytest

from scripts.pictures.markdown import Markdown

MARKDOWN = Markdown(language="nl", zone="Europe/Amsterdam", names={"42": "actie"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"een **vet *woord***, \*geen\*", "een <strong>vet <em>woord</em></strong>, *geen*"),
        (r"**Let op\:** nu", "<strong>Let op:</strong> nu"),
        ("*schuin* en _ook_, niet a_b_c", "<em>schuin</em> en <em>ook</em>, niet a_b_c"),
        ("`/hulp *x*` < `` a`b ``", "<code>/hulp *x*</code> &lt; <code> a`b </code>"),
        ("voor\n```py\nif a < b:\n```\nna", "voor<br><pre>if a &lt; b:</pre>na"),
        ("Dit:\n- een\n- **twee**\n\nna", "Dit:<br><ul><li>een</li><li><strong>twee</strong></li></ul><br>na"),
        ("3. een\n  - twee\n4. drie", '<ol start="3"><li>een<ul><li>twee</li></ul></li><li>drie</li></ol>'),
        ("> een\n> - twee\ndrie", "<blockquote>een<br><ul><li>twee</li></ul></blockquote>drie"),
        ("## Kop *x*\ntekst\n#geen", "<h2>Kop <em>x</em></h2>tekst<br>#geen"),
        ("[de *krant*](<https://a.nl/b_c?d=1&e>)", '<a href="https://a.nl/b_c?d=1&amp;e">de <em>krant</em></a>'),
        ("<https://x.nl/_y_>, <x>", '<a href="https://x.nl/_y_">https://x.nl/_y_</a>, &lt;x&gt;'),
        ("tot <t:1548588660:t>", "tot <time>12:31</time>"),
        ("<t:1548588660:F>", "<time>zondag 27 januari 2019 12:31</time>"),
        ("woorden\n-# klein **w**", "woorden<br><small>klein <strong>w</strong></small>"),
        ("in <#42>", "in <b>#actie</b>"),
    ],
)  # fmt: skip
def test_markdown(text: str, shown: str) -> None:
    """Each kind of markup becomes what a client shows; what is escaped does not."""
    assert MARKDOWN.html(text) == shown
