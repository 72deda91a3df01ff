"""HTML as a client reads it."""

import html.parser


class Reader(html.parser.HTMLParser):
    """Takes HTML apart: its tags with their attributes, and its words."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == [], source

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(" ".join([tag, *(f"{name}={value}" for name, value in attrs)]))
        if tag not in {"br", "hr"}:
            self.open.append(tag)
        else:
            self.words += "\n"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in {"p", "li"}:
            self.words += "\n"

    def handle_data(self, data: str) -> None:
        self.words += data
