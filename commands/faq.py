"""Questions: one answer with its source, a few choices, or people to ask."""

from typing import Annotated

from bot.campaign import faq
from bot.campaign.content import Entry, Source
from bot.campaign.faq import Answer, Told
from bot.core import courtesy, spoken
from bot.core.command import Role, command
from bot.core.parameters import Text
from bot.core.reply import Button, Listing, Phrase, Reply, Words, say
from bot.engine.context import Context

LABEL = 80  # characters of a button, on the tightest platform


@command("faq", allow=Role.GUEST)
async def ask(context: Context, question: Annotated[str, Text(limit=100_000)]) -> Reply:
    """Answer a question with what people wrote; nothing is made up, and nothing of the question is kept."""
    if polite := courtesy.of(question):
        return say(f"faq.{polite.value}", name=context.bot.campaign.name)
    if spoken.words(question):  # an answer in a word, and no question of ours is open
        return say("faq.nothing_open")
    stops = await faq.stops(context.tx)
    answer = context.bot.faq.ask(question, now=context.now, stops=stops)
    return reply_to(answer, language=context.language, contact=context.bot.campaign.contact)


def reply_to(answer: Answer, *, language: str, contact: Words) -> Reply:
    """An answer as it is said: first what it is, then what to be careful with, then where it comes from.

    Args:
        answer: To a question.
        language: For the questions on buttons, where the question's own is not clear.
        contact: Whom to ask what the bot does not know.
    """
    language = answer.language or language
    if answer.told is Told.ANSWER and answer.entry:
        return _direct(answer, answer.entry, language)
    said = _withdrawn(answer)
    if answer.told is Told.CHOICES:
        said += (Phrase("faq.choices"),)
    else:
        said += (Phrase("faq.unknown"), Phrase("faq.contact", {"contact": contact}))
    return Reply(said[0], said[1:], buttons=_choices(answer, language), language=answer.language)


def _direct(answer: Answer, entry: Entry, language: str) -> Reply:
    body = [Phrase("faq.answer", {"text": answer.text})] if answer.stop or answer.instead_of else []
    if answer.caution:
        body.append(Phrase("faq.caution"))
    if entry.recheck:
        body.append(Phrase("faq.recheck", {"page": Words(_link(answer.sources[0]), _link(answer.sources[0]))}))
    body.append(_sources(answer.sources))
    if answer.choices:
        body.append(Phrase("faq.neighbours"))
    return Reply(
        _lead(answer),
        tuple(body),
        buttons=_choices(answer, language),
        language=answer.language,
    )


def _lead(answer: Answer) -> Phrase:
    if answer.stop:
        return _withdrawn(answer)[0]
    if answer.instead_of and answer.instead_of.valid_until:
        return Phrase("faq.superseded", {"until": answer.instead_of.valid_until})
    return Phrase("faq.answer", {"text": answer.text})


def _withdrawn(answer: Answer) -> tuple[Phrase, ...]:
    stop = answer.stop
    return (Phrase("faq.withdrawn", {"moment": stop.at, "reason": stop.reason}),) if stop else ()


def _sources(sources: tuple[Source, ...]) -> Phrase:
    """Where an answer comes from, of which date, and who has an interest."""
    if len(sources) == 1:
        return Phrase("faq.source", {"source": _source(sources[0])})
    return Phrase("faq.sources", {"sources": Listing(tuple(_source(source) for source in sources))})


def _source(source: Source) -> Phrase:
    party = Phrase(f"party.{source.party}" if source.party else "party.none")
    page = Words(_link(source), _link(source))
    if source.date is None:
        return Phrase("faq.undated", {"page": page, "party": party})
    return Phrase("faq.dated", {"page": page, "date": source.date, "party": party})


def _link(source: Source) -> str:
    return f"[{source.title}]({source.url})"


def _choices(answer: Answer, language: str) -> tuple[Button, ...]:
    return tuple(
        Button(Phrase("button.option", {"label": shorten(entry.question[language])}), "faq", {"question": entry.id})
        for entry in answer.choices
    )


def shorten(text: str, most: int = LABEL) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
