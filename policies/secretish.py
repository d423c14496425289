"""What looks like a secret: by the name it is given, or by its own form. Nothing here ever returns the value."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ONE = frozenset(
    {"password", "passwd", "passphrase", "pwd", "token", "apikey", "secretkey", "privatekey", "credentials"}
)
"""Last words of a name that holds a secret."""
_TWO = frozenset(
    {
        ("api", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("access", "key"),
        ("account", "key"),
        ("encryption", "key"),
        ("signing", "key"),
        ("client", "secret"),
        ("shared", "secret"),
        ("webhook", "secret"),
        ("app", "secret"),
        ("jwt", "secret"),
        ("cookie", "secret"),
        ("session", "secret"),
        ("hmac", "secret"),
        ("oauth", "secret"),
    }
)
_NAMES_ANOTHER = re.compile(r"existing|reference|\bref\b", re.IGNORECASE)

_FORMS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]{1,64}:[^\s/:@{}$<>*]{1,128}@"
    r"|\bhooks\.slack\.com/services/T[A-Z0-9]+/"
    r"|\b(?:ghp|gho|ghs|ghu|github_pat)_[A-Za-z0-9_]{20,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bsk_live_[A-Za-z0-9]{16,}"
    r"|\bglsa_[A-Za-z0-9_]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\."
)
"""Keys of AWS, private keys, addresses with a password, and tokens whose makers gave them a recognisable form."""

_ELSEWHERE = re.compile(r"\$[({]|\{\{|\$__|^\$|^<[^>]*>$|^(?:valueFrom|file|vault|ref|env|secret|ssm|arn):|^\*+$|^\x00")
"""The value stands for one that lies elsewhere: a template, a variable, a placeholder, a reference."""

_LINE = re.compile(
    r"""^[ \t-]*["']?([A-Za-z][\w.-]{2,60})["']?[ \t]*[:=][ \t]*["']?([^\s"',{}\[\]|>][^\n"',]*)""", re.MULTILINE
)
_TEXT = 512 * 1024
"""Characters of a text that are looked at: more than a ConfigMap or a values file may hold, or should."""


@lru_cache(maxsize=8192)
def name_of_secret(name: str) -> bool:
    """Whether what has this name is a secret itself, and not a reference to one (`passwordKey`, `tokenFile`)."""
    words = tuple(word.lower() for word in _WORD.findall(name))
    if not words or _NAMES_ANOTHER.search(name):
        return False
    return words[-1] in _ONE or words[-2:] in _TWO


def literal(value: Any) -> bool:
    """Whether a value under a secret's name is the secret, and not where to find it, a switch or a duration."""
    if not isinstance(value, str) or len(value) < 3:
        return False
    text = value.strip()
    if not text or _ELSEWHERE.search(text) or text.startswith(("/", "./")):
        return False
    return text.lower() not in ("true", "false", "null", "none", "enabled", "disabled") and not re.fullmatch(
        r"\d{1,6}[smhd]?", text
    )


def formed(value: Any) -> bool:
    """Whether a text holds something of a secret's unmistakable form."""
    return isinstance(value, str) and len(value) >= 16 and _FORMS.search(value[:_TEXT]) is not None


def in_text(text: str) -> bool:
    """Whether a configuration file in a text gives a literal to a secret's name, line by line."""
    return formed(text) or any(name_of_secret(name) and literal(value) for name, value in _LINE.findall(text[:_TEXT]))


_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)=(.+)", re.DOTALL)


def in_arguments(arguments: Iterator[Any]) -> bool:
    """Whether a command line gives a literal to a secret's option, in one word or in two."""
    before = ""
    for argument in arguments:
        if not isinstance(argument, str):
            before = ""
            continue
        option = _OPTION.fullmatch(argument)
        if option and name_of_secret(option[1]) and literal(option[2]):
            return True
        if before and not argument.startswith("-") and literal(argument):
            return True
        before = argument if argument.startswith("-") and name_of_secret(argument.strip("-")) else ""
        if formed(argument):
            return True
    return False
