/** Who is signed in, as far as the app knows. */
export class Session {
  #onEnd;
  #token;
  #hasBegun;

  /** `onEnd` is called when the desk takes the token no more: show the sign-in form. */
  constructor(onEnd) {
    this.#onEnd = onEnd;
    this.#await();
  }

  /** A promise of the token. While nobody is signed in, it waits until somebody is. */
  token() {
    return this.#token;
  }

  /** Somebody has signed in. */
  begin(token) {
    this.#hasBegun?.(token);
    this.#hasBegun = null;
    this.#token = Promise.resolve(token);
  }

  /** The token was refused. Each connection may say so; the first one counts. */
  end() {
    if (this.#hasBegun) return;
    this.#await();
    this.#onEnd();
  }

  #await() {
    this.#token = new Promise((resolve) => { this.#hasBegun = resolve; });
  }
}
