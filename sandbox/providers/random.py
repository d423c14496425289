"""The random provider: values drawn once, at creation, and kept in the stack's state."""

import base64
import math
import secrets
import string
from collections.abc import Callable
from typing import Any

from ..simulation import Changes, Checked, CloudError, Failure, Props, Resource, changes
from ..values import UNKNOWN, secret

_WORDS = """
    able active apt bold brave bright calm clever cool deep eager fair fast fine fit free fresh glad golden
    grand happy huge just keen kind large light live logical loved lucky major mint moral neat nice noble open
    patient prime proper proud pure quick rapid rare ready right sharp smart solid sound stable steady still
    strong sure tender top true valid vast vital warm whole wise
"""
_PETS = """
    ant ape bat bear bee bird boar bug calf cat cod colt cow crab crow cub deer doe dog duck eagle eel elf elk
    emu ewe fawn finch fish fly foal fox frog gar goat grub hawk hen hog hound jay kit koi lamb lark lion lynx
    mako man mole moth mule newt owl ox panda pig pony pug puma ram ray rat seal shad slug snail stag swan toad
    tuna viper wasp whale wolf worm wren yak
"""
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""Characters that the provider uses unless told otherwise."""


class Random:
    """Implements `Simulation`. It owns nothing in the cloud: state alone knows the values."""

    package = "random"

    def configure(self, config: Props) -> None:
        """There is nothing to configure."""

    def check(self, config: Any, resource: Resource, news: Props, olds: Props, seed: bytes) -> Checked:
        required = {"RandomId": "byteLength", "RandomPassword": "length", "RandomString": "length"}
        key = required.get(_kind(resource.type))
        missing = key is not None and key not in news
        return Checked(news, (Failure("", f"Missing required argument: {key}"),) if missing else ())

    def diff(self, config: Any, resource: Resource, olds: Props, news: Props) -> Changes:
        roots = tuple(key for key in {**olds, **news} if key not in ("prefix",) or _kind(resource.type) != "RandomId")
        return Changes(changes(olds, news, roots))

    def create(self, config: Any, resource: Resource, inputs: Props, preview: bool) -> tuple[str, Props]:
        made = _MAKERS.get(_kind(resource.type))
        if made is None:
            raise CloudError(f"{resource.type} is not simulated: add it to sandbox/providers/random.py.")
        if preview:
            return "", {**inputs, **dict.fromkeys(_OUTPUTS[_kind(resource.type)], UNKNOWN)}
        id_, outputs = made(inputs)
        return id_, {**inputs, **outputs}

    def update(self, config: Any, resource: Resource, id_: str, olds: Props, inputs: Props, preview: bool) -> Props:
        return {**olds, **inputs}

    def read(self, config: Any, type_: str, id_: str) -> tuple[Props, Props] | None:
        raise NotImplementedError  # the servicer echoes the state

    def delete(self, config: Any, resource: Resource, id_: str) -> None:
        """Nothing to delete."""

    def invoke(self, config: Any, token: str, args: Props) -> Props:
        raise CloudError(f"{token} is not simulated.")


def _kind(type_: str) -> str:
    return type_.rpartition(":")[2]


def _text(inputs: Props) -> str:
    """Characters of the classes asked for, the minimum of each first, shuffled."""
    classes = (
        ("lower", "minLower", string.ascii_lowercase),
        ("upper", "minUpper", string.ascii_uppercase),
        ("numeric", "minNumeric", string.digits),
        ("special", "minSpecial", inputs.get("overrideSpecial") or _SPECIAL),
    )
    chosen = [(minimum, characters) for switch, minimum, characters in classes if inputs.get(switch, True)]
    drawn = [secrets.choice(characters) for minimum, characters in chosen for _ in range(int(inputs.get(minimum, 0)))]
    everything = "".join(characters for _, characters in chosen)
    drawn += [secrets.choice(everything) for _ in range(int(inputs["length"]) - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _password(inputs: Props) -> tuple[str, Props]:
    digest = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(53))
    return "none", {"result": secret(_text(inputs)), "bcryptHash": secret(f"$2a$10${digest}")}


def _string(inputs: Props) -> tuple[str, Props]:
    text = _text(inputs)
    return text, {"result": text}


def _id(inputs: Props) -> tuple[str, Props]:
    raw = secrets.token_bytes(int(inputs["byteLength"]))
    prefix = str(inputs.get("prefix", ""))
    url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(raw).decode(),
        "b64Url": prefix + url,
        "hex": prefix + raw.hex(),
        "dec": prefix + str(int.from_bytes(raw)),
    }


def _bytes(inputs: Props) -> tuple[str, Props]:
    raw = secrets.token_bytes(int(inputs["length"]))
    return "none", {"base64": secret(base64.b64encode(raw).decode()), "hex": secret(raw.hex())}


def _pet(inputs: Props) -> tuple[str, Props]:
    length = int(inputs.get("length", 2))
    words = [secrets.choice(_WORDS.split()) for _ in range(max(length - 1, 0))] + [secrets.choice(_PETS.split())]
    if inputs.get("prefix"):
        words.insert(0, str(inputs["prefix"]))
    return str(inputs.get("separator", "-")).join(words), {}


def _uuid(inputs: Props) -> tuple[str, Props]:
    drawn = secrets.token_hex(16)
    text = f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"
    return text, {"result": text}


def _integer(inputs: Props) -> tuple[str, Props]:
    low, high = int(inputs["min"]), int(inputs["max"])
    number = low + secrets.randbelow(high - low + 1)
    return str(number), {"result": number}


def _shuffle(inputs: Props) -> tuple[str, Props]:
    values = list(inputs["inputs"])
    wanted = int(inputs.get("resultCount", len(values)))
    pool: list[Any] = []
    for _ in range(math.ceil(wanted / len(values)) if values else 0):
        secrets.SystemRandom().shuffle(values)
        pool += values
    return "-", {"results": pool[:wanted]}


_MAKERS: dict[str, Callable[[Props], tuple[str, Props]]] = {
    "RandomPassword": _password,
    "RandomString": _string,
    "RandomId": _id,
    "RandomBytes": _bytes,
    "RandomPet": _pet,
    "RandomUuid": _uuid,
    "RandomUuid4": _uuid,
    "RandomInteger": _integer,
    "RandomShuffle": _shuffle,
}
_OUTPUTS: dict[str, tuple[str, ...]] = {
    "RandomPassword": ("result", "bcryptHash"),
    "RandomString": ("result",),
    "RandomId": ("b64Std", "b64Url", "hex", "dec"),
    "RandomBytes": ("base64", "hex"),
    "RandomPet": (),
    "RandomUuid": ("result",),
    "RandomUuid4": ("result",),
    "RandomInteger": ("result",),
    "RandomShuffle": ("results",),
}
