/**
 * Messages between control and the transport, on the channel between control and the consensus thread. The consensus
 * thread does not see them: nodes that ask to join, and certificates, do not concern consensus.
 */
import type { ConsensusToControl, ControlToConsensus } from "../messages/messages.ts";
import type { Channel } from "../threads/channel.ts";

type ControlChannel = Channel<ControlToConsensus, ConsensusToControl>;

export class JoinDoor implements ControlChannel {
  readonly #channel: ControlChannel;
  readonly #reload: () => void;
  readonly #waiting = new Map<number, (line: string) => void>();
  #nextId = 1;

  /** @param reload the files with this node's certificate have changed */
  constructor(channel: ControlChannel, reload: () => void) {
    this.#channel = channel;
    this.#reload = reload;
  }

  /** A node without a certificate asks to join. @param answer called at most once, with one line */
  ask(request: string, host: string, answer: (line: string) => void): void {
    const id = this.#nextId++;
    this.#waiting.set(id, answer);
    this.#channel.send({ kind: "join-asked", id, request, host });
  }

  send(message: ConsensusToControl): void {
    this.#channel.send(message);
  }

  flush(): void {
    this.#channel.flush();
  }

  onBatch(receive: (messages: readonly ControlToConsensus[]) => void): void {
    this.#channel.onBatch((messages) => {
      const others = this.#taken(messages);
      if (others.length > 0) receive(others);
    });
  }

  drain(): ControlToConsensus[] {
    return this.#taken(this.#channel.drain());
  }

  close(): void {
    this.#channel.close();
  }

  #taken(messages: readonly ControlToConsensus[]): ControlToConsensus[] {
    return messages.filter((message) => {
      if (message.kind === "certificate-renewed") this.#reload();
      else if (message.kind === "join-answered") {
        this.#waiting.get(message.id)?.(message.line);
        this.#waiting.delete(message.id);
      } else return true;
      return false;
    });
  }
}
