"""Buttons of a reply as rows of components: buttons, and menus where there are many choices of one kind."""

import collections
from collections.abc import Iterator, Sequence
from typing import Any

from bot.core.reply import Button, For
from bot.platforms.discord.buttons import fits, option
from bot.platforms.discord.page import Page

_ROWS, _IN_ROW, _OPTIONS = 5, 5, 25
_LABEL, _OPTION = 80, 100
_ACTION_ROW, _BUTTON, _MENU = 1, 2, 3
_PRIMARY, _SECONDARY = 1, 2

Row = dict[str, Any]


def rows(buttons: Sequence[Button], page: Page) -> tuple[list[Row], list[Button]]:
    """Components in the order of the buttons, and the buttons that found no place."""
    found = list(_laid_out(_distinct(buttons), page))[:_ROWS]
    placed = {id(button) for _, shown in found for button in shown}
    return [row for row, _ in found], [button for button in buttons if id(button) not in placed]


def _distinct(buttons: Sequence[Button]) -> list[Button]:
    """Discord refuses two that do the same."""
    found: list[Button] = []
    for button in buttons:
        if _code(button) not in map(_code, found):
            found.append(button)
    return found


def _laid_out(buttons: Sequence[Button], page: Page) -> Iterator[tuple[Row, list[Button]]]:
    """Rows with the buttons that each shows: those of one kind together, where its first one stands."""
    kinds: dict[tuple[str, For], list[Button]] = collections.defaultdict(list)
    for button in buttons:
        kinds[button.command, button.whose].append(button)
    alike = len(kinds) == 1 and len(buttons) > 1  # no choice is better than the others
    first = None if alike else next(iter(buttons), None)
    waiting: list[Button] = []
    for of_kind in kinds.values():
        options = [button for button in of_kind if option(button.values)][:_OPTIONS]
        if len(options) <= _IN_ROW:
            waiting += [button for button in of_kind if fits(_code(button))]
            continue
        yield from _buttons(waiting, page, first)
        yield _row(_menu(options, page)), options
        waiting = []
    yield from _buttons(waiting, page, first)


def _buttons(some: Sequence[Button], page: Page, first: Button | None) -> Iterator[tuple[Row, list[Button]]]:
    for start in range(0, len(some), _IN_ROW):
        shown = list(some[start : start + _IN_ROW])
        yield _row(*(_button(button, page, primary=button is first) for button in shown)), shown


def _row(*parts: Row) -> Row:
    return {"type": _ACTION_ROW, "components": list(parts)}


def _button(button: Button, page: Page, *, primary: bool) -> Row:
    return {
        "type": _BUTTON,
        "style": _PRIMARY if primary else _SECONDARY,
        "label": page.label(button.label, _LABEL) or button.command,
        "button": _code(button),
    }


def _menu(some: Sequence[Button], page: Page) -> Row:
    """Choices under one another; each option holds the values of its button."""
    options = [{"label": page.label(b.label, _OPTION) or b.command, "value": option(b.values)} for b in some]
    return {
        "type": _MENU,
        "placeholder": page.own("discord.choose"),
        "options": options,
        "button": {"command": some[0].command, "values": {}, "whose": some[0].whose.value},
    }


def _code(button: Button) -> dict[str, Any]:
    return {"command": button.command, "values": dict(button.values), "whose": button.whose.value}
