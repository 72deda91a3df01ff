"""Rules of Discord's that its description does not tell, or tells otherwise.

Source: Discord's documentation, resources/message, components/reference and interactions/application-commands.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.discord_server.call import Call
from tests.discord_server.command_rules import command_faults
from tests.discord_server.component_rules import form_faults, part_faults

JSON = dict[str, Any]

CONTENT, EMBEDS_TOTAL, EMBEDS, FILES, FILE_BYTES, NONCE = 2000, 6000, 10, 10, 10 << 20, 25
CHOICES, CHOICE = 25, 100
COMPONENTS_V2 = 1 << 15

_SHARED = {"content", "tts", "embeds", "allowed_mentions", "components", "flags", "attachments", "poll"}
_MESSAGE = _SHARED | {"nonce", "enforce_nonce", "message_reference", "sticker_ids", "shared_client_theme"}
_WEBHOOK = _SHARED | {"username", "avatar_url", "thread_name", "applied_tags"}

_HOOK = "/webhooks/{webhook_id}/{webhook_token}"


def broken(call: Call) -> list[str]:
    """The rules that a request breaks, in words."""
    rule = _RULES.get((call.method, call.template))
    return [] if rule is None else list(rule(call))


# -- messages


def _create(call: Call) -> Iterator[str]:
    yield from _new_faults(call, call.fields, _MESSAGE)
    nonce = call.fields.get("nonce")
    if nonce is not None and len(str(nonce)) > NONCE:
        yield f"nonce: {len(nonce)} characters, at most {NONCE}"
    if call.fields.get("enforce_nonce") and nonce is None:
        yield "enforce_nonce: without a nonce"


def _follow(call: Call) -> Iterator[str]:
    yield from _new_faults(call, call.fields, _WEBHOOK)


def _edit(call: Call) -> Iterator[str]:
    yield from _content_faults(call, call.fields)


def _hook_edit(call: Call) -> Iterator[str]:
    """The text of an answer that was still to come may call people, as a new one."""
    if call.fields.get("content") and "allowed_mentions" not in call.fields:
        yield "allowed_mentions: not said"
    yield from _content_faults(call, call.fields)


def _new_faults(call: Call, fields: JSON, known: set[str]) -> Iterator[str]:
    for name in sorted(fields.keys() - known):
        yield f"{name}: not a field of a message"
    if "allowed_mentions" not in fields:
        yield "allowed_mentions: not said"
    if not _says_something(fields) and not call.files:
        yield "an empty message"
    yield from _content_faults(call, fields)


def _says_something(fields: JSON) -> bool:
    others = ("embeds", "components", "sticker_ids", "poll")
    return bool((fields.get("content") or "").strip() or any(fields.get(name) for name in others))


def _content_faults(call: Call, fields: JSON) -> Iterator[str]:
    length = len(fields.get("content") or "")
    if length > CONTENT:
        yield f"content: {length} characters, at most {CONTENT}"
    if (fields.get("flags") or 0) & COMPONENTS_V2:
        yield "flags: components v2, which this stand-in does not show"
    yield from _mention_faults(fields.get("allowed_mentions") or {})
    yield from _embed_faults(fields.get("embeds") or [], _names(call, fields))
    yield from part_faults(fields.get("components") or [])
    yield from _file_faults(call, fields)


def _mention_faults(allowed: JSON) -> Iterator[str]:
    for kind in ("users", "roles"):
        named = allowed.get(kind) or []
        if named and kind in (allowed.get("parse") or []):
            yield f"allowed_mentions: all {kind} and some {kind}"
        if len(named) > 100:
            yield f"allowed_mentions: {len(named)} {kind}, at most 100"


# -- embeds


def _embed_faults(embeds: list[JSON], files: set[str]) -> Iterator[str]:
    if len(embeds) > EMBEDS:
        yield f"embeds: {len(embeds)}, at most {EMBEDS}"
    total = sum(len(text) for embed in embeds for text, _ in _texts(embed))
    if total > EMBEDS_TOTAL:
        yield f"embeds: {total} characters in all, at most {EMBEDS_TOTAL}"
    for embed in embeds:
        yield from _one_embed_faults(embed, files)


def _one_embed_faults(embed: JSON, files: set[str]) -> Iterator[str]:
    for text, most in _texts(embed):
        if len(text) > most:
            yield f"embed: {len(text)} characters, at most {most}: {text[:20]!r}"
    fields = embed.get("fields") or []
    if len(fields) > 25:
        yield f"embed: {len(fields)} fields, at most 25"
    if any(not field[name].strip() for field in fields for name in ("name", "value")):
        yield "embed: a field without a name or value"
    urls = [(embed.get(name) or {}).get("url") for name in ("image", "thumbnail")]
    if not any((*urls, *(text for text, _ in _texts(embed)))):
        yield "embed: empty"
    yield from (fault for url in urls if url for fault in _url_faults(url, files))


def _texts(embed: JSON) -> Iterator[tuple[str, int]]:
    """Every text of an embed with how long it may be."""
    yield embed.get("title") or "", 256
    yield embed.get("description") or "", 4096
    yield (embed.get("footer") or {}).get("text") or "", 2048
    yield (embed.get("author") or {}).get("name") or "", 256
    for field in embed.get("fields") or []:
        yield field["name"], 256
        yield field["value"], 1024


def _url_faults(url: str, files: set[str]) -> Iterator[str]:
    scheme, _, name = url.partition("://")
    if scheme not in {"http", "https", "attachment"}:
        yield f"embed: {url!r} is no address of a picture"
    if scheme == "attachment" and name not in files:
        yield f"embed: {name!r} is not among the files {sorted(files)}"


# -- files


def _names(call: Call, fields: JSON) -> set[str]:
    """What the files of a message are called."""
    listed = {one["filename"] for one in fields.get("attachments") or [] if one.get("filename")}
    return listed | {file.name for file in call.files.values()}


def _file_faults(call: Call, fields: JSON) -> Iterator[str]:
    count = max(len(fields.get("attachments") or []), len(call.files))
    if count > FILES:
        yield f"attachments: {count}, at most {FILES}"
    size = sum(len(file.data) for file in call.files.values())
    if size > FILE_BYTES:
        yield f"attachments: {size} bytes, at most {FILE_BYTES}"


# -- interactions


def _callback(call: Call) -> Iterator[str]:
    data = call.fields.get("data") or {}
    match call.fields.get("type"):
        case 4:
            yield from _new_faults(call, data, _SHARED)
        case 7:
            yield from _content_faults(call, data)
        case 8:
            yield from _choice_faults(data.get("choices") or [])
        case 9:
            yield from form_faults(data)
        case _:
            return


def _choice_faults(choices: list[JSON]) -> Iterator[str]:
    if len(choices) > CHOICES:
        yield f"choices: {len(choices)}, at most {CHOICES}"
    for choice in choices:
        for name in ("name", "value"):
            if not 1 <= len(str(choice[name])) <= CHOICE:
                yield f"choices: a {name} of {len(str(choice[name]))} characters, 1 to {CHOICE}"


def _commands(call: Call) -> Iterator[str]:
    yield from command_faults(call.body or [])


_RULES: dict[tuple[str, str], Callable[[Call], Iterator[str]]] = {
    ("POST", "/channels/{channel_id}/messages"): _create,
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): _edit,
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback"): _callback,
    ("POST", _HOOK): _follow,
    ("PATCH", f"{_HOOK}/messages/@original"): _hook_edit,
    ("PATCH", _HOOK + "/messages/{message_id}"): _hook_edit,
    ("PUT", "/applications/{application_id}/commands"): _commands,
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands"): _commands,
}
