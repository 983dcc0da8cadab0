"""Text from tokens as they come: what later tokens cannot change any more."""

from typing import Any


class Decoder:
    """Decodes token by token.

    A token may be part of a character, and many tokenizers put the blank before a word that
    follows another: so each is decoded beside the last ones, and half characters are held back
    (the way of Text Generation Inference).

    Args:
        tokenizer: of transformers.
        kept: texts of special tokens that are passed on; all others are not.
    """

    def __init__(self, tokenizer: Any, kept: tuple[str, ...]) -> None:  # noqa: ANN401
        self._tokenizer = tokenizer
        self._dropped = {
            number
            for number, token in tokenizer.added_tokens_decoder.items()
            if token.special and token.content not in kept
        }
        self._ids: list[int] = []
        self._before = 0  # where the tokens begin that new ones are decoded beside
        self._read = 0  # up to where the text has been passed on

    def feed(self, token: int) -> str:
        """The text that this token completes; often none."""
        if token in self._dropped:
            return ""
        self._ids.append(token)
        return self._new(whole=False)

    def rest(self) -> str:
        """What was held back, at the end: half a character."""
        return self._new(whole=True)

    def _new(self, *, whole: bool) -> str:
        known = self._text(self._ids[self._before : self._read])
        text = self._text(self._ids[self._before :])
        if len(text) <= len(known) or (text.endswith("\ufffd") and not whole):
            return ""
        self._before, self._read = self._read, len(self._ids)
        return text[len(known) :]

    def _text(self, ids: list[int]) -> str:
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text
