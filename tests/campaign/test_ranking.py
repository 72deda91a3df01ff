"""The ranking finds what was meant, and knows when it does not."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.campaign.ranking import Decision, Document, Hit, Index, Outcome, Ranking, decide
from bot.campaign.stems import MOST_WORDS, stem, tokens

FINE = Document(
    "fine", "high",
    {
        "nl": ["Moet ik een boete betalen als ik eerder vertrek?", "wat is de afkoopsom", "opzegboete",
               "kost het me een boete om voortijdig weg te gaan"],
        "en": ["Do I pay a fine when I leave early?", "how high is the exit fee", "early termination penalty"],
    },
    {"nl": ["boete", "afkoopsom"], "en": ["fine", "exit fee"]},
    {"nl": "Dat hangt af van je contract.", "en": "It depends on your contract."},
)  # fmt: skip
SWITCH = Document(
    "switch", "low",
    {
        "nl": ["Hoe stap ik stap voor stap over?", "hoe werkt de overstapservice", "stappenplan voor een overstap",
               "in welke volgorde regel ik mijn overstap"],
        "en": ["How do I switch, step by step?", "how does the switching service work", "order of the steps"],
    },
    {"nl": ["overstapservice", "stappenplan"], "en": ["switching service", "steps"]},
    {"nl": "De nieuwe aanbieder regelt het.", "en": "The new provider arranges it."},
)  # fmt: skip
SHIRT = Document(
    "shirt", "none",
    {
        "nl": ["Hoe kom ik aan een t-shirt?", "shirtje kopen in maat XL", "café met merchandise van de actie"],
        "en": ["How do I get a t-shirt?", "buy a shirt in size XL"],
    },
    {"nl": ["t-shirt", "merchandise"], "en": ["t-shirt", "merchandise"]},
    {"nl": "Op de avond zelf.", "en": "On the evening itself."},
)  # fmt: skip
DOCUMENTS = (FINE, SWITCH, SHIRT)
ELSEWHERE = {
    "nl": ["boete voor te hard rijden", "parkeerboete aanvechten", "wat voor weer wordt het morgen"],
    "en": ["how do I pay a parking fine", "what will the weather be"],
}
WORDS = [{"nl": ["kleding", "shirt", "kloffie"], "en": ["clothing", "outfit", "shirt"]}]


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.build(DOCUMENTS, ELSEWHERE, WORDS)


def best(index: Index, question: str) -> str | None:
    hits = index.rank(question).hits
    return hits[0].id if hits else None


@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("moet ik een boete betalen als ik vertrek", "fine"),
        ("boetes", "fine"),
        ("wat is de afkopsom", "fine"),
        ("hoe wertk de oversatpservice", "switch"),
        ("hoe werkt de overstap service", "switch"),
        ("OVERSTAPSERVICE???", "switch"),
        ("waar koop ik een shirt", "shirt"),
        ("cafe", "shirt"),
        ("CAFÉ", "shirt"),
        ("t shirt", "shirt"),
        ("mercandise", "shirt"),
        ("kloffie", "shirt"),
        ("outfit", "shirt"),
        ("do I have to pay a fine", "fine"),
        ("what are the steps to switch", "switch"),
    ],
)
def test_finds_what_was_meant(index: Index, question: str, entry: str) -> None:
    """Inflections, typos, compounds, accents, the thesaurus and both languages lead to the entry."""
    assert best(index, question) == entry


def test_compound_of_known_words(index: Index) -> None:
    """A compound that no text holds is understood by its parts."""
    assert best(index, "afkoopsomvolgorde") in {"fine", "switch"}
    assert best(index, "actieshirtje") == "shirt"


def test_language_of_the_question(index: Index) -> None:
    """The language is told where it is clear, and None where it is not."""
    assert index.rank("hoe stap ik over naar een andere aanbieder").language == "nl"
    assert index.rank("how do I switch to another provider").language == "en"
    assert index.rank("xl").language is None
    assert index.rank("").language is None


@pytest.mark.parametrize("question", ["", " \n\t", "👍🎉", "\x00\x07\x1b", "?!…", "привет", "zzqx wvvk"])
def test_nothing_to_go_by_is_unknown(index: Index, question: str) -> None:
    """Empty, emoji, control characters, other scripts and gibberish are unknown."""
    assert index.decide(index.rank(question)).outcome is Outcome.UNKNOWN


def test_huge_question(index: Index) -> None:
    """Of 100 kB only the beginning is read, however it is made up."""
    assert len(tokens("boete " * 20_000)) == MOST_WORDS
    assert best(index, "boete " * 20_000) == "fine"
    assert best(index, "b" * 100_000) is None
    assert index.rank("é" * 100_000).hits == ()


def test_elsewhere_wins(index: Index) -> None:
    """A question like those that are not ours is less certain than without these, and gets no answer."""
    question = "boete voor te hard rijden in de stad"
    alone = Index.build(DOCUMENTS)
    assert index.rank(question).hits[0].certainty < alone.rank(question).hits[0].certainty
    assert index.decide(index.rank(question)).outcome is not Outcome.ANSWER


def test_strange_words_lower_certainty(index: Index) -> None:
    """Words that stand in no text make an answer less certain."""
    plain, strange = index.rank("hoe hoog is de boete"), index.rank("hoe hoog is de boete bij bibliotheek Schiedam")
    assert strange.hits[0].certainty < plain.hits[0].certainty


def test_harm_needs_more() -> None:
    """The same certainty that answers a harmless question only offers choices where harm is high."""
    ranking = Ranking((Hit("a", 0.92), Hit("b", 0.03)), "nl")
    assert decide(ranking, {"a": "low"}.__getitem__) == Decision(Outcome.ANSWER, "a", ("b",))
    assert decide(ranking, {"a": "high"}.__getitem__) == Decision(Outcome.CHOICES, None, ("a", "b"))


def test_at_most_three_choices() -> None:
    """However many hits there are, three are offered at most."""
    ranking = Ranking(tuple(Hit(each, 0.2) for each in "abcde"), None)
    assert decide(ranking, lambda _: "none").choices == ("a", "b", "c")


def test_little_certainty_of_all_is_unknown() -> None:
    """Nothing is offered when all entries together are hardly certain."""
    assert decide(Ranking((Hit("a", 0.03), Hit("b", 0.02)), None), lambda _: "none") == Decision(Outcome.UNKNOWN)


def test_deterministic() -> None:
    """Two indexes of the same texts rank every question the same."""
    one, other = (Index.build(DOCUMENTS, ELSEWHERE, WORDS) for _ in range(2))
    for question in ("wat kost een shirt", "boete overstap shirt", "xl", "fine switch shirt size"):
        assert one.rank(question) == other.rank(question)


def test_no_documents() -> None:
    """An index of nothing knows nothing."""
    assert Index.build(()).rank("hoe stap ik over") == Ranking((), None)


def test_one_language_only() -> None:
    """A document may lack a language, keywords and a body."""
    bare = dataclasses.replace(SWITCH, phrasings={"nl": SWITCH.phrasings["nl"]}, keywords={}, body={})
    assert best(Index.build([bare, SHIRT]), "stappenplan overstap") == "switch"


@pytest.mark.parametrize(
    ("one", "other"),
    [("opzeggen", "opgezegd"), ("bellen", "gebeld"), ("zeg", "zegt"), ("word", "wordt"), ("rekening", "rekeningen")],
)
def test_inflections_share_a_stem(one: str, other: str) -> None:
    """Irregular Dutch inflections come to one stem."""
    assert stem(one, "nl") == stem(other, "nl")


def test_chat_spelling() -> None:
    """Chat spelling is read as what it stands for."""
    assert tokens("gwn ff m'n foto's") == ["gewoon", "even", "mijn", "foto"]
    assert tokens("Privé, naïef & coördinatie") == ["prive", "naief", "coordinatie"]


@settings(max_examples=300, deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(["boete", "overstap", "shrit", "é", "'t", "0", "🎉", "opzegboetes"])).map(" ".join)
)
def test_never_raises(question: str) -> None:
    """Any text at all gets a ranking, best first, with certainties that add up to at most one."""
    ranking = INDEX.rank(question)
    shares = [hit.certainty for hit in ranking.hits]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-9
    assert all(0 <= share <= 1 for share in shares)
    INDEX.decide(ranking)


INDEX = Index.build(DOCUMENTS, ELSEWHERE, WORDS)
