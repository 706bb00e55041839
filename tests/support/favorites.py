"""Favourites: how stars are given and taken."""

ADD = """
    mutation ($item: ID!) {
      favoriteAdd(input: {itemId: $item}) {
        __typename
        ... on FavoriteAddSuccess {
          favorite { id item { ... on Message { id } } addedBy { ... on Agent { name } } }
          ticket { favoriteCount favorites { totalCount nodes { id } } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on LimitReached { limit }
        ... on UserError { code message }
      }
    }
"""
REMOVE = """
    mutation ($item: ID!) {
      favoriteRemove(input: {itemId: $item}) {
        __typename
        ... on FavoriteRemoveSuccess { itemId ticket { favoriteCount } }
        ... on UserError { code }
      }
    }
"""
