/** Clients that come back, whatever happens: the desk restarts, the network goes, a session ends. */
import { createClient as createEventClient } from "graphql-sse";
import { createClient as createSocketClient, TerminatedCloseEvent } from "graphql-ws";

/**
 * Connects by WebSocket; all operations share the connection.
 *
 * `session` is a Session. `webSocketImpl` is for where there is no global WebSocket.
 */
export function overWebSocket(url, session, webSocketImpl) {
  let silence;
  const client = createSocketClient({
    webSocketImpl,
    url: async () => { await session.token(); return url; },
    connectionParams: async () => ({ authorization: `Bearer ${await session.token()}` }),
    retryAttempts: Infinity,
    retryWait: pause,
    // By default a desk that cannot be reached ends all subscriptions. An error of the app does.
    shouldRetry: (cause) => !(cause instanceof Error) || cause instanceof TerminatedCloseEvent,
    lazyCloseTimeout: 5_000, // for the moments in which nothing is asked
    connectionAckWaitTimeout: 10_000,
    keepAlive: 10_000,
    on: {
      // A connection that died without a word is noticed by its silence.
      ping: (isReceived) => { if (!isReceived) silence = setTimeout(client.terminate, 5_000); },
      pong: (isReceived) => { if (isReceived) clearTimeout(silence); },
      closed: ({ code }) => {
        clearTimeout(silence);
        if (code === 4403) session.end();
      },
    },
  });
  return client;
}

/** Connects by HTTP, once for each operation; the desk answers with a stream of events. */
export function overEventStreams(url, session) {
  return createEventClient({
    url,
    headers: async () => ({ authorization: `Bearer ${await session.token()}` }),
    retryAttempts: Infinity,
    retry: pause,
    fetchFn: async (...request) => {
      const response = await fetch(...request);
      if (response.status === 401) session.end();
      return response;
    },
  });
}

/** Waits longer after each failure, up to 5 seconds, and not as long as everybody else does. */
function pause(retries) {
  const longest = Math.min(500 * 2 ** retries, 5_000);
  return new Promise((resolve) => { setTimeout(resolve, Math.random() * longest); });
}
