"""The command line: run, check, ask, measure, back up."""

import asyncio
import dataclasses
import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import structlog
import yaml

from bot import __version__, app, check, doctor, logs, upkeep
from bot.app import ContentProblems
from bot.campaign.evaluation import Question, evaluate
from bot.campaign.faq import Answer, Faq
from bot.config import Config, ConfigProblems, load_config
from bot.core import moments
from bot.core.document import Problem, mistakes
from bot.core.errors import Invalid
from bot.core.reply import Phrase
from bot.core.texts import Texts
from bot.parts import BACKUP_KEY, Stopped, read_faq, read_texts, real_now, said, secrets_of

WRONG = 2

log = structlog.get_logger()

_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration.",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_AT = click.option("--at", help="As of this moment, such as 2019-01-27T12:00:00+01:00.")


@click.group()
@click.version_option(__version__, prog_name="actiebot", message="%(prog)s %(version)s")
def program() -> None:
    """One bot for one volunteer campaign, in all the chat rooms where its people are."""


@program.command()
@_CONFIG
@click.option("--only", help="Only these platforms, with commas: terminal,matrix.")
@_AT
@click.option("--json", "json_lines", is_flag=True, help="The terminal prints one JSON line a message.")
def run(config: Path, only: str | None, at: str | None, json_lines: bool) -> int:
    """Run the bot until it is stopped."""
    settings = _config(config)
    start = _moment(at, settings) if at else None
    wanted = frozenset(filter(None, (only or "").replace(" ", "").split(","))) or None
    try:
        return asyncio.run(app.run(settings, only=wanted, at=start, json_lines=json_lines))
    except ContentProblems as error:
        _print_problems(error.problems, config)
        return WRONG


@program.command("check")
@_CONFIG
def check_(config: Path) -> int:
    """Check the configuration and the campaign's files; every mistake, one a line."""
    problems = check.check(config, os.environ)
    _print_problems(problems, config, err=False)
    wrong = len(mistakes(problems))
    verdict = Phrase("check.wrong", {"count": wrong}) if wrong else Phrase("check.fine")
    click.echo(said(verdict, check.language_of(config)), err=bool(wrong))
    if wrong:
        return WRONG
    read_faq(_config(config), read_texts())  # indexed now, so that the next start is quick
    return 0


@program.group("faq")
def faq_() -> None:
    """Ask the FAQ, or measure it."""


@faq_.command()
@click.argument("question")
@_CONFIG
@click.option("--lang", type=click.Choice(["nl", "en"]), help="The language of the answer.")
@_AT
@_JSON
def ask(question: str, config: Path, lang: str | None, at: str | None, as_json: bool) -> None:
    """Answer one question, as the bot would."""
    settings, texts = _config(config), read_texts()
    faq = _faq(settings, config, texts)
    now = _moment(at, settings) if at else real_now()
    answer = faq.ask(question, now=now, stops=asyncio.run(upkeep.stops(settings)))
    if lang:
        answer = dataclasses.replace(answer, language=lang)
    language = answer.language or settings.campaign.language
    text = upkeep.in_plain_words(answer, language, settings, texts)
    if as_json:
        _print_json(_as_json(answer, language, text))
    else:
        click.echo(text)
        for entry in answer.choices:
            click.echo(f"- {entry.question[language]}")


@faq_.command("eval")
@_FILE
@_CONFIG
@_AT
@_JSON
def eval_(file: Path, config: Path, at: str | None, as_json: bool) -> None:
    """Measure the answering on a set of questions; without --at, validity windows are not applied."""
    settings = _config(config)
    now = _moment(at, settings) if at else None
    faq = _faq(settings, config, read_texts())
    score = evaluate(_questions(file, settings), lambda text: faq.ask(text, now=now, stops={}))
    counts = dataclasses.asdict(score)
    if as_json:
        _print_json(counts)
    else:
        for name, value in counts.items():
            click.echo(f"{name:16} {value}")


@program.command()
@_FILE
@_CONFIG
def backup(file: Path, config: Path) -> None:
    """Write one consistent, encrypted file, also while the bot runs."""
    settings = _config(config)
    click.echo(asyncio.run(upkeep.backup(settings, file, _key(settings))))


@program.command()
@_FILE
@_CONFIG
@click.option("--check", "check_only", is_flag=True, help="Only verify the file.")
def restore(file: Path, config: Path, check_only: bool) -> None:
    """Put a backup into an empty database; the bot is muted until `actiebot resume`."""
    settings = _config(config)
    click.echo(asyncio.run(upkeep.restore(settings, file, _key(settings), check_only=check_only)))


@program.command()
@_CONFIG
def resume(config: Path) -> None:
    """After a restore: decide what came due meanwhile, and let the bot speak again."""
    settings = _config(config)
    click.echo(asyncio.run(upkeep.resume(settings, ask=click.confirm)))


@program.command()
@_CONFIG
def reload(config: Path) -> int:
    """Check the campaign's files and let the running bot take them over, all or nothing."""
    settings = _config(config)
    problems = check.check(config, os.environ)
    if mistakes(problems):
        _print_problems(problems, config)
        if mistakes(read_faq(settings, read_texts())[1]):
            asyncio.run(upkeep.refuse(settings))
        return WRONG
    click.echo(asyncio.run(upkeep.reload(settings)))
    return 0


@program.command("doctor")
@_CONFIG
def doctor_(config: Path) -> int:
    """Say what works, and what to do about what does not; only looks, also beside the running bot."""
    problems, language = mistakes(check.check(config, os.environ)), check.language_of(config)
    try:
        settings = _hidden(load_config(config, os.environ))
    except ConfigProblems:
        settings = None
    findings = asyncio.run(doctor.examine(settings, problems, language))
    for line in doctor.told(findings, settings, language):
        click.echo(line)
    return 1 if any(finding.good is False for finding in findings) else 0


class _Ended(Exception):
    """The command has said what is wrong."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _config(path: Path) -> Config:
    """The configuration; from here on nothing that is logged shows its secrets."""
    try:
        return _hidden(load_config(path, os.environ))
    except ConfigProblems as error:
        _print_problems(error.problems, path)
        raise _Ended(WRONG) from None


def _hidden(settings: Config) -> Config:
    level = "DEBUG" if settings.log.level == "DEBUG" else "WARNING"
    logs.set_up(level, settings.log.format, secrets_of(settings))
    return settings


def _faq(settings: Config, path: Path, texts: Texts) -> Faq:
    faq, problems = read_faq(settings, texts)
    if faq is None:
        _print_problems(problems, path)
        raise _Ended(WRONG)
    return faq


def _moment(text: str, settings: Config) -> dt.datetime:
    try:
        return moments.parse(text, zone=settings.campaign.timezone)
    except Invalid as error:
        said_so = said(Phrase("cli.moment", {"text": text}), settings.campaign.language)
        raise click.BadParameter(said_so) from error


def _key(settings: Config) -> str:
    key = os.environ.get(BACKUP_KEY, "")
    if not key:
        raise Stopped(WRONG, Phrase("cli.no_backup_key", {"name": BACKUP_KEY}), settings.campaign.language)
    return key


def _questions(file: Path, settings: Config) -> list[Question]:
    try:
        items = yaml.load(file.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return [Question.of(item) for item in items]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Stopped(
            WRONG, Phrase("cli.questions", {"file": str(file), "reason": reason}), settings.campaign.language
        ) from None


def _as_json(answer: Answer, language: str, text: str) -> dict[str, object]:
    return {
        "outcome": answer.told.value,
        "entry": answer.entry.id if answer.entry else None,
        "text": text,
        "sources": [
            {"title": s.title, "url": s.url, "date": s.date.isoformat() if s.date else None, "party": s.party}
            for s in answer.sources
        ],
        "caution": answer.caution,
        "choices": [{"entry": e.id, "question": e.question[language]} for e in answer.choices],
    }


def _print_problems(problems: list[Problem], path: Path, *, err: bool = True) -> None:
    language = check.language_of(path)
    for problem in problems:
        click.echo(check.render(problem, language), err=err)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def main() -> None:
    """Run the command line; every error of use is one clear line, and exit code 2."""
    logs.set_up("WARNING", "text", ())
    sys.exit(_guarded(lambda: program(standalone_mode=False)))


def _guarded(act: Callable[[], Any]) -> int:
    try:
        return int(act() or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return WRONG
    except click.ClickException as error:
        click.echo(f"actiebot: {error.format_message()}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except _Ended as error:
        return error.code
    except Stopped as error:
        click.echo(f"actiebot: {error.said()}", err=True)
        return error.code
    except OSError as error:
        return _unprinted(error)
    except Exception:
        log.exception("the program failed")  # Python's own traceback would not hide secrets
        return 1


def _unprinted(error: OSError) -> int:
    """Mostly: whoever read our output is gone, of which nothing is said, or its disk is full."""
    log.debug("the program failed", exc_info=error)
    if not isinstance(error, BrokenPipeError):
        click.echo(f"actiebot: {error}", err=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python tries to print the rest at exit
    return 1


if __name__ == "__main__":
    main()
