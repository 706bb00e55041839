"""Files that agents upload and download."""

from typing import Any

from tests.stories.person import Person

FILE = "query ($file: ID!) { node(id: $file) { ... on Attachment { url } } }"


class WithFiles(Person):
    """An agent who handles files."""

    async def uploads(self, filename: str, content: bytes) -> str:
        """Send a file to the desk; return its id."""
        announced = await self.does(
            "attachmentUploadCreate",
            "attachment { id } uploadUrl",
            filename=filename,
            contentType="application/octet-stream",
            size=len(content),
        )
        answer = await self._http.put(announced["uploadUrl"], content=content)
        assert answer.status_code == 201, answer.text
        file: str = announced["attachment"]["id"]
        return file

    async def downloads(self, file: str) -> bytes:
        """Return the bytes of a file, by its signed link, without a token."""
        shown = (await self.asks(FILE, file=file))["node"]
        answer = await self._http.get(shown["url"])
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].startswith("attachment;")
        return answer.content


def ids_of_files(item: dict[str, Any]) -> dict[str, str]:
    """Return the ids of the files that stand on something, by name, in their order."""
    return {file["filename"]: file["id"] for file in item["attachments"]}
