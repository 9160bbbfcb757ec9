"""Room: JSON as EventBridge reads it: a token after the other, with the place of each.

Lives here: the tokens of a text, and where its reader stands after each. EventBridge names that
place when it refuses a pattern, so it has to be the same to the column.
Never here: what a pattern means.

EventBridge reads patterns with Jackson, whose reader is one token ahead: a field's name is read
together with the colon and the first character of its value, a string's content only when somebody
asks for it. https://github.com/aws/event-ruler (JsonRuleCompiler) is what reads them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

START_OBJECT, END_OBJECT, START_ARRAY, END_ARRAY = "{", "}", "[", "]"
FIELD, STRING, NUMBER, TRUE, FALSE, NULL = "field", "string", "number", "true", "false", "null"
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_WORD = re.compile(r"[A-Za-z0-9_$-]*")
_LITERALS = (TRUE, FALSE, NULL)
_WANTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class Unreadable(Exception):
    """The text is no JSON, or not what was looked for: the message ends with the place."""


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is the content of a string or a name, or a number as it is written."""

    kind: str
    text: str = ""


class Tokens:
    """The tokens of one text. `next` moves on, `refuse` says no at the place that was reached."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._at = 0
        self._end_of_string = 0
        self._ahead: Token | None = None
        self._open: list[str] = []
        self._is_first = True
        self.current = Token("")

    def next(self) -> Token:
        """The next token. Raises `Unreadable` where there is none."""
        if self._ahead is not None:
            self.current, self._ahead = self._ahead, None
            return self.current
        self._finish_string()
        self._skip_space()
        self.current = self._read()
        return self.current

    def text(self) -> str:
        """The text of the current token. A string is now read to its end."""
        self._finish_string()
        return self.current.text

    def refuse(self, reason: str) -> Unreadable:
        return Unreadable(f"{reason}\n at {self._place(self._at)}")

    def _place(self, at: int) -> str:
        line = self.source.count("\n", 0, at) + 1
        column = at - (self.source.rfind("\n", 0, at) + 1) + 1
        return f'[Source: (String)"{self.source}"; line: {line}, column: {column}]'

    def _finish_string(self) -> None:
        self._at = max(self._at, self._end_of_string)

    def _skip_space(self) -> None:
        found = _SPACE.match(self.source, self._at)
        self._at = found.end() if found else self._at

    def _peek(self) -> str:
        return self.source[self._at : self._at + 1]

    def _read(self) -> Token:
        inside = self._open[-1] if self._open else ""
        if not self._peek():
            raise self._ended(inside)
        if self._peek() in (END_OBJECT, END_ARRAY):
            return self._close(inside)
        if inside and not self._is_first:
            self._comma(inside)
        self._is_first = False
        return self._name() if inside == START_OBJECT else self._value()

    def _ended(self, inside: str) -> Unreadable:
        kind = {"{": "Object", "[": "Array"}.get(inside)
        if kind is None:
            return self.refuse("No content to map due to end-of-input")
        return self.refuse(f"Unexpected end-of-input: expected close marker for {kind}")

    def _close(self, inside: str) -> Token:
        char = self._peek()
        wanted = END_OBJECT if inside == START_OBJECT else END_ARRAY
        if not inside or char != wanted:
            self._at += 1
            raise self.refuse(f"Unexpected close marker '{char}'")
        self._at += 1
        self._open.pop()
        self._is_first = False
        return Token(char)

    def _comma(self, inside: str) -> None:
        if self._peek() != ",":
            kind = "Object" if inside == START_OBJECT else "Array"
            raise self._unexpected(f"was expecting comma to separate {kind} entries")
        self._at += 1
        self._skip_space()

    def _name(self) -> Token:
        if self._peek() != '"':
            raise self._unexpected("was expecting double-quote to start field name")
        name = self._string()
        self._finish_string()
        self._skip_space()
        if self._peek() != ":":
            raise self._unexpected("was expecting a colon to separate field name and value")
        self._at += 1
        self._skip_space()
        self._ahead = self._value()
        return Token(FIELD, name)

    def _value(self) -> Token:
        char = self._peek()
        if char in (START_OBJECT, START_ARRAY) and char:
            self._at += 1
            self._open.append(char)
            self._is_first = True
            return Token(char)
        if char == '"':
            text = self._string()
            self._at += 1
            return Token(STRING, text)
        if found := _NUMBER.match(self.source, self._at):
            self._at = found.end()
            return Token(NUMBER, found[0])
        return self._literal()

    def _literal(self) -> Token:
        found = _WORD.match(self.source, self._at)
        word = found[0] if found else ""
        if word in _LITERALS:
            self._at += len(word)
            return Token(word, word)
        if not word:
            if not self._peek():
                raise self._ended(self._open[-1] if self._open else "")
            raise self._unexpected("expected a valid value " + _WANTED)
        self._at += len(word)
        raise self.refuse(f"Unrecognized token '{word}': was expecting {_WANTED}")

    def _string(self) -> str:
        """The content, unescaped. Where the string ends is kept; its reader stands before it."""
        found = _STRING.match(self.source, self._at)
        if found is None:
            self._at = len(self.source)
            raise self.refuse("Unexpected end-of-input: was expecting closing quote for a string")
        self._end_of_string = found.end()
        return str(json.loads(found[0]))

    def _unexpected(self, wanted: str) -> Unreadable:
        char = self._peek()
        return self.refuse(f"Unexpected character ('{char}' (code {ord(char or ' ')})): {wanted}")
