/** Users, and the view of them that requests are checked against. */

/** 64 lower-case hex digits, as S3 shows canonical user ids. It stays, whatever access keys the user has. */
export type UserId = string;

export interface User {
  readonly id: UserId;
  readonly displayName: string;
}

/** Consulted on every request, so it answers at once, from memory. */
export interface IamView {
  /** Holds the keys that the cluster is configured with. Every bucket is this user's. */
  readonly root: User;
  /** undefined: there is no user of this id. */
  user(id: UserId): User | undefined;
}
