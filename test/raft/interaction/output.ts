const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"];

/** What a directive prints. At level NONE nothing is kept. */
export class Output {
  #text = "";
  #level = 0;

  get quiet(): boolean {
    return this.#level === LEVELS.indexOf("NONE");
  }

  get level(): number {
    return this.#level;
  }

  set level(level: number) {
    this.#level = level;
  }

  /** Throws with the text that a case prints. */
  setLevel(name: string): void {
    const level = LEVELS.indexOf(name.toUpperCase());
    if (level < 0) throw new Error(`log levels must be either of [${LEVELS.join(" ")}]`);
    this.#level = level;
  }

  write(text: string): void {
    if (!this.quiet) this.#text += text;
  }

  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Runs `body` with each of its lines indented by two spaces. */
  indented(body: () => void): void {
    const before = this.take();
    try {
      body();
    } finally {
      const lines = this.take().split("\n");
      if (lines.at(-1) === "") lines.pop();
      this.#text = before + lines.map((line) => `  ${line}\n`).join("");
    }
  }
}
