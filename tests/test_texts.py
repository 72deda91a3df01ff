"""Every sentence: in both languages, used, and nowhere but in the files of sentences."""

import ast
import functools
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

import bot.platforms.terminal.own
import commands
from bot.core.command import Command
from bot.core.texts import LANGUAGES, Texts, slots
from tests.talk import ROOT

PYTHON = sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("commands/*.py")])
SPEAK = {"Phrase", "say", "Field", "Link", "Invalid", "NotFound", "Refused", "Denied", "UserError"}
MARK = "\0"  # where an f-string has a value
FORMATTED = {("core", "document.yaml"), ("config", "problems.yaml"), ("campaign", "content.yaml")}  # by str.format
COMMANDS = list(commands.CATALOGUE.commands.values())


@functools.cache
def sentences() -> dict[str, Any]:
    """By key, of every file with sentences."""
    found: dict[str, Any] = dict(commands.TEXTS)
    for path in ROOT.glob("bot/**/*.yaml"):
        for key, both in yaml.safe_load(path.read_text("utf-8")).items():
            assert key not in found, f"{key} stands in two files"
            found[key] = _unescaped(both) if path.parts[-2:] in FORMATTED else both
    return found


def _unescaped(both: Mapping[str, str]) -> dict[str, str]:
    return {lang: re.sub(r"\{\{(\w+)\}\}", "", text) for lang, text in both.items()}


@functools.cache
def trees() -> Mapping[pathlib.Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in PYTHON}


def constants(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string with its line, and a mark for each value in an f-string or behind a plus; no docstrings."""
    match node:
        case ast.JoinedStr(values=parts):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else MARK for p in parts)
        case ast.BinOp(left=ast.Constant(value=str(start)), op=ast.Add()):
            yield node.lineno, start + MARK
        case ast.Constant(value=str(text)):
            yield node.lineno, text
        case ast.Expr(value=ast.Constant()):
            pass
        case _:
            for child in ast.iter_child_nodes(node):
                yield from constants(child)


def pattern(text: str) -> re.Pattern[str]:
    return re.compile("[a-z_-]+".join(re.escape(part) for part in text.split(MARK)))


def spoken() -> Iterator[tuple[str, ast.Call]]:
    """The first argument of everything that takes a key, where it stands in the code itself."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _called(node) in SPEAK:
                for _, text in constants(node.args[0]):
                    if "." in text and " " not in text:
                        yield f"{path.relative_to(ROOT)}:{node.lineno} {text}", node


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


# -- the sentences ----------------------------------------------------------------------------------------


def test_both_languages() -> None:
    """Every sentence stands in Dutch and English, with the same values."""
    Texts(sentences())


def test_references() -> None:
    """Every command that a sentence refers to exists."""
    assert Texts(sentences()).references() <= set(commands.CATALOGUE.commands)


def test_what_is_said_exists() -> None:
    """Every key in the code is that of a sentence; a key with a value in it, of at least one."""
    missing = [where for where, _ in spoken() if not any(map(pattern(where.split(" ")[1]).fullmatch, sentences()))]
    assert missing == []


def test_values_are_given() -> None:
    """Where key and values stand together in the code, the sentence gets every value that it wants."""
    short = []
    for where, call in spoken():
        key = where.split(" ")[1]
        given = _given(call)
        if key in sentences() and given is not None and not slots(sentences()[key]["nl"]) <= given:
            short.append(f"{where}: {slots(sentences()[key]['nl']) - given}")
    assert short == []


def _given(call: ast.Call) -> set[str] | None:
    """The names of the values beside a key; None where they come from elsewhere."""
    if _called(call) == "Phrase":
        match call.args[1:]:
            case []:
                return set()
            case [ast.Dict(keys=keys)]:
                return {str(key.value) for key in keys if isinstance(key, ast.Constant)} if all(keys) else None
        return None
    named = {keyword.arg for keyword in call.keywords}
    if None in named or _called(call) not in {"say", "Refused", "Denied"}:
        return None  # what is wrong with a value is said with its name, which the dispatcher adds
    return {name for name in named if name}


def test_every_sentence_is_used() -> None:
    """A sentence that nothing says is taken out."""
    texts = {text for tree in trees().values() for _, text in constants(tree) if "." in text and " " not in text}
    exact = {text for text in texts if MARK not in text}
    open_ = [pattern(text) for text in texts if MARK in text and re.match(r"[a-z]+\.", text)]
    unused = [key for key in sentences() if key not in exact and not any(p.fullmatch(key) for p in open_)]
    assert unused == []


def test_no_sentence_in_python() -> None:
    """What people read stands in the files of sentences. The help of the command line is for whoever runs the bot."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {text}"
        for path, tree in trees().items() if path.name != "cli.py"
        for line, text in constants(tree)
        if re.fullmatch(r"[A-Z][\w',;:]*( [^A-Z\s]+){2,}[.!?]", text.replace(MARK, "x"))
    ]  # fmt: skip
    assert found == []


# -- the commands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("found", COMMANDS, ids=lambda c: c.id)
def test_words_fit_every_platform(found: Command, language: str) -> None:
    """Discord's limits are the tightest: 32 characters of lower case a name, 100 a description."""
    names = [*found.names[language].split(), *(p.labels[language] for p in found.parameters)]
    assert all(re.fullmatch(r"[-_a-z0-9à-ÿ]{1,32}", name) for name in names)
    assert len(found.names[language].split()) <= 2
    abouts = [found.helps[language], *(p.abouts[language] for p in found.parameters)]
    assert all(1 <= len(about) <= 100 for about in abouts)
    assert not any(re.search(r"[.!]$", about) for about in abouts), "a menu has no full stops"


def test_names_do_not_shadow_each_other() -> None:
    """Nothing that may be typed means two commands, nor one of the terminal's own."""
    typed = [name for c in COMMANDS for name in c.typed_names()]
    assert len(typed) == len(set(typed))
    assert not {name.split()[0] for name in typed} & set(bot.platforms.terminal.own.NAMES)


def test_named_as_agreed() -> None:
    """Parameters are called the same in every command, so that people learn them once."""
    labels: dict[str, set[str]] = {}
    for c in COMMANDS:
        for p in c.parameters:
            labels.setdefault(p.name, set()).add(p.labels["nl"])
    assert {name: found for name, found in labels.items() if len(found) > 1} == {}
