"""Rules of what stands beneath a message and in a form."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

JSON = dict[str, Any]

ROW, BUTTON, SELECTS, LABEL = 1, 2, {3, 5, 6, 7, 8}, 18
ROWS, BUTTONS, CUSTOM_ID, BUTTON_LABEL, OPTIONS, OPTION, PLACEHOLDER = 5, 5, 100, 80, 25, 100, 150
FORM_TITLE, FORM_LABEL, FORM_PARTS, FORM_VALUE = 45, 45, 5, 4000
LINK = 5


def part_faults(rows: list[JSON]) -> Iterator[str]:
    """What is wrong with the components of a message."""
    if len(rows) > ROWS:
        yield f"components: {len(rows)} rows, at most {ROWS}"
    yield from (fault for row in rows for fault in _row_faults(row))
    yield from _id_faults([part for row in rows for part in row.get("components") or []])


def _row_faults(row: JSON) -> Iterator[str]:
    parts = row.get("components") or []
    if row.get("type") != ROW:
        yield f"components: a part of type {row.get('type')} outside a row"
    if not 1 <= len(parts) <= BUTTONS:
        yield f"components: {len(parts)} in a row, 1 to {BUTTONS}"
    if len(parts) > 1 and any(part["type"] in SELECTS for part in parts):
        yield "components: a list has a row to itself"
    for part in parts:
        yield from _button_faults(part) if part["type"] == BUTTON else _select_faults(part)


def _button_faults(button: JSON) -> Iterator[str]:
    label, ours = button.get("label") or "", button.get("custom_id")
    if not label and not button.get("emoji"):
        yield "button: without a label"
    if len(label) > BUTTON_LABEL:
        yield f"button: a label of {len(label)} characters, at most {BUTTON_LABEL}"
    if button.get("style") == LINK and (ours is not None or not button.get("url")):
        yield "button: a link has an address and no custom_id"
    if button.get("style") != LINK and (ours is None or button.get("url")):
        yield "button: one that is no link has a custom_id and no address"


def _select_faults(select: JSON) -> Iterator[str]:
    options = select.get("options") or []
    if len(select.get("placeholder") or "") > PLACEHOLDER:
        yield f"select: a placeholder of more than {PLACEHOLDER} characters"
    if select["type"] == 3 and not 1 <= len(options) <= OPTIONS:
        yield f"select: {len(options)} options, 1 to {OPTIONS}"
    if any(not 1 <= len(option[name]) <= OPTION for option in options for name in ("label", "value")):
        yield f"select: a label or value that is not of 1 to {OPTION} characters"
    if len({option["value"] for option in options}) < len(options):
        yield "select: a value twice"


def _id_faults(parts: list[JSON]) -> Iterator[str]:
    ids = Counter(part["custom_id"] for part in parts if part.get("custom_id") is not None)
    for one, times in ids.items():
        if times > 1:
            yield f"custom_id: {one!r} {times} times"
        if not 1 <= len(one) <= CUSTOM_ID:
            yield f"custom_id: {len(one)} characters, 1 to {CUSTOM_ID}"


# -- forms


def form_faults(form: JSON) -> Iterator[str]:
    """What is wrong with a form."""
    parts = form.get("components") or []
    if not 1 <= len(form.get("title") or "") <= FORM_TITLE:
        yield f"form: a title of {len(form.get('title') or '')} characters, 1 to {FORM_TITLE}"
    if not 1 <= len(parts) <= FORM_PARTS:
        yield f"form: {len(parts)} parts, 1 to {FORM_PARTS}"
    fields = [(part, one) for part in parts for one in _fields(part)]
    for part, one in fields:
        yield from _field_faults(part, one)
    yield from _id_faults([one for _, one in fields])


def _fields(part: JSON) -> list[JSON]:
    return part.get("components") or ([part["component"]] if "component" in part else [])


def _field_faults(part: JSON, one: JSON) -> Iterator[str]:
    label = (part.get("label") if part.get("type") == LABEL else one.get("label")) or ""
    if not 1 <= len(label) <= FORM_LABEL:
        yield f"form: a label of {len(label)} characters, 1 to {FORM_LABEL}"
    if len(one.get("value") or "") > min(one.get("max_length") or FORM_VALUE, FORM_VALUE):
        yield f"form: more filled in beforehand than {label!r} takes"
