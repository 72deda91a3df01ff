"""Buttons: what each does stands in its custom_id, and nothing else can be read from one."""

import json
import string
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.reply import Button, For, Reply
from bot.platforms.discord import buttons
from bot.platforms.discord.buttons import Coded, decode, encode, finished, fits, option
from tests.nasty import NASTY
from tests.platforms.discord.test_rendering import bare, claim, only
from tests.talk import ROOT

OWNER, UNTIL = "175928847299117063", 1_548_587_700_000
OPENAPI = ROOT.parent / "shared" / "discord" / "openapi.json"
COMMANDS = st.from_regex(r"[a-z]{1,12}(\.[a-z_]{1,12})?", fullmatch=True)
VALUES = st.dictionaries(st.text(string.ascii_lowercase + "_", min_size=1, max_size=8), NASTY | st.text(), max_size=3)


def button(command: str, values: Mapping[str, str], whose: For = For.ASKER) -> dict[str, Any]:
    return {"command": command, "values": dict(values), "whose": whose.value}


# -- coding -----------------------------------------------------------------------------------------------


def test_a_custom_id() -> None:
    """It can be read in Discord's own tools."""
    coded = encode(button("task.claim", {"task": "12"}), OWNER, UNTIL)
    assert coded == "act:1:o:1c49kkphnxtz:jret4so0:task.claim:task=12"
    assert decode(coded) == Coded("task.claim", {"task": "12"}, For.ASKER, OWNER, UNTIL)


@given(
    COMMANDS, VALUES, st.sampled_from(For), st.none() | st.integers(1, 2**64 - 1).map(str), st.integers(0, 36**9 - 1)
)
@example("faq", {"a": "&=%:+ é\n", "b": ""}, For.ASKER, None, 0)
def test_what_is_written_is_read_back(
    command: str, values: Mapping[str, str], whose: For, owner: str | None, until: int
) -> None:
    """Whatever a button does comes back as it was, or was too long from the beginning."""
    coded = encode(button(command, values, whose), owner, until)
    if coded is None:
        assert not fits(button(command, values, whose))
    else:
        assert len(coded) <= 100
        assert coded.isascii()
        assert decode(coded) == Coded(command, values, whose, owner, until)
        assert decode(coded, "a=b") is None


@given(COMMANDS, VALUES, st.sampled_from(For))
def test_an_option_is_read_back(command: str, values: Mapping[str, str], whose: For) -> None:
    """A menu says the command, the chosen option its values; without one the menu says nothing."""
    menu = encode(button(command, {}, whose), OWNER, UNTIL, menu=True)
    assert menu is not None
    assert decode(menu) is None
    if chosen := option(values):
        assert len(chosen) <= 100
        assert decode(menu, chosen) == Coded(command, values, whose, OWNER, UNTIL)


@given(st.text(max_size=120) | st.from_regex(r"act:1:[a-zA-Z]?:[0-9a-zé]*:[0-9a-z]*:[a-z.]*(:.*)?"), NASTY)
@example("act:1:o:0:0:faq", "")
@example("act:1:o::00:faq", "")
@example("act:1:o::0:faq:", "")
@example("act:1:o::0:faq:a=1&a=2", "")
@example("act:1:o::0:faq:a", "")
@example("act:1:o::0:faq:a=%e9", "")
@example("act:1:o::0:faq:a=%41", "")
@example("act:1:O::0:faq", "a=%FF")
@example("act:1:o:١:0:faq", "")
@example("act:1:o::0:faq\n", "")
def test_a_forged_custom_id_says_nothing_new(custom_id: str, chosen: str) -> None:
    """What is read is what we would have written ourselves; anything else is none of ours."""
    if found := decode(custom_id, chosen):
        menu = custom_id[6].isupper()
        values = {} if menu else found.values
        assert encode(button(found.command, values, found.whose), found.owner, found.until, menu=menu) == custom_id
        assert option(found.values) == chosen or not menu


@pytest.mark.parametrize(
    "custom_id",
    ["", "act:1:o::00:faq", "act:1:o::0:faq:", "act:1:o::0:faq:a=1&a=2", "act:1:o::0:faq:a",
     "act:1:o::0:faq:a=%41", "act:1:x::0:faq", "act:2:o::0:faq", "act:1:o::0:FAQ", "act:1:o::0:faq\n",
     "act:1:O::0:faq"],
)  # fmt: skip
def test_what_is_not_ours(custom_id: str) -> None:
    """Other ways to write the same, and other versions, are not taken."""
    assert decode(custom_id) is None


def test_finished() -> None:
    """Own buttons carry whose they are and until when; those of others do not; the payload stays as it was."""
    payload = only(Reply(bare("x"), buttons=(claim(1), claim(2, whose=For.ANYONE), claim(3, whose=For.ADDRESSED))))
    before = json.dumps(payload)
    parts = finished(payload["components"], OWNER, UNTIL)[0]["components"]
    assert [decode(part["custom_id"]) for part in parts] == [
        Coded("task.claim", {"task": "1"}, For.ASKER, OWNER, UNTIL),
        Coded("task.claim", {"task": "2"}, For.ANYONE, None, 0),
        Coded("task.claim", {"task": "3"}, For.ADDRESSED, None, 0),
    ]
    assert not any("button" in part for part in parts)
    assert json.dumps(payload) == before


# -- what is shown ----------------------------------------------------------------------------------------


def shown(*some: Button) -> list[list[tuple[int, str]]]:
    """Style and label of each button, row by row; a menu has style 0 and its number of options."""
    rows = only(Reply(bare("Kies."), buttons=some)).get("components", [])
    custom_ids = [part["custom_id"] for row in finished(rows, OWNER, UNTIL) for part in row["components"]]
    assert len(custom_ids) == len(set(custom_ids))
    assert all(custom_ids)
    return [
        [(part.get("style", 0), part.get("label") or str(len(part["options"]))) for part in row["components"]]
        for row in rows
    ]


def test_the_first_button_stands_out() -> None:
    """Unless all are choices of one kind: then none is better than the others."""
    listed = Button(bare("Lijst"), "task.list")
    assert shown(claim(1), listed) == [[(1, "Neem T1"), (2, "Lijst")]]
    assert shown(claim(1)) == [[(1, "Neem T1")]]
    assert shown(claim(1), claim(2)) == [[(2, "Neem T1"), (2, "Neem T2")]]


def test_many_choices_are_a_menu() -> None:
    """Five choices of one kind are buttons, six are a menu, which stands where the first stood."""
    assert len(shown(*map(claim, range(5)))[0]) == 5
    listed, asked = Button(bare("Lijst"), "task.list"), Button(bare("Vraag"), "faq", {"question": "a"})
    assert shown(listed, *map(claim, range(6)), asked) == [[(1, "Lijst")], [(0, "6")], [(2, "Vraag")]]
    found = only(Reply(bare("Kies."), buttons=tuple(map(claim, range(6)))))["components"][0]["components"][0]
    assert found == {
        "type": 3, "placeholder": "Maak je keuze",
        "options": [{"label": f"Neem T{n}", "value": f"task={n}"} for n in range(6)],
        "button": {"command": "task.claim", "values": {}, "whose": "asker"},
    }  # fmt: skip


def test_more_than_five_buttons_of_all_kinds() -> None:
    """Buttons of different kinds go on in a next row."""
    mixed = [*map(claim, range(4)), *(Button(bare(f"V{n}"), "faq", {"question": str(n)}) for n in range(3))]
    assert [len(row) for row in shown(*mixed)] == [5, 2]


def test_what_has_no_button_is_typed() -> None:
    """What is too long for a button, too many or there already is said small, as one types it; nothing is lost."""
    long = Button(bare("Schrijf *dit*"), "task.add", {"title": "woord " * 20})
    found = only(Reply(bare("Kies."), buttons=(long, claim(1), claim(1))))
    assert [part["label"] for part in found["components"][0]["components"]] == ["Neem T1"]
    title = ("woord " * 20).strip()
    assert found["content"] == (
        f"Kies.\n\n-# Schrijf \\*dit\\*: typ `/taak nieuw titel:{title}`\n-# Neem T1: typ `/taak oppakken taak:1`"
    )
    found = only(Reply(bare("Kies."), buttons=tuple(map(claim, range(30)))))
    assert len(found["components"][0]["components"][0]["options"]) == 25
    assert found["content"].count("\n-# ") == 5


@pytest.mark.parametrize("label", ["x" * 200, "😀" * 200, "e\u0301" * 200, "**a** [b](https://x.nl)\nc", ""])
def test_labels_are_short_and_plain(label: str) -> None:
    """A label is cut where Discord would refuse it, has no markup and is never empty."""
    for some in (
        [Button(bare(label), "task.list")],
        [Button(bare(label), "faq", {"question": str(n)}) for n in range(6)],
    ):
        for row in only(Reply(bare("x"), buttons=tuple(some)))["components"]:
            for part in row["components"]:
                for one in [part, *part.get("options", ())]:
                    if "label" in one:
                        assert 1 <= len(one["label"].encode("utf-16-le")) // 2 <= (100 if "value" in one else 80)
                        assert "\n" not in one["label"]


def test_discord_takes_them() -> None:
    """Finished components are what Discord's own description of its API asks for."""
    if not OPENAPI.exists():
        pytest.skip("Discord's description of its API is not here")
    import jsonschema
    import referencing
    import referencing.jsonschema

    spec = referencing.jsonschema.DRAFT202012.create_resource(json.loads(OPENAPI.read_text("utf-8")))
    registry: Any = referencing.Registry().with_resource("spec", spec)
    schema = {"$ref": "spec#/components/schemas/MessageCreateRequest"}
    found = dict(only(Reply(bare("x"), buttons=(*map(claim, range(6)), Button(bare("Lijst"), "task.list")))))
    found["components"] = finished(found["components"], OWNER, UNTIL)
    validator = jsonschema.Draft202012Validator(schema, registry=registry)
    assert list(validator.iter_errors(found)) == []
    found["components"][0]["components"][0]["custom_id"] = "x" * 101
    assert list(validator.iter_errors(found)) != []


def test_a_long_owner_and_late_hour_fit() -> None:
    """What fits at rendering fits at sending, whosever it is."""
    longest = max(n for n in range(100) if fits(button("faq", {"question": "x" * n})))
    assert longest >= 40
    assert encode(button("faq", {"question": "x" * longest}), str(2**64 - 1), 36**9 - 1)
    assert not fits(button("faq", {"question": "x" * (longest + 1)}))
    assert buttons.MOST == 100
