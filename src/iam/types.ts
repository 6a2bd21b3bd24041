/** Users, and the view of users that authorises requests. */

/**
 * 64 lower-case hex digits, as S3 shows canonical user ids. The id stays the same when the access keys of the user
 * change.
 */
export type UserId = string;

export interface User {
  readonly id: UserId;
  readonly displayName: string;
}

/** Every request consults the view, so the view answers at once, from memory. */
export interface IamView {
  /** The user with the configured access key. Root owns every bucket. */
  readonly root: User;
  /** undefined: there is no user of this id. */
  user(id: UserId): User | undefined;
}
