/* global GraphiQL, GraphiQLPluginExplorer, React, ReactDOM, graphqlWs */
import { FIRST_STEPS } from "./first-steps.js";

// The page stands at the address of the API that it explores.
const httpAddress = new URL(location.pathname, location.origin);
const socketAddress = new URL(httpAddress);
socketAddress.protocol = location.protocol === "https:" ? "wss:" : "ws:";

/** Sends one request: a subscription by WebSocket, anything else by HTTP. */
function send(request, options) {
  const socket = graphqlWs.createClient({
    url: socketAddress.href,
    // A browser cannot send headers with a socket: the token travels in its first message.
    connectionParams: { authorization: new Headers(options?.headers).get("authorization") },
    // Who explores wants to see at once why a socket was closed.
    retryAttempts: 0,
  });
  const fetcher = GraphiQL.createFetcher({
    url: httpAddress.href,
    wsClient: socket,
    enableIncrementalDelivery: false,
  });
  return fetcher(request, options);
}

ReactDOM.createRoot(document.getElementById("explorer")).render(
  React.createElement(GraphiQL, {
    fetcher: send,
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    defaultQuery: FIRST_STEPS,
    defaultEditorToolsVisibility: "headers",
  }),
);
