"""What an operation costs before it runs."""

import pytest
import strawberry

from tests.edge.guard_schema import cost_of, errors_of, messages_of, refusals_of


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        pytest.param("{ticket {id title}}", 1, id="an object costs one, its scalars nothing"),
        pytest.param("{ticket {customer {company {name}}}}", 3, id="each object costs one"),
        pytest.param("{ticket {tags {name}}}", 11, id="a list is taken to be ten long"),
        pytest.param("{nodes(ids: [1]) {id}}", 100, id="a field can declare its list's length"),
        pytest.param("{lookUp}", 50, id="a field can declare its cost"),
        pytest.param("mutation {ping}", 10, id="a mutation costs ten"),
        pytest.param("subscription {ticketChanged {id}}", 1, id="a subscription costs one event"),
        pytest.param("{tickets(first: 50) {nodes {id}}}", 52, id="a connection costs two more"),
        pytest.param("{tickets(last: 50) {nodes {id}}}", 52, id="last is as good as first"),
        pytest.param("{tickets {nodes {id}}}", 27, id="a page is 25 long"),
        pytest.param("{tickets(first: null) {nodes {id}}}", 27, id="null is the default page"),
        pytest.param("{tickets(first: 0) {nodes {id}}}", 2, id="an empty page has no items"),
        pytest.param("{tickets(first: -1) {nodes {id}}}", 2, id="a negative page has no items"),
        pytest.param("{tickets(first: 101) {nodes {id}}}", 102, id="no page is longer than 100"),
        pytest.param(
            "{tickets(first: " + "9" * 5_000 + ") {nodes {id}}}", 102, id="nor are 5,000 digits"
        ),
        pytest.param("{tickets(first: x) {nodes {id}}}", 102, id="a wrong size is the largest"),
        pytest.param(
            "query ($n: Int = 5) {tickets(first: $n) {nodes {id}}}",
            102,
            id="a variable may be the largest page",
        ),
        pytest.param(
            "{tickets(first: 50) {edges {cursor node {id}}}}", 52, id="edges cost as nodes do"
        ),
        pytest.param(
            "{tickets(first: 50) {edges {cursor}}}", 52, id="edges cost without their nodes, too"
        ),
        pytest.param("{tickets(first: 50) {totalCount}}", 2, id="a count has no items"),
        pytest.param(
            "{tickets(first: 50) {pageInfo {hasNextPage} nodes {id}}}", 53, id="a page's own object"
        ),
        pytest.param(
            "{tickets(first: 10) {nodes {messages(first: 5) {nodes {author {... on Node {id}}}}}}}",
            2 + 10 * (1 + 2 + 5 * (1 + 1)),
            id="pages within pages multiply",
        ),
        pytest.param(
            "{a: tickets(first: 10) {...T} b: tickets(first: 20) {...T}}"
            "fragment T on TicketConnection {... on TicketConnection {nodes {id}}}",
            (2 + 10) + (2 + 20),
            id="a fragment costs what the page that spreads it is long",
        ),
        pytest.param(
            "{me {... on Agent {team {id}} ... on Customer {company {id} tickets(first: 3)"
            " {nodes {id}}}}}",
            1 + (1 + 5),
            id="of a union the costliest type counts",
        ),
        pytest.param(
            "{me {...A ...C ... on Node {... on Agent {team {id}}}}}"
            "fragment A on Agent {team {members {id}}} fragment C on Customer {company {id}}",
            1 + (11 + 1),
            id="fragments on one type add up, also within an interface",
        ),
        pytest.param(
            "mutation {favoriteAdd {... on FavoriteAddSuccess {ticket {id}}"
            " ... on NotFound {message}}}",
            11,
            id="a mutation's result adds to it",
        ),
        pytest.param(
            "{ticket {id} __typename __schema {types {fields {name}}}}",
            1,
            id="introspection is not priced here",
        ),
    ],
)
def test_cost(query: str, cost: int) -> None:
    assert cost_of(query) == cost


def test_strawberry_field_declares_its_cost_as_metadata() -> None:
    @strawberry.type
    class Query:
        look_up: str = strawberry.field(metadata={"cost": 50})
        tags: list[str] = strawberry.field(metadata={"cost": 1, "assumed_size": 7})
        name: str

    schema = strawberry.Schema(Query)._schema

    assert cost_of("{lookUp}", schema) == 50
    assert cost_of("{tags}", schema) == 7
    assert cost_of("{name}", schema) == 0


INBOX = """
query Inbox {
  tickets(first: 100) {
    totalCount
    pageInfo { hasNextPage }
    nodes {
      id number title tags { name } assignee { ...Person } customer { ...Person company { name } }
      lastMessage { ...Message }
      messages(last: 10) { nodes { ...Message } }
      favorites(first: 5) { nodes { item { body } } }
    }
  }
}
fragment Message on Message { id body author { ...Person } }
fragment Person on Node { id ... on Agent { name } ... on Customer { name } }
"""


def test_page_of_a_hundred_tickets_with_ten_messages_and_favorites_each_is_valid() -> None:
    assert errors_of(INBOX) == []
    assert cost_of(INBOX) == 5_003


def test_hundred_customers_of_the_company_of_each_of_a_hundred_tickets_are_too_many() -> None:
    query = (
        "{tickets(first: 100) {nodes {customer {company {customers(first: 100) {nodes {id}}}}}}}"
    )

    assert refusals_of(query) == [
        {"code": "QUERY_TOO_COMPLEX", "limit": 10_000, "actual": 2 + 100 * (1 + 2 + 2 + 100)}
    ]
    assert messages_of(query) == [
        "Cost of the operation in points: 10,502; at most 10,000 are allowed."
    ]


def test_page_of_tickets_costs_what_the_documentation_says() -> None:
    query = """
    {
      tickets(first: 50) {
        nodes {
          id number title
          customer { name company { name } }
          tags { name }
          messages(last: 2) {
            nodes { body author { ... on Agent { name } ... on Customer { name } } }
          }
        }
      }
    }
    """

    assert errors_of(query) == []
    assert cost_of(query) == 952
