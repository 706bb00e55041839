"""Callbacks: how admins make, edit and list them."""

from typing import Any

ERRORS = """
    __typename
    ... on UserError { message }
    ... on ValidationFailed { fields { path code limit actual } }
"""
CREATE = f"""
    mutation ($input: CallbackCreateInput!) {{
      callbackCreate(input: $input) {{
        {ERRORS}
        ... on CallbackCreateSuccess {{ callback {{ id version }} }}
      }}
    }}
"""
UPDATE = f"""
    mutation ($input: CallbackUpdateInput!) {{
      callbackUpdate(input: $input) {{
        {ERRORS}
        ... on CallbackUpdateSuccess {{
          callback {{ version name definition {{ url hasSecret }} }} mergedFields
        }}
        ... on EditConflict {{ fields {{ field base theirs yours }} }}
      }}
    }}
"""
LIST = """
    query ($brand: ID) {
      callbacks(brandId: $brand) {
        id version name labels
        brands { name }
        parameters { name label isRequired place source }
        definition {
          url method allowsHttp timeoutMilliseconds hasSecret
          headers { name value isSecret }
          fields { label pointer }
        }
      }
    }
"""


def problems(result: dict[str, Any]) -> list[tuple[str, str]]:
    assert result["__typename"] == "ValidationFailed", result
    return [(".".join(each["path"][1:]), each["code"]) for each in result["fields"]]
