/** What the editor shows at first; its lines are as short as the editor is narrow. */
export const FIRST_STEPS = `# Starling in three steps. ▶ asks which to run.

# 1. Sign in. (This is an agent of the demo.)
mutation SignIn {
  signIn(input: {
    email: "first.agent@demo.example"
    password: "starling-demo"
  }) {
    ... on SignInSuccess { token expiresAt }
    ... on UserError { code message }
  }
}

# 2. Write below, into Headers, with the token:
#    { "Authorization": "Bearer TOKEN" }
query FirstTickets {
  tickets(first: 10) {
    totalCount
    nodes { id number title customer { name } }
    pageInfo { hasNextPage endCursor }
  }
}

# 3. Write below, into Variables, a ticket's id:
#    { "ticketId": "ID" }
#    and see live what happens to it.
subscription TicketEvents($ticketId: ID!) {
  ticketEvents(ticketId: $ticketId) {
    __typename
    ... on Event { cursor }
    ... on MessageAdded { message { body } }
    ... on FavoriteAdded { favoriteCount }
    ... on TicketChanged {
      changes { field before after }
    }
  }
}
`;
