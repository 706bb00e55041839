"""What admins say of the files that the desk takes. Screens ask when they open a form."""

from collections.abc import AsyncIterator

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


@scene_of("attachmentFormatsUpdate")
async def formats_are_taken_off_the_allow_list(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("admin", "attachmentFormatsUpdate", refuse=["zip"])
    yield SILENCE
    await stage.does("admin", "attachmentFormatsUpdate", refuse=["zip"], allow=["pdf"])
    await stage.is_refused("admin", "ValidationFailed", "attachmentFormatsUpdate", allow=["exe"])
    await stage.is_refused("ayse", "NotAllowed", "attachmentFormatsUpdate", allow=["zip"])
    yield UNCHANGED
