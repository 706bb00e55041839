/**
 * Subscribes to a stream that has `after`, so that nothing is missed and nothing told twice.
 *
 * The clients of graphql-ws and graphql-sse subscribe again by themselves after a lost connection,
 * and send the `payload` that they were given: the cursor of what came last is written into it.
 * The document asks for the `cursor` of each event and passes a variable `$after`. An `after` in
 * `variables` is where the stream begins.
 *
 * Returns a function that ends the subscription.
 */
export function resumable(client, { query, variables }, sink) {
  const payload = { query, variables: { ...variables } };
  return client.subscribe(payload, {
    next(result) {
      const [event] = Object.values(result.data ?? {});
      if (event?.cursor) payload.variables.after = event.cursor;
      sink.next(result);
    },
    error: (cause) => sink.error(cause),
    complete: () => sink.complete(),
  });
}

/** Returns a promise of the result of a query or a mutation. */
export function ask(client, payload) {
  return new Promise((resolve, reject) => {
    let answer;
    client.subscribe(payload, {
      next: (result) => { answer = result; },
      error: reject,
      complete: () => resolve(answer),
    });
  });
}
