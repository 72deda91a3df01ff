"""`check`: every problem of every file, in words that people can act on, in both languages."""

import re
import string
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.check import check, language_of, render, words
from bot.config import NOT_BUILT
from bot.core.document import Severity, mistakes

ROOT = Path(__file__).parent.parent
CONFIG = """\
campaign: {name: Actie, timezone: Europe/Amsterdam}
platforms: {terminal: {}}
roles: {organiser: ["terminal:sjoera"]}
content: {faq: faq.yaml, values: values.yaml}
"""
FAQ = """\
- id: mail
  question: {nl: Houd ik mijn mail?, en: Do I keep my mail?}
  also: {nl: [mail houden, postvak], en: [keep mail, mailbox]}
  answer: {nl: Er zijn {COUNT} namen., en: "There are {petition.count} names."}
  sources: [{title: Mail, url: https://example.org/mail, date: 2019-01-27, party: kpn}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small campaign without mistakes."""
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "faq.yaml").write_text(FAQ.replace("{COUNT}", "veel"), encoding="utf-8")
    (tmp_path / "values.yaml").write_text("petition.count: {value: 45500, as_of: 2019-01-27}\n", encoding="utf-8")
    return tmp_path / "config.yaml"


def lines(path: Path, language: str = "en") -> list[str]:
    return [render(problem, language).replace(f"{path.parent}/", "") for problem in check(path, {})]


def test_nothing_wrong(config: Path) -> None:
    """A campaign without mistakes has nothing to say."""
    assert lines(config) == []


def test_files_together(config: Path) -> None:
    """Mistakes of the configuration and of the campaign's files are told in one go, one a line."""
    config.write_text(CONFIG + "limitz: {}\n", encoding="utf-8")
    (config.parent / "faq.yaml").write_text(FAQ.replace("{COUNT}", "45.500"), encoding="utf-8")
    (config.parent / "values.yaml").write_text("petition.count: {value: 45500}\n", encoding="utf-8")
    assert lines(config) == [
        "config.yaml:5: limitz: this name is not known here; did you mean limits?",
        "values.yaml:1: petition.count.as_of: this is missing; fill it in.",
        (
            "faq.yaml:4: mail.answer.nl: 45.500 is in values.yaml too and grows old here; "
            "write {petition.count}, or name the date with its year in the same paragraph."
        ),
    ]


def test_dutch(config: Path) -> None:
    """The campaign's language comes first."""
    config.write_text(CONFIG + "limitz: {}\n", encoding="utf-8")
    assert lines(config, "nl") == ["config.yaml:5: limitz: deze naam ken ik hier niet; bedoel je limits?"]


@pytest.mark.parametrize(
    ("changed", "by", "expected"),
    [
        ("timezone: Europe/Amsterdam", "timezone: Mars/Base", ["config.yaml:1: campaign.timezone"]),
        ("timezone: Europe/Amsterdam", "timezone: '${ZONE}'", ["config.yaml:1: campaign.timezone"]),
        ("values: values.yaml", "values: 5", ["config.yaml:4: content.values"]),
        ("faq: faq.yaml", "faq: other.yaml", ["other.yaml:1: file"]),
        ("content:", "content: []\ncontentz:", ["config.yaml:4: content", "config.yaml:5: contentz"]),
    ],
)
def test_content_is_read_all_the_same(config: Path, changed: str, by: str, expected: list[str]) -> None:
    """A mistake in the configuration does not hide those in the files, and makes none of its own."""
    config.write_text(CONFIG.replace(changed, by), encoding="utf-8")
    assert [": ".join(line.split(": ")[:2]) for line in lines(config)] == expected


@pytest.mark.parametrize("text", ["a: b: c", "", "- 1", "campaign: {name: A}\nplatforms: {terminal: {}}\ncontent: 3\n"])
def test_a_configuration_that_is_none(config: Path, text: str) -> None:
    """Whatever stands in the file, check says what is wrong and ends well."""
    config.write_text(text, encoding="utf-8")
    assert mistakes(check(config, {}))


def test_unreadable(config: Path) -> None:
    """Files that are no text, or not there, are told."""
    config.write_bytes(b"campaign: \xff\xfe")
    assert [problem.key for problem in check(config, {})] == ["document.unreadable"]
    config.unlink()
    assert [problem.key for problem in check(config, {})] == ["config.no-file"]


def test_marks_of_editors(config: Path) -> None:
    """The mark that some editors put in front of UTF-8 is no part of the text."""
    config.write_bytes(b"\xef\xbb\xbf" + CONFIG.encode())
    assert lines(config) == []


def test_files_of_parts_that_are_there(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is built needs its file; one that is not has a note."""
    text = CONFIG.replace("values: values.yaml", "values: values.yaml, tasks: tasks.yaml")
    config.write_text(text + "petition: {source: {type: history, file: history.csv}}\n", encoding="utf-8")
    monkeypatch.setattr("bot.check.NOT_BUILT", ())
    assert [problem.path for problem in mistakes(check(config, {}))] == ["content.tasks", "petition.source.file"]
    monkeypatch.setattr("bot.check.NOT_BUILT", (("content", "tasks"), ("petition",)))
    assert mistakes(check(config, {})) == []


def test_language(config: Path) -> None:
    """Check speaks the campaign's language, also when the configuration is wrong."""
    assert language_of(config) == "nl"
    config.write_text("campaign: {language: en}\nx: 1\n", encoding="utf-8")
    assert language_of(config) == "en"
    assert language_of(config.parent / "nothing.yaml") == "nl"


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("key", sorted(words()))
def test_sentences(key: str) -> None:
    """Every sentence stands in Dutch and English, with the same values, and says more than what is wrong."""
    assert set(words()[key]) == {"nl", "en"}
    assert fields(words()[key]["nl"]) == fields(words()[key]["en"])
    if key not in {"document.whole", "document.note"}:
        for sentence in words()[key].values():
            assert re.search(r"[;?].*[.?]$|\?$", sentence), sentence


def test_every_key_has_a_sentence_and_every_sentence_a_key() -> None:
    """The keys that the code raises are those that have words."""
    sources = [*(ROOT / "bot" / "config").glob("*.py"), *(ROOT / "bot" / "campaign").glob("*.py")]
    sources += [ROOT / "bot" / "check.py", ROOT / "bot" / "core" / "document.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    raised = set(re.findall(r'"((?:document|config|content)\.[a-z][a-z-]*)"', text))
    raised = {key for key in raised if not key.endswith(".yaml")}
    raised |= {f"config.room-{platform}" for platform in ("terminal", "matrix", "discord")}
    assert raised == set(words())


def test_the_example_campaign() -> None:
    """The campaign in the repository has no mistakes; what is not built yet is a note."""
    problems = check(ROOT / "config.yaml", {})
    assert [render(problem, "en") for problem in mistakes(problems)] == []
    parts = {".".join(map(str, place)) for place in NOT_BUILT}
    assert {problem.path for problem in problems if problem.key == "config.not-built"} <= parts
    assert {problem.severity for problem in problems} <= {Severity.NOTE}


def test_it_is_quick(tmp_path: Path) -> None:
    """A start reads the configuration and 600 kB of answers in well under a second, imports included."""
    also = [f"een vraag nummer {n} over mail en overstappen" for n in range(90)]
    one = FAQ.replace("{COUNT}", "veel").replace("[mail houden, postvak]", f"[{', '.join(also)}]")
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "values.yaml").write_text("petition.count: {value: 45500, as_of: 2019-01-27}\n", encoding="utf-8")
    faq = "".join(one.replace("id: mail", f"id: mail-{n}").replace("nummer", f"{n} nummer") for n in range(130))
    (tmp_path / "faq.yaml").write_text(faq, encoding="utf-8")
    assert len(faq) > 600_000
    code = (
        "import pathlib, sys; from bot.check import check; from bot.core.document import mistakes;"
        "sys.exit(len(mistakes(check(pathlib.Path(sys.argv[1]), {}))))"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "config.yaml")], check=True, cwd=ROOT)
    assert time.monotonic() - started < 3  # 0.5 s on an idle machine; the rest is for a busy one
