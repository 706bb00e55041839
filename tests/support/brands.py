"""Brands: how they are made and named."""

from core.ids import NodeKind, encode_global_id
from models.brands import Brand

CREATE = """
    mutation ($input: BrandCreateInput!) {
      brandCreate(input: $input) {
        __typename
        ... on BrandCreateSuccess {
          brand { id version name language email defaultEmailSubject topics { name } }
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Brand { name } } }
      }
    }
"""


def id_of(brand: Brand) -> str:
    return encode_global_id(NodeKind.BRAND, brand.id)
