// Shows a ticket as it stands, then live, and goes on where it was when the connection is lost.
//
//     npm install graphql graphql-sse graphql-ws ws
//     node watch_ticket.mjs ws://localhost:8000/graphql TOKEN TICKET_ID
import WebSocket from "ws";

import { overWebSocket } from "./connect.mjs";
import { ask, resumable } from "./resume.mjs";
import { Session } from "./session.mjs";

const TICKET = `
  query ($ticketId: ID!) {
    ticket(id: $ticketId) { eventCursor version title status favoriteCount messageCount }
  }
`;
const TICKET_EVENTS = `
  subscription ($ticketId: ID!, $after: EventCursor) {
    ticketEvents(ticketId: $ticketId, after: $after) {
      __typename
      ... on Event { cursor }
      ... on MessageAdded { message { body } }
      ... on NoteAdded { note { kind body } }
      ... on FavoriteAdded { favoriteCount }
      ... on FavoriteRemoved { favoriteCount }
      ... on TicketChanged { changes { field before after } }
    }
  }
`;

async function watch(client, ticketId, page) {
  const { data } = await ask(client, { query: TICKET, variables: { ticketId } });
  if (data.ticket === null) return page.gone();
  page.show(data.ticket);
  const refused = (why) => {
    // Who lost sight of the ticket while away is told so when coming back.
    const { path, extensions } = why[0] ?? {};
    if (path?.length === 1 && extensions?.code === "NOT_FOUND") page.gone();
    else page.fail(why);
  };
  const variables = { ticketId, after: data.ticket.eventCursor };
  const leave = resumable(client, { query: TICKET_EVENTS, variables }, {
    next({ data, errors }) {
      if (errors) return refused(errors);
      const event = data.ticketEvents;
      if (event.__typename === "StreamReset") {
        leave();
        watch(client, ticketId, page);
      } else if (event.__typename === "AccessLost") {
        page.gone();
      } else {
        page.apply(event);
      }
    },
    error: refused,
    complete() {}, // after AccessLost, or because of `leave`
  });
}

const [url, token, ticketId] = process.argv.slice(2);
const print = (what) => console.log(JSON.stringify(what));
const end = (...why) => { console.error(...why); process.exit(1); };
const session = new Session(() => end("The session has ended."));
session.begin(token);
await watch(overWebSocket(url, session, WebSocket), ticketId, {
  show: (ticket) => print({ ticket }),
  apply: (event) => print({ event }),
  gone: () => end("There is no such ticket, or not for you any more."),
  fail: end,
});
