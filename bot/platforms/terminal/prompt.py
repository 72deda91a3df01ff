"""The prompt for a person: who speaks where, history, and completion. Imported only when a person is there."""

from collections.abc import AsyncGenerator, Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as Completed
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.patch_stdout import patch_stdout

from bot.platforms.terminal.completion import Completion
from bot.platforms.terminal.session import Session


class _Completer(Completer):
    def __init__(self, completion: Completion) -> None:
        self._completion = completion

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completed]:
        """Nothing: the loop is always running, so it asks the coroutine below."""
        return iter(())

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completed, None]:
        async for offer in self._completion.offers(document.text_before_cursor):
            yield Completed(
                offer.text, start_position=-offer.replaces, display=offer.label, display_meta=offer.about
            )  # fmt: skip


class Prompt:
    """Lines of a person; what is said meanwhile appears above the line that is being typed."""

    def __init__(self, session: Session, completion: Completion) -> None:
        self._session = session
        self._prompt: PromptSession[str] = PromptSession(completer=_Completer(completion), complete_while_typing=True)
        self._pasted: list[str] = []

    async def line(self) -> str | None:
        """The next line; None after Ctrl-D or, on an empty line, Ctrl-C."""
        if self._pasted:
            return self._pasted.pop(0)
        try:
            # Between two prompts an answer goes straight to the terminal, before the next prompt is drawn. The app
            # has a handler for SIGINT of its own; while the prompt is on, Ctrl-C is a key.
            with patch_stdout(raw=True):
                typed = await self._prompt.prompt_async(self._message, handle_sigint=False)
        except EOFError:
            return None
        except KeyboardInterrupt:
            return "" if self._prompt.default_buffer.text else None
        first, *self._pasted = typed.splitlines() or [""]
        return first

    def _message(self) -> FormattedText:
        parts = [("ansigreen bold", self._session.speaker)]
        if self._session.room:
            parts += [("", " "), ("ansicyan", self._session.room)]
        if self._session.language:
            parts += [("", " "), ("ansibrightblack", self._session.language)]
        return FormattedText([*parts, ("bold", "> ")])
