"""Agents: how they are made, found, and sign in."""

CREATE = """
    mutation ($input: AgentCreateInput!) {
      agentCreate(input: $input) {
        __typename
        ... on AgentCreateSuccess {
          agent { id version name email role language active brands { name } teams { name } }
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Agent { name } } }
      }
    }
"""
SIGN_IN = """
    mutation ($email: String!, $password: String!) {
      signIn(input: {email: $email, password: $password}) { __typename }
    }
"""
ME = "{ me { ... on Agent { name } } }"
LIST = """
    query ($search: String) {
      agents(search: $search, first: 10) {
        totalCount
        nodes { name brands { name } teams { name members(first: 1) { nodes { name } } } }
      }
    }
"""
