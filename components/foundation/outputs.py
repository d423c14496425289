"""Values that are known and yet must wait for something."""

from collections.abc import Iterable
from typing import TypeVar, cast

import pulumi

T = TypeVar("T")


def after(value: pulumi.Input[T], resources: Iterable[pulumi.Resource]) -> pulumi.Output[T]:
    """The value, for use only once the resources exist.

    They are added as dependencies and not as values: a value that is known stays known in a preview, even
    when one of the resources is about to be replaced.
    """
    output = cast("pulumi.Output[T]", pulumi.Output.from_input(value))
    extra = set(resources)

    async def dependencies() -> set[pulumi.Resource]:
        return await output.resources() | extra

    async def future() -> T:
        return cast(T, await output.future())

    return pulumi.Output(dependencies(), future(), output.is_known(), output.is_secret())
