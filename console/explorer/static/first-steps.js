/** What the editor shows at first. */
export const FIRST_STEPS = `# Starling in three steps. The button ▶ asks which of them to run.

# 1. Sign in. The demo's password is no secret.
mutation SignIn {
  signIn(input: { email: "first.agent@demo.example", password: "starling-demo" }) {
    ... on SignInSuccess { token expiresAt }
    ... on UserError { code message }
  }
}

# 2. Send the token with all that follows. Write below, into Headers:
#    { "Authorization": "Bearer TOKEN" }
query FirstTickets {
  tickets(first: 10) {
    totalCount
    nodes { id number title status priority customer { name } }
    pageInfo { hasNextPage endCursor }
  }
}

# 3. See live what happens to one of them. Write below, into Variables:
#    { "ticketId": "ID" }
subscription TicketEvents($ticketId: ID!) {
  ticketEvents(ticketId: $ticketId) {
    __typename
    ... on Event { cursor }
    ... on MessageAdded { message { body } }
    ... on FavoriteAdded { favoriteCount }
    ... on TicketChanged { changes { field before after } }
  }
}
`;
