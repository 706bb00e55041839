"""API tokens: how they are made, edited, exchanged and ended."""

from typing import Any

from core.ids import NodeKind, encode_global_id
from tests.support.desk import World

CREATE = """
    mutation ($input: ApiTokenCreateInput!) {
      apiTokenCreate(input: $input) {
        __typename
        ... on ApiTokenCreateSuccess {
          token
          apiToken { id name scopes brands { name } createdBy { name } expiresAt revokedAt }
        }
        ... on ValidationFailed { fields { path code } }
      }
    }
"""
REVOKE = """
    mutation ($id: ID!) {
      apiTokenRevoke(input: {apiTokenId: $id}) {
        __typename
        ... on ApiTokenRevokeSuccess { apiToken { id revokedAt } }
        ... on ValidationFailed { fields { path code } }
      }
    }
"""
USED = "{ apiTokens { lastUsedAt secrets { endsAt lastUsedAt } } }"
ME = "{ me { ... on Integration { id name } } }"
UPDATE = """
    mutation ($input: ApiTokenUpdateInput!) {
      apiTokenUpdate(input: $input) {
        __typename
        ... on ApiTokenUpdateSuccess {
          apiToken { name scopes brands { name } expiresAt version }
          mergedFields
        }
        ... on EditConflict {
          currentVersion
          fields { field base theirs yours }
          current { ... on Integration { name } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on NotAllowed { message }
      }
    }
"""
ROTATE = """
    mutation ($input: ApiTokenRotateInput!) {
      apiTokenRotate(input: $input) {
        __typename
        ... on ApiTokenRotateSuccess { token apiToken { id name scopes brands { name } version } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on NotAllowed { message }
      }
    }
"""
HOUR = 60 * 60


def acme(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.acme.id)


async def create(world: World, **fields: Any) -> dict[str, Any]:
    given = {"name": "Shop", "scopes": ["TICKETS_READ"], "brandIds": [acme(world)], **fields}
    return await world.admin.act(CREATE, input=given)


async def edit(world: World, created: dict[str, Any], version: int, **wanted: Any) -> Any:
    given = {"apiTokenId": created["apiToken"]["id"], "expectedVersion": version, **wanted}
    return await world.admin.act(UPDATE, input=given)


async def rotate(world: World, created: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"apiTokenId": created["apiToken"]["id"], **more}
    return await world.admin.act(ROTATE, input=given)
