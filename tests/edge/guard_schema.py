"""A small desk for the tests of the guards, and how to ask what they say of a query."""

from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, build_schema, parse, validate

from app.guards import validate_guarded
from app.guards.cost import CostGuard, IntrospectionGuard, PriceGuard

TOKENS = 2_000  # what the edge lets pass to the guards

SCHEMA = build_schema(
    """
    type Query {
      me: Actor!
      node(id: ID!): Node
      nodes(ids: [ID!]!): [Node]!
      ticket(number: Int): Ticket
      tickets(first: Int, last: Int, after: String): TicketConnection!
      lookUp: [String!]!
    }
    type Mutation { favoriteAdd(itemId: ID): FavoriteAddResult! ping: Boolean signIn: Boolean }
    type Subscription { ticketChanged: Ticket! }

    directive @mark repeatable on FIELD
    interface Node { id: ID! }
    union Actor = Agent | Customer
    union FavoriteAddResult = FavoriteAddSuccess | NotFound
    type FavoriteAddSuccess { ticket: Ticket! }
    type NotFound { message: String! }
    type Tag { name: String! }
    type Agent implements Node { id: ID! name: String! team: Team! }
    type Team { id: ID! members: [Agent!]! }
    type Company implements Node {
      id: ID! name: String! customers(first: Int): CustomerConnection!
    }
    type Customer implements Node {
      id: ID! name: String! company: Company tickets(first: Int): TicketConnection!
    }
    type CustomerConnection { nodes: [Customer!]! }
    type Message implements Node { id: ID! body: String! author: Actor! }
    type MessageConnection { nodes: [Message!]! totalCount: Int! }
    type Favorite { id: ID! item: Message! }
    type FavoriteConnection { nodes: [Favorite!]! }
    type PageInfo { hasNextPage: Boolean! }
    type TicketEdge { cursor: String! node: Ticket! }
    type TicketConnection {
      nodes: [Ticket!]! edges: [TicketEdge!]! pageInfo: PageInfo! totalCount: Int!
    }
    type Ticket implements Node {
      id: ID! number: Int! title: String! parent(level: Int): Ticket customer: Customer!
      assignee: Agent tags: [Tag!]! lastMessage: Message
      messages(first: Int, last: Int): MessageConnection!
      favorites(first: Int): FavoriteConnection!
    }
    """
)


def _declare(type_name: str, field_name: str, **declared: int) -> None:
    named_type = SCHEMA.type_map[type_name]
    assert isinstance(named_type, GraphQLObjectType)
    named_type.fields[field_name].extensions = declared


_declare("Query", "nodes", assumed_size=100)
_declare("Query", "lookUp", cost=50, assumed_size=1)
_declare("Mutation", "signIn", at_most=1)


def errors_of(query: str) -> list[GraphQLError]:
    return validate_guarded(SCHEMA, parse(query, max_tokens=TOKENS))


def messages_of(query: str) -> list[str]:
    return [error.message for error in errors_of(query)]


def refusals_of(query: str) -> list[dict[str, Any]]:
    return [error.extensions or {} for error in errors_of(query)]


class _CostTeller(CostGuard):
    limit = -1


class _IntrospectionCostTeller(IntrospectionGuard):
    limit = -1


def cost_of(query: str, schema: GraphQLSchema = SCHEMA) -> int:
    return _told_by(_CostTeller, schema, query)


def introspection_cost_of(query: str) -> int:
    return _told_by(_IntrospectionCostTeller, SCHEMA, query)


def _told_by(guard: type[PriceGuard], schema: GraphQLSchema, query: str) -> int:
    [error] = validate(schema, parse(query), [guard])
    assert error.extensions is not None
    cost: int = error.extensions["actual"]
    return cost
