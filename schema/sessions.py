"""Signing in and out, and who is signed in."""

from datetime import datetime
from typing import Annotated

import strawberry

from resolvers import sessions
from schema.actors import Actor, wrap_actor
from schema.agents import Agent
from schema.errors import NotAllowed, Unavailable, ValidationFailed, WrongCredentials
from schema.fields import Info


@strawberry.type
class SessionQuery:
    """Who is signed in."""

    @strawberry.field(
        graphql_type=Actor,
        description="Who sent this request: the agent signed in, or the owner of the API token.",
    )
    async def me(self, info: Info) -> object:
        """Load the viewer."""
        return wrap_actor(await sessions.me(info.context))


@strawberry.input(description="An agent's address and password.")
class SignInInput:
    """An agent's address and password."""

    email: str = strawberry.field(description="The agent's e-mail address.")
    password: str = strawberry.field(description="The agent's password.")
    earlier_token: str | None = strawberry.field(
        default=None,
        description="The token of an earlier session of the agent on this device, also one that "
        "has ended. Whoever shows it does not have to wait because strangers guess.",
    )


@strawberry.type(description="The agent is signed in.")
class SignInSuccess:
    """The agent is signed in."""

    token: str = strawberry.field(
        description="Send it as `Authorization: Bearer …`. It is shown this once."
    )
    agent: Agent = strawberry.field(description="Who is signed in.")
    expires_at: datetime = strawberry.field(
        description="When the session ends at the latest: without a request, after 12 hours."
    )


SignInResult = Annotated[
    SignInSuccess | WrongCredentials | ValidationFailed | Unavailable,
    strawberry.union(
        "SignInResult",
        description="The session, or why there is none. After ten failures with one address "
        "within 15 minutes the answer is `Unavailable`, whatever the password; those with an "
        "`earlierToken` are counted apart.",
    ),
]


@strawberry.type(description="The session has ended; its token opens nothing any more.")
class SignOutSuccess:
    """The session has ended."""

    signed_out_at: datetime = strawberry.field(description="When it ended.")


SignOutResult = Annotated[
    SignOutSuccess | NotAllowed,
    strawberry.union(
        "SignOutResult", description="API tokens cannot be signed out: they are revoked."
    ),
]


@strawberry.type
class SessionMutation:
    """Signing in and out."""

    @strawberry.mutation(
        description="Sign an agent in. Once in an operation.", metadata={"at_most": 1}
    )
    async def sign_in(self, info: Info, input: SignInInput) -> SignInResult:
        """Open a session."""
        signed_in = await sessions.sign_in(
            info.context, input.email, input.password, input.earlier_token
        )
        return SignInSuccess(
            token=signed_in.token,
            agent=Agent.from_row(signed_in.agent),
            expires_at=signed_in.expires_at,
        )

    @strawberry.mutation(description="End the session whose token was sent with this request.")
    async def sign_out(self, info: Info) -> SignOutResult:
        """End the session."""
        return SignOutSuccess(signed_out_at=await sessions.sign_out(info.context))
