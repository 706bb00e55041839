"""Files that are announced: nobody is told of them before they stand somewhere."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of


@scene_of("attachmentUploadCreate")
async def a_file_is_announced(stage: Stage) -> AsyncIterator[Told]:
    file: dict[str, Any] = {"filename": "proof.png", "contentType": "image/png", "size": 67}
    await stage.does("ayse", "attachmentUploadCreate", **file)
    yield UNCHANGED
    await stage.is_refused(
        "ayse", "ValidationFailed", "attachmentUploadCreate", **file | {"size": 0}
    )
    await stage.is_refused(
        "ayse", "FileRefused", "attachmentUploadCreate", **file | {"filename": "run.exe"}
    )
    yield UNCHANGED
