"""Acts on a ticket that others hear of; their answers are of no interest."""

SEND = """
    mutation ($ticket: ID!, $body: String!) {
      messageSend(input: {ticketId: $ticket, body: $body}) { __typename }
    }
"""
NOTE = """
    mutation ($ticket: ID!) {
      noteAdd(input: {kind: INLINE, ticketId: $ticket, body: "Between us"}) { __typename }
    }
"""
TRANSFER = """
    mutation ($ticket: ID!, $team: ID, $assignee: ID) {
      ticketTransfer(input: {ticketId: $ticket, teamId: $team, assigneeId: $assignee}) {
        __typename
      }
    }
"""
CLOSE = "mutation ($ticket: ID!) { ticketClose(input: {ticketId: $ticket}) { __typename } }"
