"""Signing in and out with a password."""

PASSWORD = "correct horse battery staple"
SIGN_IN = """
    mutation ($email: String!, $password: String!, $earlierToken: String) {
      signIn(input: {email: $email, password: $password, earlierToken: $earlierToken}) {
        __typename
        ... on SignInSuccess { token expiresAt agent { name } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on Unavailable { retryAfterSeconds }
        ... on UserError { code message }
      }
    }
"""
SIGN_OUT = """
    mutation {
      signOut { __typename ... on SignOutSuccess { signedOutAt } ... on UserError { code } }
    }
"""
